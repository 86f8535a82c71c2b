internal import Iptables
internal import NetAddress

/// Checks the structure of the rules: jumps from the built-in chains, chains that no rule jumps to or that do not
/// exist, and rules of other programs that come first.
struct StructureAudit {
    private(set) var findings: [AuditFinding] = []

    private let plan: NodePlan
    private let live: RulesByService
    private let names: ChainOwners

    init(_ plan: NodePlan, _ live: RulesByService, _ wanted: RulesByService, _ names: ChainOwners) {
        self.plan = plan
        self.live = live
        self.names = names
        findMissingJumps()
        findLooseChains(wanted)
        findForeignRules()
    }

    // MARK: Jumps

    private mutating func findMissingJumps() {
        for jump in JumpRule.all {
            if jump.target == .firewall, !plan.node.hasLocalhostNodePorts { continue }
            let rules = live.chain(jump.table, jump.chain)?.rules ?? []
            guard !rules.contains(where: { jump.isDone(by: $0) }) else { continue }
            findings.append(
                AuditFinding(
                    .missingJump, .error, rule: "-A \(jump.chain) -j \(jump.target.text)",
                    effect: "\(jump.table) \(jump.chain) does not jump to \(jump.target.text): "
                        + StructureAudit.effect(ofMissing: jump),
                    remedy: "let kube-proxy sync: it puts the jump back; find out who removed it, such as a firewall "
                        + "service that flushes all rules when it starts"))
        }
    }

    /// The effect of a missing jump for clients.
    private static func effect(ofMissing jump: JumpRule) -> String {
        switch (jump.table, jump.chain, jump.target) {
        case ("nat", "PREROUTING", _):
            "no Service works for pods and for clients outside: nothing leads their packets to the rules"
        case ("nat", "OUTPUT", _): "no Service works for processes on the node itself"
        case ("nat", _, _): "nothing is masqueraded: answers of endpoints on other nodes do not come back"
        case (_, "INPUT", .externalServices):
            "connections to node ports and external addresses without endpoints hang instead of being refused"
        case (_, _, .externalServices):
            "connections to external addresses without endpoints hang instead of being refused"
        case (_, _, .nodePorts): "health checks of load balancers may be dropped by the host's own firewall"
        case (_, "FORWARD", .services):
            "connections of pods to Services without endpoints hang instead of being refused"
        case (_, _, .services): "connections of the node to Services without endpoints hang instead of being refused"
        case (_, _, .forward): "traffic to endpoints may be dropped where the host forwards nothing by default"
        case (_, "OUTPUT", .proxyFirewall): "the node itself is not held to the source ranges of load balancers"
        case (_, _, .proxyFirewall): "clients outside the source ranges of load balancers are not dropped"
        case (_, "INPUT", _): "hosts on the same network can reach services that listen on the node's loopback address"
        default: "packets to the node's loopback address are not held back on their way out"
        }
    }

    // MARK: Loose chains

    private mutating func findLooseChains(_ wanted: RulesByService) {
        for table in live.ruleset.tables where table.name == "nat" || table.name == "filter" {
            // Chains that the cluster's state needs are not orphans; mostly there are no others.
            let others =
                table.name == "filter"
                ? [] : table.chains.filter { !wanted.hasChain("nat", $0.name) && ChainName($0.name) != nil }
            var referred: Set<String> = []
            for chain in table.chains where !others.isEmpty || chain.name.hasPrefix("KUBE-") {
                let rules = chain.rules.span
                for index in rules.indices {
                    guard let target = rules[index].target?.chain else { continue }
                    if !others.isEmpty { referred.insert(target) }
                    if !live.hasChain(table.name, target), chain.name.hasPrefix("KUBE-") {
                        let rule = rules[index]
                        findings.append(
                            AuditFinding(
                                .missingTargetChain, .error, label(chain.name), line: Int(rule.line),
                                rule: rule.saved(in: chain.name),
                                effect: "the rule jumps to \(target), which is not in the \(table.name) table: such a "
                                    + "text can not be loaded",
                                remedy: "take a new dump; this one was not written by iptables-save, or was edited"))
                    }
                }
            }
            for chain in others where !referred.contains(chain.name) {
                findings.append(
                    AuditFinding(
                        .orphanedChain, .warning, label(chain.name), line: Int(chain.line), rule: ":\(chain.name)",
                        effect: "nothing leads to the chain \(chain.name), and the cluster's state asks for none",
                        remedy: "it does no harm; kube-proxy removes it with one of its next full syncs"))
            }
        }
    }

    /// The Service port that a hashed chain belongs to.
    private func label(_ chain: String) -> ServicePortLabel? {
        guard let name = ChainName(chain), let hash = name.hash else { return nil }
        if name.kind == .endpoint { return names.owner(ofEndpoint: hash).map { names.label($0) } }
        return names.label(hash)
    }

    // MARK: Foreign rules

    /// Rules that precede kube-proxy's and decide about packets to a Service.
    private mutating func findForeignRules() {
        for (table, chain) in [
            ("nat", "PREROUTING"), ("nat", "OUTPUT"), ("filter", "FORWARD"), ("filter", "OUTPUT"), ("filter", "INPUT"),
        ] {
            let rules = live.chain(table, chain)?.rules ?? []
            let own = table == "nat" ? "KUBE-SERVICES" : chain == "FORWARD" ? "KUBE-FORWARD" : "KUBE-SERVICES"
            let end = rules.firstIndex { $0.target == .jump(own) } ?? rules.count
            for rule in rules[..<end] { inspect(rule, table, chain, path: [], depth: 0) }
        }
    }

    private mutating func inspect(_ rule: Rule, _ table: String, _ chain: String, path: [Rule], depth: Int) {
        if let target = rule.target?.chain {
            guard !target.hasPrefix("KUBE-"), depth < 16, let inner = live.chain(table, target) else { return }
            for innerRule in inner.rules {
                inspect(innerRule, table, target, path: path + [rule], depth: depth + 1)
            }
            return
        }
        guard rule.takesPackets(inTable: table) else { return }
        let conditions = path + [rule]
        guard let (port, place) = firstTaken(conditions, isFilter: table == "filter") else { return }
        findings.append(
            AuditFinding(
                .foreignRule, .error, port, line: Int(rule.line), rule: rule.saved(in: chain),
                effect: "the rule is met before kube-proxy's and takes packets to \(place)",
                remedy: "move the rule behind kube-proxy's jump, or limit it so that it does not match the Service"))
    }

    /// The first Service port whose packets such a rule takes, and at which frontend.
    private func firstTaken(_ conditions: [Rule], isFilter: Bool) -> (ServicePortLabel, String)? {
        for port in plan.servicePorts {
            let label = ServicePortLabel(
                servicePort: port.name.description, transport: port.name.transport.name.description)
            var places = ([port.clusterIP] + port.externalIPs + port.loadBalancerIPs).map { ($0, port.port) }
            if isFilter { places += port.endpoints.filter(\.isReachable).map { ($0.address, $0.port) } }
            for (address, number) in places {
                let entrance = Frontend(address: address, port: number, transport: port.name.transport)
                if conditions.take(entrance) { return (label, AddressText(address, port: number).description) }
            }
            guard port.nodePort > 0, !isFilter else { continue }
            let entrance = Frontend(address: nil, port: port.nodePort, transport: port.name.transport)
            if conditions.take(entrance) { return (label, "node port \(port.nodePort)") }
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
        var isPointed = allSatisfy { $0.conditionText.isEmpty }
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
