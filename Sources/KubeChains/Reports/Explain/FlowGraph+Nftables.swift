internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// The graphs of nftables mode: elements of maps, chains and endpoints.
extension FlowGraphs {
    init(_ explanation: NftablesExplanation) {
        let place = "\(explanation.family.name), node \(explanation.node.name ?? "(no name)"), nftables mode"
        self.init(
            remarks: explanation.remarks,
            explanation.services.map { FlowGraph($0, place) }
                + (explanation.chain.map { [FlowGraph($0, place)] } ?? []),
            words: explanation.chain == nil ? FlowGraphs.wordsOfServices(.nftables) : [.remark: "other rule"])
    }
}

extension FlowGraph {
    /// - Parameter drawn: the endpoints that are drawn; nil: all.
    init(_ service: NftablesServiceExplanation, _ place: String, endpoints drawn: [ExplainedEndpoint]? = nil) {
        self.init("\(service.label) (\(service.service.type.name)), \(place)", notes: service.settings)
        if let absence = service.absence { add(.remark, "nothing", [absence]) }
        guard let plan = service.plan else { return }
        var chains: [String: Int] = [:]
        // The chains of endpoints stand with the endpoints.
        for chain in service.chains where !chain.name.hasPrefix("endpoint-") {
            chains[chain.name] = add(.chain, chain.name, [chain.purpose])
        }
        addElements(service, plan, chains)
        for chain in service.chains {
            guard let node = chains[chain.name] else { continue }
            for rule in chain.rules {
                if let target = rule.target.flatMap({ chains[$0] }) { connect(node, target, rule.why) }
            }
            if chain.name.hasPrefix("firewall-") {
                let drop = add(.refusal, "DROP", ["clients time out"])
                connect(node, drop, "other sources")
            }
        }
        addEndpoints(drawn ?? service.endpoints, service, plan, chains)
    }

    /// The frontends, by what they lead to.
    private mutating func addElements(
        _ service: NftablesServiceExplanation, _ plan: ServicePortPlan, _ chains: [String: Int]
    ) {
        // Frontends of one kind with equal elements are one box.
        struct Key: Hashable {
            let kind: Frontend.Kind
            let elements: [String]
        }
        var elements: [Frontend: [String]] = [:]
        for element in service.elements {
            guard let frontend = element.frontend, let verdict = element.verdict else { continue }
            elements[frontend, default: []].append("\(element.set) \(verdict)")
        }
        var groups: [(key: Key, frontends: [Frontend])] = []
        for frontend in plan.frontends {
            guard let own = elements.removeValue(forKey: frontend.frontend) else { continue }
            let key = Key(kind: frontend.kind, elements: own)
            if let position = groups.firstIndex(where: { $0.key == key }) {
                groups[position].frontends.append(frontend.frontend)
            } else {
                groups.append((key, [frontend.frontend]))
            }
        }
        var entries: [Frontend: Int] = [:]
        for group in groups {
            let node = add(.entry, group.key.kind.phrase, group.frontends.map(\.description))
            for frontend in group.frontends { entries[frontend] = node }
        }
        var refusals: [String: Int] = [:]
        for element in service.elements {
            guard let verdict = element.verdict, let entry = element.frontend.flatMap({ entries[$0] }) else { continue }
            if let target = element.chain.flatMap({ chains[$0] }) {
                connect(entry, target, element.set)
                continue
            }
            let title = verdict == "drop" ? "DROP" : "REJECT"
            let lines = [verdict == "drop" ? "clients time out" : "connections are refused"]
            let refusal = refusals[title] ?? add(.refusal, title, lines)
            refusals[title] = refusal
            connect(entry, refusal, element.set)
        }
    }

    private mutating func addEndpoints(
        _ endpoints: [ExplainedEndpoint], _ service: NftablesServiceExplanation, _ plan: ServicePortPlan,
        _ chains: [String: Int]
    ) {
        func policy(_ prefix: String) -> Int? {
            service.chains.first { $0.name.hasPrefix(prefix) }.flatMap { chains[$0.name] }
        }
        let (cluster, local) = (policy("service-"), policy("local-"))
        addEndpoints(endpoints) { group in
            [(cluster, group.clusterOneIn), (local, group.localOneIn)].compactMap { policy, oneIn in
                guard let policy, let oneIn else { return nil }
                return (policy, oneIn == 1 ? "all" : "1/\(oneIn)")
            }
        }
    }

    /// A chain that belongs to no Service port.
    init(_ chain: ExplainedNftablesChain, _ place: String) {
        self.init("\(chain.name), \(place)")
        let center = add(.chain, chain.name, [chain.purpose])
        for rule in chain.rules {
            let target = add(rule.target == nil ? .remark : .chain, rule.target ?? rule.why, [rule.text])
            connect(center, target, rule.target == nil ? "" : rule.why)
        }
    }
}
