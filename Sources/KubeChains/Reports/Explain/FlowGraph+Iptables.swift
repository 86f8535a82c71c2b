internal import KubeChainsBytes
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// The graphs of iptables mode: frontends, chains and endpoints; arrows are rules.
extension FlowGraphs {
    init(_ explanation: Explanation) {
        let place = "\(explanation.family.name), node \(explanation.node.name ?? "(no name)")"
        self.init(
            remarks: explanation.remarks,
            explanation.services.map { FlowGraph($0, place) } + explanation.sharedChain.map { FlowGraph($0, place) },
            words: explanation.sharedChain.isEmpty
                ? FlowGraphs.wordsOfServices(.iptables) : [.entry: "built-in chain", .remark: "other target"])
    }
}

extension FlowGraph {
    /// - Parameter endpoints: those that are drawn; nil: all.
    init(_ service: ServiceExplanation, _ place: String, endpoints: [ExplainedEndpoint]? = nil) {
        self.init("\(service.label) (\(service.service.type.name)), \(place)", notes: service.settings)
        if let absence = service.absence { add(.remark, "no rules", [absence]) }
        guard let port = service.plan, let own = service.chains else { return }
        let groups = EntryGroup.groups(of: service.entries)
        let entries = groups.map { group in
            add(
                .entry, group.entries[0].kind.phrase,
                group.entries.map { $0.text + "/" + port.name.transport.name.description })
        }
        outcomes = groups.flatMap { group in
            group.entries[0].paths.map {
                Outcome(entry: group.entries[0].kind.phrase, sender: $0.sender, clientSees: $0.clientSees)
            }
        }
        let chains = addChains(own, service.rules)
        struct Place: Hashable {
            let kind: Frontend.Kind
            let address: IPAddress?
        }
        var places: [Place: Int] = [:]
        for (group, node) in zip(groups, entries) {
            for entry in group.entries { places[Place(kind: entry.kind, address: entry.address)] = node }
        }
        // One arrow stands for all rules of a purpose.
        struct Arrow: Hashable {
            let source: Int
            let purpose: RulePurpose
            let target: ChainName?
        }
        var drawn: Set<Arrow> = []
        var refusals: [ExplainedRule.Refusal: Int] = [:]
        for rule in service.rules {
            let source =
                rule.purpose.entryKind.map { places[Place(kind: $0, address: rule.destination)] }
                ?? chains.first { $0.chain == rule.chain }?.node
            guard let source, drawn.insert(Arrow(source: source, purpose: rule.purpose, target: rule.jump)).inserted
            else { continue }
            if let refusal = rule.refusal {
                let node = refusals[refusal] ?? addRefusal(refusal, port)
                refusals[refusal] = node
                connect(source, node, rule.purpose.edgeLabel(port))
            } else if let target = chains.first(where: { $0.chain == rule.jump })?.node {
                connect(source, target, rule.purpose.edgeLabel(port))
            }
        }
        addEndpoints(endpoints ?? service.endpoints) { group in
            [(own.clusterPolicy, group.clusterOneIn), (own.localPolicy, group.localOneIn)].compactMap { chain, oneIn in
                guard let oneIn, let source = chains.first(where: { $0.chain == chain })?.node else { return nil }
                return (source, oneIn == 1 ? "all" : "1/\(oneIn)")
            }
        }
    }

    init(_ chain: SharedChainExplanation, _ place: String) {
        self.init("\(chain.chain), table \(chain.table), \(place)")
        let callers = chain.callers.map { caller in
            add(.entry, String(caller.split(separator: " ")[1]), [])
        }
        let center = add(.chain, chain.chain.description, [chain.purpose])
        for caller in callers { connect(caller, center, "") }
        // A Service port's rules with one target are one arrow.
        var targets: [String: Int] = [:]
        var others = 0
        for rule in chain.rules {
            let words = rule.text.split(separator: " ")
            guard let option = words.lastIndex(of: "-j") else { continue }
            let target = String(words[option + 1])
            let kind: Node.Kind = rule.refusal != nil ? .refusal : rule.jump != nil ? .chain : .remark
            guard let servicePort = rule.servicePort else {
                connect(center, add(kind, target, [rule.why]), "")
                continue
            }
            if targets[target + servicePort] != nil { continue }
            if targets.count < FlowGraph.mostServicePorts {
                let node = add(kind, servicePort, [target])
                targets[target + servicePort] = node
                connect(center, node, "")
            } else {
                others += 1
            }
        }
        addOthers(others, behind: center)
    }

    /// Pictures of what all Services share show so many Service ports, and count the others.
    static let mostServicePorts = 24

    /// Adds a box for the rules of other Service ports than those that are shown.
    private mutating func addOthers(_ count: Int, behind node: Int) {
        if count > 0 { connect(node, add(.remark, counted(count, "other rule"), ["of Service ports"]), "") }
    }

    /// The Service port's own chains, but those of endpoints.
    private mutating func addChains(
        _ chains: ServicePortChains, _ rules: [ExplainedRule]
    ) -> [(chain: ChainName, node: Int)] {
        let candidates: [(ChainName, String)] = [
            (chains.sourceRanges, "source ranges"),
            (chains.external, "outside traffic"),
            (chains.clusterPolicy, "cluster policy"),
            (chains.localPolicy, "local policy"),
        ]
        var result: [(chain: ChainName, node: Int)] = []
        for (chain, role) in candidates {
            let own = rules.filter { $0.chain == chain }
            guard !own.isEmpty else { continue }
            var lines = [chain.description]
            for rule in own {
                guard let note = rule.purpose.note, !lines.contains(note) else { continue }
                lines.append(note)
            }
            result.append((chain, add(.chain, role, lines)))
        }
        return result
    }

    private mutating func addRefusal(_ refusal: ExplainedRule.Refusal, _ port: ServicePortPlan) -> Int {
        switch refusal {
        case .drop: add(.refusal, "DROP", ["clients time out"])
        case .reject:
            add(
                .refusal, "REJECT",
                [port.name.transport == .tcp ? "connection refused at once" : "ICMP port unreachable"])
        }
    }
}

extension RulePurpose {
    /// The frontend of a rule of a shared chain.
    fileprivate var entryKind: Frontend.Kind? {
        switch self {
        case .clusterIP, .refuseClusterIP: .clusterIP
        case .externalIP, .refuseExternalIP: .externalIP
        case .loadBalancerIP, .refuseLoadBalancerIP, .dropOutsideRanges: .loadBalancerIP
        case .nodePort, .refuseNodePort: .nodePort
        default: nil
        }
    }

    /// The traffic that a rule selects.
    fileprivate func edgeLabel(_ port: ServicePortPlan) -> String {
        switch self {
        case .dropOutsideRanges: "other sources"
        case .refuseExternalIP, .refuseLoadBalancerIP, .refuseNodePort: "outside"
        case .podsUseCluster: "pods"
        case .nodeUsesCluster: "this node"
        case .externalPolicy: port.externalPolicyIsLocal ? "outside" : ""
        case .allowRange: port.sourceRanges.map(\.description).joined(separator: "\n")
        case .allowOwnAddress: "the load balancer IP"
        default: ""
        }
    }

    /// The other effects of a rule in its chain.
    fileprivate var note: String? {
        switch self {
        case .markClusterIP: "all but pods' masqueraded"
        case .markExternal: "all masqueraded"
        case .markNode: "this node's masqueraded"
        case .affinity: "clients keep their endpoint"
        default: nil
        }
    }
}
