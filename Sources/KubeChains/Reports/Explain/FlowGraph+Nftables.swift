internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// The graphs of nftables mode: elements of maps, chains and endpoints.
extension FlowGraph {
    init(_ service: NftablesServiceExplanation, _ place: String) {
        self.init("\(service.label) (\(service.service.type.name)), \(place)", notes: service.settings)
        if let absence = service.absence { add(.remark, "nothing", [absence], column: 0) }
        guard let plan = service.plan else { return }
        var chains: [String: Int] = [:]
        // The chains of endpoints stand with the endpoints.
        for chain in service.chains where !chain.name.hasPrefix("endpoint-") {
            let isOutside = chain.name.hasPrefix("external-") || chain.name.hasPrefix("firewall-")
            let column = isOutside ? FlowGraph.outsideColumn : FlowGraph.policyColumn
            chains[chain.name] = add(.chain, chain.name, [chain.purpose], column: column)
        }
        addElements(service, chains)
        for chain in service.chains {
            guard let node = chains[chain.name] else { continue }
            for rule in chain.rules {
                if let target = rule.target.flatMap({ chains[$0] }) { connect(node, target, rule.why) }
            }
            if chain.name.hasPrefix("firewall-") {
                let drop = add(.refusal, "DROP", ["clients time out"], column: FlowGraph.outsideColumn)
                connect(node, drop, "other sources")
            }
        }
        addEndpoints(service, plan, chains)
    }

    /// The frontends, by what they lead to.
    private mutating func addElements(_ service: NftablesServiceExplanation, _ chains: [String: Int]) {
        var entries: [Frontend: Int] = [:]
        var refusals: [String: Int] = [:]
        for element in service.elements {
            guard let frontend = element.frontend, let verdict = element.verdict else { continue }
            let entry = entries[frontend] ?? add(.entry, frontend.description, [], column: 0)
            entries[frontend] = entry
            if let target = element.chain.flatMap({ chains[$0] }) {
                connect(entry, target, element.set)
                continue
            }
            let title = verdict == "drop" ? "DROP" : "REJECT"
            let lines = [verdict == "drop" ? "clients time out" : "connections are refused"]
            let refusal = refusals[title] ?? add(.refusal, title, lines, column: FlowGraph.outsideColumn)
            refusals[title] = refusal
            connect(entry, refusal, element.set)
        }
    }

    private mutating func addEndpoints(
        _ service: NftablesServiceExplanation, _ plan: ServicePortPlan, _ chains: [String: Int]
    ) {
        func policy(_ prefix: String) -> Int? {
            service.chains.first { $0.name.hasPrefix(prefix) }.flatMap { chains[$0.name] }
        }
        let (cluster, local) = (policy("service-"), policy("local-"))
        for endpoint in service.endpoints {
            let node = addEndpoint(endpoint)
            for (policy, share) in [(cluster, endpoint.clusterOneIn), (local, endpoint.localOneIn)] {
                guard let policy, let share else { continue }
                connect(policy, node, share == 1 ? "all" : "1/\(share)")
            }
        }
    }

    /// A chain that belongs to no Service port.
    init(_ chain: ExplainedNftablesChain, _ place: String) {
        self.init("\(chain.name), \(place)")
        let center = add(.chain, chain.name, [chain.purpose], column: 1)
        for rule in chain.rules {
            let target = add(rule.target == nil ? .remark : .chain, rule.target ?? rule.why, [rule.text], column: 2)
            connect(center, target, rule.target == nil ? "" : rule.why)
        }
    }
}
