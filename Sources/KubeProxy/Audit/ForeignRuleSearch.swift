internal import Iptables
internal import NetAddress

/// Looks for rules that are met before kube-proxy's and decide about packets to a Service.
struct ForeignRuleSearch {
    let subject: AuditSubject

    func run(_ findings: inout AuditFindings) {
        for (table, chain) in [
            ("nat", "PREROUTING"), ("nat", "OUTPUT"), ("filter", "FORWARD"), ("filter", "OUTPUT"), ("filter", "INPUT"),
        ] {
            let rules = subject.live.chain(table, chain)?.rules ?? []
            let own = table == "nat" ? "KUBE-SERVICES" : chain == "FORWARD" ? "KUBE-FORWARD" : "KUBE-SERVICES"
            let end = rules.firstIndex { $0.target == .jump(own) } ?? rules.count
            for rule in rules[..<end] { inspect(rule, table, chain, path: [], &findings) }
        }
    }

    private func inspect(
        _ rule: Rule, _ table: String, _ chain: String, path: [Rule], _ findings: inout AuditFindings
    ) {
        if let target = rule.target?.chain {
            guard !target.hasPrefix("KUBE-"), path.count < 16, let inner = subject.live.chain(table, target) else {
                return
            }
            for innerRule in inner.rules { inspect(innerRule, table, target, path: path + [rule], &findings) }
            return
        }
        guard rule.takesPackets(inTable: table),
            let (port, taken) = firstTaken(path + [rule], isFilter: table == "filter")
        else { return }
        findings.add(ForeignRule(taken: taken), port, at: PlacedRule(table: table, chain: chain, rule: rule))
    }

    /// The first Service port of which such a rule takes packets, and which.
    private func firstTaken(_ conditions: [Rule], isFilter: Bool) -> (ServicePortLabel, ForeignRule.TakenPackets)? {
        for port in subject.plan.servicePorts {
            let label = ServicePortLabel(
                servicePort: port.name.description, transport: port.name.transport.name.description)
            let transport = port.name.transport
            for address in [port.clusterIP] + port.externalIPs + port.loadBalancerIPs {
                let frontend = Frontend(address: address, port: port.port, transport: transport)
                if conditions.take(frontend) { return (label, .frontend(frontend)) }
            }
            if isFilter {
                for endpoint in port.endpoints where endpoint.isReachable {
                    let place = Frontend(address: endpoint.address, port: endpoint.port, transport: transport)
                    if conditions.take(place) { return (label, .endpoint(endpoint.address, port: endpoint.port)) }
                }
            } else if port.nodePort > 0 {
                let frontend = Frontend(address: nil, port: port.nodePort, transport: transport)
                if conditions.take(frontend) { return (label, .frontend(frontend)) }
            }
        }
        return nil
    }
}

extension Rule {
    /// Whether the rule decides about new connections for good, or translates them.
    fileprivate func takesPackets(inTable table: String) -> Bool {
        for case .conntrack(let match) in matches {
            if let states = match.states, states.value.contains(.new) == states.isNegated { return false }
        }
        switch target {
        case .drop, .reject: return true
        case .accept, .dnat, .redirect: return table == "nat"
        default: return false
        }
    }
}

extension [Rule] {
    /// Whether packets to a frontend match all conditions, as far as address, protocol and port tell. There must be no
    /// conditions of other kinds, and a condition must select the frontend, so that nothing is guessed.
    fileprivate func take(_ entrance: Frontend) -> Bool {
        var isPointed = allSatisfy { !$0.isLimited }
        for rule in self {
            guard rule.source == nil, rule.inInterface == nil, rule.outInterface == nil, rule.fragment == nil else {
                return false
            }
            if let match = rule.protocol {
                let number: UInt8 = entrance.transport == .tcp ? 6 : entrance.transport == .udp ? 17 : 132
                if (match.number == number) == match.isNegated { return false }
            }
            if let destination = rule.destination {
                guard let address = entrance.address, destination.contains(address) else { return false }
                isPointed = isPointed || !destination.isNegated
            }
            for match in rule.matches where !match.changesNothing {
                let port: PortMatch?
                switch match {
                case .tcp(let match) where match == TCPMatch(destination: match.destination): port = match.destination
                case .udp(let match) where match == UDPMatch(destination: match.destination): port = match.destination
                case .sctp(let match) where match == SCTPMatch(destination: match.destination):
                    port = match.destination
                case .conntrack(let match) where match == ConntrackMatch(states: match.states): continue
                case .addrtype(let match) where match == AddressTypeMatch(destination: .local):
                    if entrance.address != nil { return false }
                    continue
                default: return false
                }
                guard let port else { continue }
                guard port.contains(entrance.port) else { return false }
                // A port alone selects a node port, which has no address.
                isPointed = isPointed || entrance.address == nil && !port.isNegated
            }
        }
        return isPointed
    }
}
