internal import Iptables
internal import NetAddress

/// Looks for rules of others that decide about packets to Services, hook by hook, as the kernel meets them.
///
/// Each chain is looked through once for a hook; only a rule that some Service's packets can meet is followed with such a
/// packet. So the work grows with the rules and with the Services, not with their product.
struct ForeignRuleSearch {
    private let plan: NodePlan
    private let live: ChainsByName
    private let mark: UInt32
    /// Tables whose chains are not asked.
    private let omitted: Set<String>
    private let unusedInterfaces: Set<String>

    /// How many packets are followed at one hook.
    private static let walkLimit = 200

    private static let hooks: [(table: String, chain: String, stage: ServiceTargets.Stage, isFromNode: Bool)] = [
        ("raw", "PREROUTING", .frontends, false), ("mangle", "PREROUTING", .frontends, false),
        ("nat", "PREROUTING", .frontends, false), ("raw", "OUTPUT", .frontends, true),
        ("mangle", "OUTPUT", .frontends, true), ("nat", "OUTPUT", .frontends, true),
        ("mangle", "FORWARD", .endpoints, false), ("filter", "FORWARD", .endpoints, false),
        ("mangle", "INPUT", .hostEndpoints, false), ("filter", "INPUT", .hostEndpoints, false),
        ("filter", "OUTPUT", .endpoints, true),
    ]

    init(_ subject: AuditSubject) {
        plan = subject.plan
        live = subject.dumps.live
        mark = plan.node.masqueradeMark
        omitted = []
        unusedInterfaces = live.unusedInterfaces(plan)
    }

    /// Looks at rules beside which kube-proxy's are elsewhere.
    ///
    /// - Parameters:
    ///   - mark: kube-proxy's mark.
    ///   - omitted: tables that are left out.
    init(_ plan: NodePlan, beside live: ChainsByName, mark: UInt32, leavingOut omitted: Set<String>) {
        self.plan = plan
        self.live = live
        self.mark = mark
        self.omitted = omitted
        unusedInterfaces = live.unusedInterfaces(plan)
    }

    func run(_ findings: inout AuditFindings) {
        var targets: [ServiceTargets.Stage: ServiceTargets] = [:]
        for hook in ForeignRuleSearch.hooks where !omitted.contains(hook.table) {
            guard let chain = live.chain(hook.table, hook.chain), !chain.rules.isEmpty || chain.policy == .drop else {
                continue
            }
            let place = Hook(table: hook.table, chain: hook.chain)
            let rules = takingRules(place, chain)
            // Most chains have kube-proxy's jumps alone.
            guard !rules.isEmpty || chain.policy == .drop else { continue }
            let known = targets[hook.stage] ?? ServiceTargets(plan, at: hook.stage)
            targets[hook.stage] = known
            guard !known.isEmpty else { continue }
            search(place, chain, rules, known, isFromNode: hook.isFromNode, &findings)
        }
        guard !omitted.contains("nat"), !beginsWithOwnJump(live.rules("nat", "POSTROUTING")) else { return }
        searchPostrouting(targets[.endpoints] ?? ServiceTargets(plan, at: .endpoints), &findings)
    }

    /// Looks for a rule before the jump to KUBE-POSTROUTING that keeps packets which kube-proxy has marked, those of clients
    /// outside, from being masqueraded.
    private func searchPostrouting(_ targets: ServiceTargets, _ findings: inout AuditFindings) {
        let hook = Hook(table: "nat", chain: "POSTROUTING")
        for target in targets.candidates(Rule()) {
            let packet = ServicePacket(
                destination: target.address, port: target.port, transport: target.transport, isLocal: false,
                isTranslated: true, sender: nil, isMarked: true, unusedInterfaces: unusedInterfaces)
            var walk = HookWalk(live, hook, packet, mark: mark)
            guard case .taken(let rule, let chain) = walk.verdict() else { continue }
            findings.add(
                ForeignRule(taken: target.kind, effectOfRule: .leavesUnmasqueraded), label(target),
                at: PlacedRule(table: hook.table, chain: chain, rule: rule))
            return
        }
    }

    /// Whether every packet meets kube-proxy's rules first.
    private func beginsWithOwnJump(_ rules: [Rule]) -> Bool {
        guard let first = rules.first else { return true }
        return first.target == .jump("KUBE-POSTROUTING") && !first.hasBasicConditions
            && first.matches.allSatisfy(\.changesNothing)
    }

    /// - Parameter rules: those of others that take packets for good.
    private func search(
        _ hook: Hook, _ start: Chain, _ rules: [(Chain, Rule)], _ targets: ServiceTargets, isFromNode: Bool,
        _ findings: inout AuditFindings
    ) {
        var walks = 0
        for (chain, rule) in rules {
            for target in targets.candidates(rule) {
                let packet = packet(target, hook, isFromNode: isFromNode)
                guard packet.meets(rule, mark: mark) == .yes else { continue }
                walks += 1
                guard walks <= ForeignRuleSearch.walkLimit else { return }
                var walk = HookWalk(live, hook, packet, mark: mark)
                guard case .taken(let taker, let place) = walk.verdict(), place == chain.name,
                    taker.line == rule.line, taker.isSame(as: rule)
                else { continue }
                findings.add(
                    ForeignRule(taken: target.kind, effectOfRule: .init(rule)), label(target),
                    at: PlacedRule(table: hook.table, chain: chain.name, rule: rule))
                break
            }
        }
        guard start.policy == .drop else { return }
        for target in targets.candidates(Rule()) {
            var walk = HookWalk(live, hook, packet(target, hook, isFromNode: isFromNode), mark: mark)
            guard case .droppedByPolicy = walk.verdict() else { continue }
            findings.add(
                ForeignRule(taken: target.kind, effectOfRule: .policyDrops(chain: hook.chain)), nil,
                line: Int(start.line), rule: ":\(hook.chain) DROP")
            return
        }
    }

    /// The rules of others that take packets for good, in all chains that the hook leads to, each chain once.
    private func takingRules(_ hook: Hook, _ start: Chain) -> [(Chain, Rule)] {
        var found: [(Chain, Rule)] = []
        var seen: Set<String> = HookWalk.ownChains.union([start.name])
        var waiting = [start]
        while let chain = waiting.popLast() {
            for rule in chain.rules {
                if let target = rule.target?.chain {
                    guard seen.insert(target).inserted, let next = live.chain(hook.table, target) else { continue }
                    waiting.append(next)
                } else if rule.takesPackets(inTable: hook.table) {
                    found.append((chain, rule))
                }
            }
        }
        return found
    }

    private func label(_ target: ServiceTargets.Target) -> ServicePortLabel {
        ServicePortLabel(plan.servicePorts[target.servicePort].name)
    }

    // MARK: Packets

    private func packet(_ target: ServiceTargets.Target, _ hook: Hook, isFromNode: Bool) -> ServicePacket {
        let isTranslated = if case .endpoint = target.kind { true } else { false }
        let isLocal = plan.node.hostAddresses.contains(target.address)
        return ServicePacket(
            destination: target.address, port: target.port, transport: target.transport, isLocal: isLocal,
            isTranslated: isTranslated, sender: plan.senders(isFromNode: isFromNode),
            isMarked: isTranslated && plan.masqueradesSenders(isFromNode: isFromNode),
            unusedInterfaces: isFromNode || isLocal ? [] : unusedInterfaces)
    }
}

extension Rule {
    /// Whether the rule decides about packets for good, or translates them.
    fileprivate func takesPackets(inTable table: String) -> Bool {
        switch target {
        case .drop, .reject: true
        case .accept, .dnat, .redirect: table == "nat"
        default: false
        }
    }
}

extension ChainsByName {
    /// The loopback interface, and bridges of a range of their own, which the nat table masquerades on its way out as Docker
    /// does (`-s RANGE ! -o BRIDGE -j MASQUERADE`), unless pods or endpoints are in that range.
    fileprivate func unusedInterfaces(_ plan: NodePlan) -> Set<String> {
        var found: Set<String> = ["lo"]
        for rule in rules("nat", "POSTROUTING") {
            guard case .masquerade? = rule.target, let bridge = rule.outInterface, bridge.isNegated,
                let source = rule.source, !source.isNegated, let range = source.prefix
            else { continue }
            if case .source(let pods)? = plan.node.localTraffic, pods.contains(range) || range.contains(pods) {
                continue
            }
            let holdsEndpoint = plan.servicePorts.contains { port in
                port.endpoints.contains { range.contains($0.address) }
            }
            if !holdsEndpoint { found.insert(bridge.name) }
        }
        return found
    }
}
