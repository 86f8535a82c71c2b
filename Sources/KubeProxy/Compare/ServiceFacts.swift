internal import Iptables
internal import NetAddress

/// One thing that rules do for a Service port, independent of how the rules are written and ordered.
struct ServiceFact {
    /// What it is about; the word stands in reports.
    enum Kind: String, Comparable {
        case address, nodePort, healthCheckNodePort, verdict, clusterEndpoint, localEndpoint, affinity, masquerade
        case externalPolicy, sourceRange, rule

        static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
    }

    struct Key: Hashable, Comparable {
        let kind: Kind
        /// The address, endpoint, range or traffic it is about.
        let subject: String

        static func < (left: Key, right: Key) -> Bool {
            (left.kind, left.subject) < (right.kind, right.subject)
        }
    }

    /// What the rules do about it.
    let value: String
    /// The rule that does it.
    let rule: PlacedRule
    /// The share of an endpoint; nil for anything else.
    var share: Double?
    /// The endpoint to which the fact belongs; without the endpoint the fact is not a difference.
    var endpoint: String?
}

/// What one side's rules do for one Service port.
struct ServiceFacts {
    private(set) var facts: [ServiceFact.Key: ServiceFact] = [:]
    private let rules: RulesByService
    private let hash: ChainHash

    init(_ hash: ChainHash, _ rules: RulesByService) {
        self.rules = rules
        self.hash = hash
        for placed in rules.sharedRules[hash] ?? [] { readSharedRule(placed) }
        readPolicy(.clusterPolicy, .clusterEndpoint, "cluster policy")
        readPolicy(.localPolicy, .localEndpoint, "local policy")
        readExternalChain()
        readSourceRanges()
    }

    /// The endpoints that get any share, under either policy.
    var endpoints: Set<String> {
        Set(facts.keys.filter { $0.kind == .clusterEndpoint || $0.kind == .localEndpoint }.map(\.subject))
    }

    private mutating func add(
        _ kind: ServiceFact.Kind, _ subject: String, _ value: String, _ rule: PlacedRule, share: Double? = nil,
        endpoint: String? = nil
    ) {
        let key = ServiceFact.Key(kind: kind, subject: subject)
        // Of rules that match the same packets the first applies.
        if facts[key] == nil {
            facts[key] = ServiceFact(value: value, rule: rule, share: share, endpoint: endpoint)
        }
    }

    private mutating func addUnknown(_ placed: PlacedRule) {
        add(.rule, "\(placed.table) \(placed.chain): \(placed.rule.actingText)", "present", placed)
    }

    // MARK: Shared chains

    private mutating func readSharedRule(_ placed: PlacedRule) {
        let rule = placed.rule
        // A rule with a counter precedes the same rule without.
        if rule.matches.contains(where: { if case .nfacct = $0 { true } else { false } }) { return }
        guard let port = rule.destinationPort, let transport = rule.transport, rule.isPlainEntrance else {
            return addUnknown(placed)
        }
        let address = rule.destination?.prefix.map(\.network)
        let subject = address.map { AddressText($0, port: port).description } ?? "\(port)"
        let shown = "\(subject)/\(transport.name)"
        switch (placed.table, rule.target) {
        case ("nat", .jump(let chain)):
            let kind: ServiceFact.Kind = address == nil ? .nodePort : .address
            add(kind, shown, "to " + describe(chain), placed)
        case ("filter", .drop) where placed.chain == ChainName.Kind.proxyFirewall.text.description:
            add(.verdict, "\(shown) past the source ranges", "dropped", placed)
        case ("filter", .reject): add(.verdict, shown, "refused", placed)
        case ("filter", .drop): add(.verdict, shown, "dropped", placed)
        case ("filter", .accept) where address == nil: add(.healthCheckNodePort, shown, "accepted", placed)
        default: addUnknown(placed)
        }
    }

    /// What a chain of this Service port stands for.
    private func describe(_ chain: String) -> String {
        guard let name = ChainName(chain), name.hash == hash else { return chain }
        switch name.kind {
        case .clusterPolicy: return "the cluster policy"
        case .localPolicy: return "the local policy"
        case .external: return "external traffic"
        case .sourceRanges: return "the source ranges"
        default: return chain
        }
    }

    // MARK: Policies

    private mutating func readPolicy(_ kind: ChainName.Kind, _ factKind: ServiceFact.Kind, _ policy: String) {
        let name = ChainName(kind, hash)
        guard let chain = rules.chain(name) else { return }
        var left = 1.0
        var shares: [(chain: String, share: Double, rule: PlacedRule)] = []
        var affinity: [(chain: String, seconds: UInt32, rule: PlacedRule)] = []
        for rule in chain.rules {
            let placed = PlacedRule(table: "nat", chain: chain.name, rule: rule)
            // Rules after one that takes all packets never apply.
            guard left > 0 else { break }
            let order = left < 1 ? ", but only for packets that no endpoint took" : ""
            switch rule.policyStep {
            case .masquerade(let condition):
                add(.masquerade, "traffic to the \(policy)", condition + order, placed)
            case .affinity(let target, let seconds) where left == 1: affinity.append((target, seconds, placed))
            case .share(let target, let chance):
                shares.append((target, left * chance, placed))
                left = chance == 1 ? 0 : left - left * chance
            default: addUnknown(placed)
            }
        }
        addShares(shares, factKind)
        addAffinity(affinity, Set(shares.map(\.chain)), policy)
    }

    private mutating func addShares(
        _ shares: [(chain: String, share: Double, rule: PlacedRule)], _ kind: ServiceFact.Kind
    ) {
        var total: [String: (share: Double, rule: PlacedRule)] = [:]
        var order: [String] = []
        for entry in shares {
            let endpoint = readEndpoint(entry.chain, entry.rule)
            if total[endpoint] == nil { order.append(endpoint) }
            total[endpoint] = ((total[endpoint]?.share ?? 0) + entry.share, entry.rule)
        }
        for endpoint in order {
            guard let (share, rule) = total[endpoint] else { continue }
            add(kind, endpoint, ServiceFacts.shareText(share), rule, share: share)
        }
    }

    /// `1/3`, or a percentage where it is no such part.
    static func shareText(_ share: Double) -> String {
        let parts = (1 / share).rounded()
        // Chances are multiples of 2⁻³¹, and as many follow each other as there are endpoints.
        if share > 0, parts < 1e6, abs(share * parts - 1) < 1e-5 { return parts == 1 ? "all" : "1/\(Int(parts))" }
        let hundredths = Int((share * 10_000).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)%"
    }

    private mutating func addAffinity(
        _ affinity: [(chain: String, seconds: UInt32, rule: PlacedRule)], _ shared: Set<String>, _ policy: String
    ) {
        guard let first = affinity.first else { return }
        let isUniform =
            Set(affinity.map(\.chain)) == shared && affinity.allSatisfy { $0.seconds == first.seconds }
        if isUniform { return add(.affinity, policy, "\(first.seconds) s", first.rule) }
        for entry in affinity {
            add(.affinity, "\(policy), \(endpointText(entry.chain) ?? entry.chain)", "\(entry.seconds) s", entry.rule)
        }
    }

    // MARK: Endpoints

    /// The endpoint that a chain translates to.
    private func endpointText(_ chain: String) -> String? {
        for rule in rules.chain("nat", chain)?.rules ?? [] {
            if let text = rule.translation { return text }
        }
        return nil
    }

    /// Reads an endpoint's chain and gives the endpoint's text.
    private mutating func readEndpoint(_ name: String, _ jump: PlacedRule) -> String {
        guard let chain = rules.chain("nat", name) else { return "\(name), which is missing" }
        let endpoint = endpointText(name) ?? "\(name), which translates nothing"
        for rule in chain.rules {
            let placed = PlacedRule(table: "nat", chain: name, rule: rule)
            if let address = rule.hairpinSource {
                let isOwn = AddressText.endpoint(endpoint, hasAddress: address)
                add(
                    .masquerade, isOwn ? "of \(endpoint) to itself" : "from \(address) to \(endpoint)", "yes", placed,
                    endpoint: endpoint)
            } else if rule.translation != nil {
                if let recent = rule.recentSet {
                    let value = recent == name ? "remembered" : "remembered as \(recent)"
                    add(.affinity, "clients of \(endpoint)", value, placed, endpoint: endpoint)
                }
                if !rule.isPlainTranslation { addUnknown(placed) }
                // No rule after the DNAT applies.
                return endpoint
            } else {
                addUnknown(placed)
            }
        }
        return endpoint
    }

    // MARK: Traffic from outside

    private mutating func readExternalChain() {
        guard let chain = rules.chain(ChainName(.external, hash)) else { return }
        var masqueradesAll = false
        for rule in chain.rules {
            let placed = PlacedRule(table: "nat", chain: chain.name, rule: rule)
            let who = rule.conditionText
            switch rule.target {
            case .jump("KUBE-MARK-MASQ"):
                masqueradesAll = masqueradesAll || who.isEmpty
                add(.masquerade, "traffic from outside" + (who.isEmpty ? "" : " (\(who))"), "yes", placed)
            case .jump(let target) where ChainName(target)?.hash == hash:
                add(.externalPolicy, who.isEmpty ? "traffic from outside" : who, describe(target), placed)
                // A rule without conditions ends the chain; one for the node's own traffic ends it for that traffic.
                if who.isEmpty { return }
                if who == "-m addrtype --src-type LOCAL" {
                    markLocalTrafficTaken(chain.rules, after: rule)
                }
            default: addUnknown(placed)
            }
        }
    }

    /// A masquerade rule for the node's own traffic after the one that routes it never applies.
    private mutating func markLocalTrafficTaken(_ chainRules: [Rule], after taken: Rule) {
        guard let position = chainRules.firstIndex(where: { $0 == taken }) else { return }
        for rule in chainRules[(position + 1)...]
        where rule.target == .jump("KUBE-MARK-MASQ") && rule.conditionText == taken.conditionText {
            let placed = PlacedRule(table: "nat", chain: ChainName(.external, hash).description, rule: rule)
            add(.masquerade, "traffic from outside (\(rule.conditionText))", "too late", placed)
        }
    }

    private mutating func readSourceRanges() {
        let external = ChainName(.external, hash).description
        guard let chain = rules.chain(ChainName(.sourceRanges, hash)) else { return }
        for rule in chain.rules where rule.target != nil {
            let placed = PlacedRule(table: "nat", chain: chain.name, rule: rule)
            let isAllowing = rule.target == .jump(external)
            if isAllowing, rule.isOnlySource, let source = rule.source?.prefix, rule.source?.isNegated == false {
                add(.sourceRange, source.description, "allowed", placed)
            } else {
                addUnknown(placed)
                if isAllowing, rule.conditionText.isEmpty { return }
            }
        }
    }
}
