internal import KubeChainsBytes
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// The graphs of all Service ports, chains and sets of an explanation.
struct FlowGraphs {
    /// What the target names: sentences.
    let remarks: [String]
    let graphs: [FlowGraph]
    /// What nodes of the kind `chain` are.
    let chains: String

    init(_ explanation: Explanation) {
        chains = "chain"
        let place = "\(explanation.family.name), node \(explanation.node.name ?? "(no name)")"
        remarks = explanation.remarks
        graphs =
            explanation.services.map { FlowGraph($0, place) } + explanation.sharedChain.map { FlowGraph($0, place) }
    }

    init(_ explanation: IPVSExplanation) {
        chains = "policy, chain or set"
        let place = "\(explanation.family.name), node \(explanation.node.name ?? "(no name)"), IPVS mode"
        remarks = explanation.remarks
        graphs =
            explanation.services.map { FlowGraph($0, explanation.scheduler, place) }
            + (explanation.set.map { [FlowGraph($0, place)] } ?? [])
            + explanation.chains.map { FlowGraph($0, place) }
    }

    init(_ explanation: NftablesExplanation) {
        chains = "chain"
        let place = "\(explanation.family.name), node \(explanation.node.name ?? "(no name)"), nftables mode"
        remarks = explanation.remarks
        graphs =
            explanation.services.map { FlowGraph($0, place) }
            + (explanation.chain.map { [FlowGraph($0, place)] } ?? [])
    }
}

/// A Service port's frontends, chains and endpoints as a graph; its edges are rules.
struct FlowGraph {
    struct Node {
        enum Kind: String, CaseIterable {
            case entry, chain, endpoint, leftOut, refusal, remark
        }

        let kind: Kind
        let title: String
        /// What stands below the title.
        let lines: [String]
        /// From the left, where packets come in.
        let column: Int
        /// Whether it is the target.
        var isTarget = false
    }

    struct Edge {
        let ends: Ends
        var labels: [String]

        var from: Int { ends.from }
        var to: Int { ends.to }
    }

    struct Ends: Hashable {
        let from: Int
        let to: Int
    }

    /// The outcome for a sender.
    struct Outcome {
        let entry: String
        let sender: String
        let clientSees: String
    }

    let title: String
    let notes: [String]
    private(set) var outcomes: [Outcome] = []
    private(set) var nodes: [Node] = []
    private(set) var edges: [Edge] = []
    private var edgePositions: [Ends: Int] = [:]

    init(_ title: String, notes: [String] = []) {
        self.title = title.escapingInvisible()
        self.notes = notes.map { $0.escapingInvisible() }
    }

    // Packets go from left to right: from frontends by chains for external traffic, or to a refusal, to policies and
    // endpoints.
    static let outsideColumn = 1
    static let policyColumn = 2
    private static let endpointColumn = 3

    init(_ service: ServiceExplanation, _ place: String) {
        self.init("\(service.label) (\(service.service.type.name)), \(place)", notes: service.settings)
        if let absence = service.absence { add(.remark, "no rules", [absence], column: 0) }
        guard let port = service.plan, let own = service.chains else { return }
        let groups = EntryGroup.groups(of: service.entries)
        let entries = groups.map { group in
            add(
                .entry, group.entries[0].kind.phrase,
                group.entries.map { $0.text + "/" + port.name.transport.name.description }, column: 0)
        }
        outcomes = groups.flatMap { group in
            group.entries[0].paths.map {
                Outcome(entry: group.entries[0].kind.phrase, sender: $0.sender, clientSees: $0.clientSees)
            }
        }
        let chains = addChains(own, service.rules)
        var refusals: [ExplainedRule.Refusal: Int] = [:]
        for rule in service.rules {
            let source: Int?
            if let kind = rule.purpose.entryKind {
                source = groups.firstIndex { group in
                    group.entries.contains { $0.kind == kind && $0.address == rule.destination }
                }.map { entries[$0] }
            } else {
                source = chains.first { $0.chain == rule.chain }?.node
            }
            guard let source else { continue }
            if let refusal = rule.refusal {
                let node = refusals[refusal] ?? addRefusal(refusal, port)
                refusals[refusal] = node
                connect(source, node, rule.purpose.edgeLabel(port))
            } else if let target = chains.first(where: { $0.chain == rule.jump })?.node {
                connect(source, target, rule.purpose.edgeLabel(port))
            }
        }
        for endpoint in service.endpoints where endpoint.isUsed {
            let node = addEndpoint(endpoint)
            for (chain, oneIn) in [
                (own.clusterPolicy, endpoint.clusterOneIn), (own.localPolicy, endpoint.localOneIn),
            ] {
                guard let oneIn, let source = chains.first(where: { $0.chain == chain })?.node else { continue }
                connect(source, node, oneIn == 1 ? "all" : "1/\(oneIn)")
            }
        }
        for endpoint in service.endpoints where !endpoint.isUsed { addEndpoint(endpoint) }
    }

    init(_ chain: SharedChainExplanation, _ place: String) {
        self.init("\(chain.chain), table \(chain.table), \(place)")
        let callers = chain.callers.map { caller in
            add(.entry, String(caller.split(separator: " ")[1]), [], column: 0)
        }
        let center = add(.chain, chain.chain.description, [chain.purpose], column: 1)
        for caller in callers { connect(caller, center, "") }
        // A Service port's rules with one target are one arrow.
        var targets: [String: Int] = [:]
        for rule in chain.rules {
            let words = rule.text.split(separator: " ")
            guard let option = words.lastIndex(of: "-j") else { continue }
            let target = String(words[option + 1])
            let kind: Node.Kind = rule.refusal != nil ? .refusal : rule.jump != nil ? .chain : .remark
            let node: Int
            if let servicePort = rule.servicePort {
                node = targets[target + servicePort] ?? add(kind, servicePort, [target], column: 2)
                targets[target + servicePort] = node
            } else {
                node = add(kind, target, [rule.why], column: 2)
            }
            connect(center, node, "")
        }
    }

    // MARK: Nodes

    @discardableResult
    mutating func add(_ kind: Node.Kind, _ title: String, _ lines: [String], column: Int) -> Int {
        nodes.append(
            Node(
                kind: kind, title: title.escapingInvisible(), lines: lines.map { $0.escapingInvisible() },
                column: column))
        return nodes.count - 1
    }

    /// The Service port's own chains, but those of endpoints.
    private mutating func addChains(
        _ chains: ServicePortChains, _ rules: [ExplainedRule]
    ) -> [(chain: ChainName, node: Int)] {
        let candidates: [(ChainName, String, Int)] = [
            (chains.sourceRanges, "source ranges", FlowGraph.outsideColumn),
            (chains.external, "outside traffic", FlowGraph.outsideColumn),
            (chains.clusterPolicy, "cluster policy", FlowGraph.policyColumn),
            (chains.localPolicy, "local policy", FlowGraph.policyColumn),
        ]
        var result: [(chain: ChainName, node: Int)] = []
        for (chain, role, column) in candidates {
            let own = rules.filter { $0.chain == chain }
            guard !own.isEmpty else { continue }
            var lines = [chain.description]
            for rule in own {
                guard let note = rule.purpose.note, !lines.contains(note) else { continue }
                lines.append(note)
            }
            result.append((chain, add(.chain, role, lines, column: column)))
        }
        return result
    }

    private mutating func addRefusal(_ refusal: ExplainedRule.Refusal, _ port: ServicePortPlan) -> Int {
        let column = FlowGraph.outsideColumn
        return switch refusal {
        case .drop: add(.refusal, "DROP", ["clients time out"], column: column)
        case .reject:
            add(
                .refusal, "REJECT",
                [port.name.transport == .tcp ? "connection refused at once" : "ICMP port unreachable"], column: column)
        }
    }

    @discardableResult
    mutating func addEndpoint(_ endpoint: ExplainedEndpoint) -> Int {
        let place = [endpoint.node, endpoint.zone].compactMap(\.self).joined(separator: ", ")
        let lines = [place, endpoint.chain?.description ?? "", endpoint.isUsed ? "" : endpoint.reason]
        let node = add(
            endpoint.isUsed ? .endpoint : .leftOut, endpoint.text, lines.filter { !$0.isEmpty },
            column: FlowGraph.endpointColumn)
        nodes[node].isTarget = endpoint.isTarget
        return node
    }

    // MARK: Edges

    mutating func connect(_ from: Int, _ to: Int, _ label: String) {
        let labels = label.isEmpty ? [] : label.split(separator: "\n").map { String($0) }
        let ends = Ends(from: from, to: to)
        if let index = edgePositions[ends] {
            edges[index].labels += labels.filter { !edges[index].labels.contains($0) }
        } else {
            edgePositions[ends] = edges.count
            edges.append(Edge(ends: ends, labels: labels))
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
