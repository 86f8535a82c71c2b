internal import KubeChainsBytes
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// The graphs of IPVS mode: virtual servers, schedulers and endpoints, sets and chains.
extension FlowGraphs {
    init(_ explanation: IPVSExplanation) {
        let place = "\(explanation.family.name), node \(explanation.node.name ?? "(no name)"), IPVS mode"
        self.init(
            remarks: explanation.remarks,
            explanation.services.map { FlowGraph($0, explanation.scheduler, place) }
                + (explanation.set.map { [FlowGraph($0, place)] } ?? [])
                + explanation.chains.map { FlowGraph($0, place) },
            words: explanation.services.isEmpty
                ? [
                    .entry: explanation.set == nil ? "built-in chain" : "Service port or built-in chain",
                    .chain: "policy, chain or set", .remark: "other target",
                ] : FlowGraphs.wordsOfServices(.ipvs))
    }
}

extension FlowGraph {
    /// - Parameter endpoints: those that are drawn; nil: all.
    init(
        _ service: IPVSServiceExplanation, _ scheduler: IPVSScheduler, _ place: String,
        endpoints: [ExplainedEndpoint]? = nil
    ) {
        self.init("\(service.label) (\(service.service.type.name)), \(place)", notes: service.settings)
        if let absence = service.absence { add(.remark, "nothing", [absence]) }
        guard let plan = service.plan else { return }
        var policies: [KeyPath<ExplainedEndpoint, Int?>: Int] = [:]
        var refusal: Int?
        for group in ExplainedVirtualServer.groups(of: service.virtualServers) {
            let first = group[0]
            let entry = add(
                .entry, first.kind.phrase,
                group.map { "\($0.text)/\(plan.name.transport.name)" } + (first.isBound ? ["on kube-ipvs0"] : [])
                    + [first.masquerade])
            if let owner = first.owner {
                connect(
                    entry, add(.remark, owner, ["claims it too, and comes last"]), "")
                continue
            }
            let source = first.ranges == nil ? entry : addRanges(plan, behind: entry)
            guard !first.realServers.isEmpty else {
                let node = refusal ?? add(.refusal, "refused", ["no real server"])
                refusal = node
                connect(source, node, "")
                continue
            }
            let policy = first.usesLocalPolicy ? \ExplainedEndpoint.localOneIn : \.clusterOneIn
            let title = first.usesLocalPolicy ? "local policy" : "cluster policy"
            let node =
                policies[policy] ?? add(.chain, title, ["scheduler \(scheduler)"])
            policies[policy] = node
            connect(source, node, first.fallsBack ? "no local endpoint" : "")
        }
        addEndpoints(endpoints ?? service.endpoints) { group in
            [(\ExplainedEndpoint.clusterOneIn, group.clusterOneIn), (\.localOneIn, group.localOneIn)].compactMap {
                share, oneIn in
                guard let oneIn, let policy = policies[share] else { return nil }
                return (policy, oneIn == 1 ? "all" : scheduler.sharesEqually ? "1/\(oneIn)" : "weight 1")
            }
        }
    }

    /// The source ranges of a load balancer's virtual servers, and the verdict for other clients.
    private mutating func addRanges(_ port: ServicePortPlan, behind entry: Int) -> Int {
        let ranges = add(
            .chain, "source ranges", port.sourceRanges.map(\.description))
        let drop = add(.refusal, "DROP", ["clients time out"])
        connect(entry, ranges, "")
        connect(ranges, drop, "other sources")
        return ranges
    }

    /// The Service ports with entries in a set, and the rules that match it.
    init(_ set: ExplainedSet, _ place: String) {
        self.init("set \(set.name), \(place)")
        let center = add(.chain, set.name, [set.set.comment.description])
        var owners: [String: Int] = [:]
        for (_, servicePorts) in set.entries {
            for servicePort in servicePorts
            where owners[servicePort] == nil && owners.count < FlowGraph.mostServicePorts {
                let node = add(.entry, servicePort, [])
                owners[servicePort] = node
                connect(node, center, "")
            }
        }
        let all = Set(set.entries.flatMap(\.servicePorts)).count
        if all > owners.count {
            connect(add(.entry, counted(all - owners.count, "other Service port"), []), center, "")
        }
        for rule in set.rules { connect(center, addTarget(of: rule), "") }
    }

    init(_ chain: ExplainedIPVSChain, _ place: String) {
        self.init("\(chain.chain), table \(chain.table), \(place)")
        let callers = chain.callers.map { caller in
            add(.entry, String(caller.split(separator: " ")[1]), [])
        }
        let center = add(.chain, chain.chain, [chain.purpose])
        for caller in callers { connect(caller, center, "") }
        for rule in chain.rules { connect(center, addTarget(of: rule), "") }
    }

    private mutating func addTarget(of rule: ExplainedIPVSRule) -> Int {
        let kind: Node.Kind =
            rule.target == "DROP" || rule.target == "REJECT"
            ? .refusal : rule.target.hasPrefix("KUBE-") ? .chain : .remark
        return add(kind, "\(rule.chain): \(rule.target)", [rule.why])
    }
}

extension ExplainedVirtualServer {
    /// Virtual servers of one kind that differ in nothing but the address.
    static func groups(of servers: [ExplainedVirtualServer]) -> [[ExplainedVirtualServer]] {
        var groups: [[ExplainedVirtualServer]] = []
        for server in servers {
            if let first = groups.last?[0], first.kind == server.kind, first.isBound == server.isBound,
                first.owner == server.owner
            {
                groups[groups.count - 1].append(server)
            } else {
                groups.append([server])
            }
        }
        return groups
    }
}
