public import KubeChainsBytes
internal import NetAddress

extension NodeFlows {
    /// The flows to frontends as rules have them.
    ///
    /// Nothing but where packets go counts: neither the names of chains nor the order of rules that makes no difference.
    ///
    /// - Parameters:
    ///   - rules: the host's rules.
    ///   - host: what is known of the host.
    ///   - frontends: what is asked about, each once.
    ///   - plan: the plan of the node, which says where endpoints are; nil: that is not known.
    ///   - question: which flows are asked for.
    ///   - workers: to whom a part of the work can be given; the result is the same with and without.
    public init(
        _ rules: TracedRules, _ host: RulesHost, _ frontends: [RuleFrontend], of plan: NodePlan? = nil,
        _ question: FlowQuestion = FlowQuestion(), with workers: Workers? = nil
    ) {
        let reachability = RulesReachability(rules: rules, host: host)
        var plans: [ServicePortName: ServicePortPlan] = [:]
        if let plan { for port in plan.servicePorts { plans[port.name] = port } }
        let asked = frontends.filter { question.names($0.name, $0.servicePort) }
        let owners = plans
        let found = Workers.halves(of: asked.count, atLeast: 18, with: workers) { positions in
            asked[positions].flatMap { frontend in
                reachability.frontends(frontend, of: owners[frontend.name], question)
            }
        }
        self.init(
            node: host.node, family: host.family, version: nil, frontends: found.compactMap(question.narrowed))
    }
}

extension RulesReachability {
    /// The flows to a frontend; those to a node port by which addresses of the host fare alike. Where nothing happens to
    /// packets to a node port, there is none.
    fileprivate func frontends(
        _ frontend: RuleFrontend, of servicePort: ServicePortPlan?, _ question: FlowQuestion
    ) -> [FrontendFlows] {
        func flows(to address: IPAddress) -> [Flow] {
            self.flows(to: address, frontend.frontend.port, frontend.frontend.transport, of: servicePort)
        }
        func result(_ addresses: [IPAddress], _ flows: [Flow]) -> FrontendFlows {
            FrontendFlows(
                kind: frontend.kind, addresses: addresses, port: frontend.frontend.port, name: frontend.name,
                servicePort: frontend.servicePort, flows: flows)
        }
        if let address = frontend.frontend.address {
            return question.isAbout(address) ? [result([address], flows(to: address))] : []
        }
        var groups: [(addresses: [IPAddress], flows: [Flow])] = []
        for address in host.addresses where question.isAbout(address) {
            let flows = flows(to: address)
            if flows.allSatisfy({ $0.outcome == .unchanged }) { continue }
            if let index = groups.firstIndex(where: { $0.flows == flows }) {
                groups[index].addresses.append(address)
            } else {
                groups.append(([address], flows))
            }
        }
        return groups.map { result($0.addresses, $0.flows) }
    }
}

extension FlowQuestion {
    /// Whether an address is asked for, as far as it is asked for by address.
    fileprivate func isAbout(_ address: IPAddress) -> Bool {
        if case .addresses(let range, _) = target { range.contains(address) } else { true }
    }
}

extension NodePlan {
    /// The frontends of the plan that rules can be asked about, by Service port.
    public var ruleFrontends: [RuleFrontend] {
        var seen: Set<Frontend> = []
        return servicePorts.flatMap { port in
            port.frontends.filter { seen.insert($0.frontend).inserted }.map {
                RuleFrontend(kind: $0.kind, frontend: $0.frontend, name: port.name, servicePort: port.port)
            }
        }
    }
}
