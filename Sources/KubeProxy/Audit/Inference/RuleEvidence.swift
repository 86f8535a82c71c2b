internal import Iptables
internal import NetAddress

/// What a node's rules show of kube-proxy's settings. A value is nil where no rule shows it.
struct RuleEvidence {
    /// Where node ports answer.
    enum NodePorts: Equatable {
        /// On all local addresses, loopback among them or not.
        case all(localhost: Bool)
        case addresses([IPAddress])
        /// On no address; with rules for them, or without.
        case noAddress(hasRules: Bool)
    }

    /// The bit that most of kube-proxy's rules use as the mark.
    private(set) var masqueradeBit: Int?
    /// How many rules show how local traffic is detected, by what they show.
    private(set) var localTraffic = Votes<NodeFacts.LocalTraffic?>()
    /// How many rules show that everything sent to cluster IPs is masqueraded, or that not.
    private(set) var masqueradeAll = Votes<Bool>()
    private(set) var nodePorts: NodePorts?
    private(set) var conntrackTCPBeLiberal: Bool?
    private(set) var hasRandomFully: Bool?
    /// Whether rules count packets; nil: there are none that would.
    private(set) var hasAccountingCounters: Bool?

    init(_ live: ChainsByName) {
        readMark(live)
        readMasquerade(live)
        readNodePorts(live)
        readForward(live)
        for rule in live.rules("nat", "KUBE-POSTROUTING") {
            guard case .masquerade(let ports) = rule.target else { continue }
            hasRandomFully = (hasRandomFully ?? false) || ports.isFullyRandom
        }
        readCounters(live)
    }

    /// Reads whether kube-proxy counts what it drops as INVALID and what comes to node ports on loopback.
    private mutating func readCounters(_ live: ChainsByName) {
        let nodePorts = live.rules("nat", "KUBE-NODEPORTS")
        let forward = live.rules("filter", "KUBE-FORWARD")
        if nodePorts.contains(where: \.countsPackets) || forward.contains(where: \.countsPackets) {
            hasAccountingCounters = true
        } else if conntrackTCPBeLiberal == false || self.nodePorts == .all(localhost: true) && !nodePorts.isEmpty {
            hasAccountingCounters = false
        }
    }

    private mutating func readMark(_ live: ChainsByName) {
        var votes = Votes<UInt32>()
        for (table, chain) in [("nat", "KUBE-MARK-MASQ"), ("nat", "KUBE-POSTROUTING"), ("filter", "KUBE-FORWARD")] {
            for rule in live.rules(table, chain) {
                if case .mark(let change) = rule.target { votes.add(change.value) }
                for case .mark(let match) in rule.matches { votes.add(match.value) }
            }
        }
        guard let mark = votes.winner(preferring: 0), mark.nonzeroBitCount == 1, votes[mark] > 1 else { return }
        masqueradeBit = mark.trailingZeroBitCount
    }

    private mutating func readMasquerade(_ live: ChainsByName) {
        let serviceRules = live.rules("nat", "KUBE-SERVICES")
        guard live.olderVersionSigns.isEmpty else {
            // Up to 1.23 the rule stood before the jump to the policy's chain.
            for rule in serviceRules where rule.target == .jump("KUBE-MARK-MASQ") { readMasquerade(rule) }
            return
        }
        // The chains of unchanged Service ports all show the same: whom they masquerade does not depend on the port.
        var unchanged: (chain: String, count: Int)?
        for rule in serviceRules {
            guard let target = rule.target?.chain, let name = ChainName(target), name.hash != nil else { continue }
            guard name.kind == .clusterPolicy || name.kind == .localPolicy else { continue }
            if live.unchanged?.port(ofChain: target) != nil {
                if let known = unchanged {
                    unchanged = (known.chain, known.count + 1)
                    continue
                }
                unchanged = (target, 0)
            }
            readPolicy(live.rules("nat", target))
        }
        if let unchanged, unchanged.count > 0 {
            readPolicy(live.rules("nat", unchanged.chain), count: unchanged.count)
        }
        for chain in live.ruleset[table: "nat"]?.chains ?? [] where ChainName(chain.name)?.kind == .external {
            readExternal(chain.rules)
        }
    }

    /// Reads the chain that traffic to a cluster IP goes to.
    ///
    /// - Parameter count: how many chains have the same rules.
    private mutating func readPolicy(_ rules: [Rule], count: Int = 1) {
        guard let rule = rules.first(where: { $0.target == .jump("KUBE-MARK-MASQ") }) else {
            masqueradeAll.add(false, count: count)
            localTraffic.add(Optional<NodeFacts.LocalTraffic>.none, count: count)
            return
        }
        readMasquerade(rule, count: count)
    }

    /// Reads the rule that masquerades what is sent to a cluster IP.
    private mutating func readMasquerade(_ rule: Rule, count: Int = 1) {
        guard let detector = rule.detector(isNegated: true) else {
            masqueradeAll.add(rule.source == nil && rule.inInterface == nil, count: count)
            return
        }
        masqueradeAll.add(false, count: count)
        localTraffic.add(.some(detector), count: count)
    }

    /// Reads a chain for external traffic, which treats traffic of local pods apart if the policy is Local.
    private mutating func readExternal(_ rules: [Rule]) {
        let isOfLocalPolicy = rules.contains { rule in
            rule.target?.chain?.hasPrefix("KUBE-SVC-") == true && RuleConditions(rule) == .fromNode
        }
        guard isOfLocalPolicy else { return }
        for rule in rules {
            guard case .jump(let target) = rule.target, target.hasPrefix("KUBE-SVC-") else { continue }
            guard let detector = rule.detector(isNegated: false) else { continue }
            return localTraffic.add(.some(detector))
        }
        localTraffic.add(Optional<NodeFacts.LocalTraffic>.none)
    }

    private mutating func readNodePorts(_ live: ChainsByName) {
        var addresses: [IPAddress] = []
        for rule in live.rules("nat", "KUBE-SERVICES") where rule.target == .jump("KUBE-NODEPORTS") {
            let isLocal = rule.matches.contains(.addrtype(AddressTypeMatch(destination: .local)))
            if let destination = rule.destination {
                if isLocal, destination.isNegated {
                    nodePorts = .all(localhost: false)
                    return
                }
                guard !destination.isNegated, let prefix = destination.prefix,
                    prefix.length == prefix.family.bitWidth
                else { return }
                addresses.append(prefix.network)
            } else if isLocal {
                nodePorts = .all(localhost: true)
                return
            }
        }
        guard addresses.isEmpty else {
            nodePorts = .addresses(addresses)
            return
        }
        guard live.has("nat", "KUBE-SERVICES") else { return }
        let hasRules = !live.rules("nat", "KUBE-NODEPORTS").isEmpty
        // A kube-proxy whose node ports answer on all addresses guards the loopback addresses in KUBE-FIREWALL: with the guard
        // and with rules for node ports the jump to them has been lost.
        if !hasRules || live.ruleset.family == .ipv6 || live.rules("filter", "KUBE-FIREWALL").isEmpty {
            nodePorts = .noAddress(hasRules: hasRules)
        }
    }

    private mutating func readForward(_ live: ChainsByName) {
        let rules = live.rules("filter", "KUBE-FORWARD")
        guard rules.count > 1 else { return }
        conntrackTCPBeLiberal = !rules.contains { rule in
            rule.matches.contains(.conntrack(ConntrackMatch(states: .init(.invalid))))
        }
    }
}

extension Rule {
    /// How the rule detects traffic of local pods, by source or interface; nil: not at all.
    fileprivate func detector(isNegated: Bool) -> NodeFacts.LocalTraffic? {
        if let source, source.isNegated == isNegated, let prefix = source.prefix { return .source(prefix) }
        if let inInterface, inInterface.isNegated == isNegated { return .interface(inInterface.name) }
        return nil
    }

    /// Whether the rule counts packets in an nfacct object.
    fileprivate var countsPackets: Bool { matches.contains { if case .nfacct = $0 { true } else { false } } }
}

/// Counts rules by the value that they show.
struct Votes<Value: Hashable & Sendable>: Sendable {
    private var counts: [Value: Int] = [:]
    private var order: [Value] = []

    mutating func add(_ value: Value, count: Int = 1) {
        if counts[value] == nil { order.append(value) }
        counts[value, default: 0] += count
    }

    subscript(value: Value) -> Int { counts[value] ?? 0 }

    var isEmpty: Bool { order.isEmpty }

    /// The values that most rules show, the one seen first first.
    var winners: [Value] {
        let most = counts.values.max() ?? 0
        return order.filter { self[$0] == most }
    }

    /// The value that most rules show; of several the preferred one, else the one seen first. Nil: no rule shows any.
    func winner(preferring preferred: Value) -> Value? {
        var best: Value?
        for value in order where best.map({ self[value] > self[$0] }) ?? true { best = value }
        guard let best else { return nil }
        return self[preferred] == self[best] ? preferred : best
    }
}
