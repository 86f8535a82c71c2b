internal import Iptables
internal import NetAddress

/// One thing that rules do for a Service port, however they are spelled or ordered.
struct ServiceFact {
    /// What the rules do about it.
    let action: RuleDetail.Action
    /// The rule that does it.
    let rule: PlacedRule
    /// The endpoint to which the fact belongs; without the endpoint the fact is not a difference.
    var endpoint: EndpointReference?
}

/// What one side's rules do for one Service port.
struct ServiceFacts {
    private(set) var facts: [RuleDetail.Subject: ServiceFact] = [:]
    private let rules: RulesByService
    private let hash: ChainHash

    init(_ hash: ChainHash, _ rules: RulesByService) {
        self.rules = rules
        self.hash = hash
        for placed in rules.sharedRules[hash] ?? [] { readSharedRule(placed) }
        readPolicy(.cluster)
        readPolicy(.local)
        readExternalChain()
        readSourceRanges()
    }

    /// The endpoints that get any share, under either policy.
    var endpoints: Set<EndpointReference> {
        var endpoints: Set<EndpointReference> = []
        for case .endpoint(let endpoint, _) in facts.keys { endpoints.insert(endpoint) }
        return endpoints
    }

    private mutating func add(
        _ subject: RuleDetail.Subject, _ action: RuleDetail.Action, _ rule: PlacedRule,
        endpoint: EndpointReference? = nil
    ) {
        // Of rules that match the same packets the first applies.
        if facts[subject] == nil { facts[subject] = ServiceFact(action: action, rule: rule, endpoint: endpoint) }
    }

    private mutating func addUnknown(_ placed: PlacedRule) { add(.rule(placed.acting), .exist, placed) }

    // MARK: Shared chains

    private mutating func readSharedRule(_ placed: PlacedRule) {
        let rule = placed.rule
        // A rule with a counter precedes the same rule without.
        if rule.matches.contains(where: { if case .nfacct = $0 { true } else { false } }) { return }
        guard let port = rule.destinationPort, let transport = rule.transport, rule.isPlainFrontend else {
            return addUnknown(placed)
        }
        let address = rule.destination?.prefix.map(\.network)
        let frontend = Frontend(address: address, port: port, transport: transport)
        switch (placed.table, rule.target) {
        case ("nat", .jump(let chain)): add(.frontend(frontend), .lead(to: role(chain)), placed)
        case ("filter", .drop) where placed.chain == ChainName.Kind.proxyFirewall.text.description:
            add(.verdictOutsideRanges(frontend), .drop, placed)
        case ("filter", .reject): add(.verdict(frontend), .refuse, placed)
        case ("filter", .drop): add(.verdict(frontend), .drop, placed)
        case ("filter", .accept) where address == nil: add(.healthCheck(frontend), .accept, placed)
        default: addUnknown(placed)
        }
    }

    /// What a chain is to this Service port.
    private func role(_ chain: String) -> ChainRole {
        guard let name = ChainName(chain), name.hash == hash else { return .other(chain) }
        switch name.kind {
        case .clusterPolicy: return .policy(.cluster)
        case .localPolicy: return .policy(.local)
        case .external: return .external
        case .sourceRanges: return .sourceRanges
        default: return .other(chain)
        }
    }

    // MARK: Policies

    private typealias Jump = (chain: String, share: Double, rule: PlacedRule)
    private typealias Affinity = (chain: String, seconds: UInt32, rule: PlacedRule)

    private mutating func readPolicy(_ policy: ServicePolicy) {
        let name = ChainName(policy == .cluster ? .clusterPolicy : .localPolicy, hash)
        guard let chain = rules.chain(name) else { return }
        var left = 1.0
        var jumps: [Jump] = []
        var affinity: [Affinity] = []
        for rule in chain.rules {
            let placed = PlacedRule(table: "nat", chain: chain.name, rule: rule)
            // Rules after one that takes all packets never apply.
            guard left > 0 else { break }
            switch rule.policyStep {
            case .masquerade(let conditions):
                add(.policyMasquerade(policy), .masqueradeIf(conditions, isAfterEndpoints: left < 1), placed)
            case .affinity(let target, let seconds) where left == 1: affinity.append((target, seconds, placed))
            case .share(let target, let chance):
                jumps.append((target, left * chance, placed))
                left = chance == 1 ? 0 : left - left * chance
            default: addUnknown(placed)
            }
        }
        addShares(jumps, policy)
        addAffinity(affinity, Set(jumps.map(\.chain)), policy)
    }

    private mutating func addShares(_ jumps: [Jump], _ policy: ServicePolicy) {
        var total: [EndpointReference: (share: Double, rule: PlacedRule)] = [:]
        var order: [EndpointReference] = []
        for jump in jumps {
            let endpoint = readEndpoint(jump.chain)
            if total[endpoint] == nil { order.append(endpoint) }
            total[endpoint] = ((total[endpoint]?.share ?? 0) + jump.share, jump.rule)
        }
        for endpoint in order {
            guard let (share, rule) = total[endpoint] else { continue }
            add(.endpoint(endpoint, policy), .share(Share(share)), rule)
        }
    }

    private mutating func addAffinity(_ affinity: [Affinity], _ jumps: Set<String>, _ policy: ServicePolicy) {
        guard let first = affinity.first else { return }
        let isUniform =
            Set(affinity.map(\.chain)) == jumps && affinity.allSatisfy { $0.seconds == first.seconds }
        if isUniform { return add(.affinity(policy), .stick(seconds: first.seconds), first.rule) }
        for entry in affinity {
            add(.endpointAffinity(endpoint(entry.chain), policy), .stick(seconds: entry.seconds), entry.rule)
        }
    }

    // MARK: Endpoints

    /// The endpoint that a chain translates to.
    private func endpoint(_ chain: String) -> EndpointReference {
        guard let found = rules.chain("nat", chain) else { return .missing(chain: chain) }
        for rule in found.rules {
            if let endpoint = rule.translation { return endpoint }
        }
        return .untranslated(chain: chain)
    }

    /// Reads an endpoint's chain and gives the endpoint.
    private mutating func readEndpoint(_ name: String) -> EndpointReference {
        let endpoint = endpoint(name)
        for rule in rules.chain("nat", name)?.rules ?? [] {
            let placed = PlacedRule(table: "nat", chain: name, rule: rule)
            if let source = rule.hairpinSource {
                let isOwn = if case .address(source, _) = endpoint { true } else { false }
                add(
                    isOwn ? .hairpin(endpoint) : .sourceMasquerade(source, endpoint), .masquerade, placed,
                    endpoint: endpoint)
            } else if rule.translation != nil {
                if let recent = rule.recentSet {
                    add(
                        .rememberedClients(endpoint), .remember(list: recent == name ? nil : recent), placed,
                        endpoint: endpoint)
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
        for rule in chain.rules {
            let placed = PlacedRule(table: "nat", chain: chain.name, rule: rule)
            let who = RuleConditions(rule)
            switch rule.target {
            case .jump("KUBE-MARK-MASQ"): add(.externalMasquerade(who), .masquerade, placed)
            case .jump(let target) where ChainName(target)?.hash == hash:
                add(.externalTraffic(who), .lead(to: role(target)), placed)
                // A rule without conditions ends the chain; one for the node's own traffic ends it for that traffic.
                if who.isEmpty { return }
                if who == .fromNode { markLocalTrafficTaken(chain.rules, after: rule) }
            default: addUnknown(placed)
            }
        }
    }

    /// A masquerade rule for the node's own traffic after the one that routes it never applies.
    private mutating func markLocalTrafficTaken(_ chainRules: [Rule], after taken: Rule) {
        guard let position = chainRules.firstIndex(where: { $0 == taken }) else { return }
        for rule in chainRules[(position + 1)...]
        where rule.target == .jump("KUBE-MARK-MASQ") && RuleConditions(rule) == .fromNode {
            let placed = PlacedRule(table: "nat", chain: ChainName(.external, hash).description, rule: rule)
            add(.externalMasquerade(.fromNode), .masqueradeTooLate, placed)
        }
    }

    private mutating func readSourceRanges() {
        let external = ChainName(.external, hash).description
        guard let chain = rules.chain(ChainName(.sourceRanges, hash)) else { return }
        for rule in chain.rules where rule.target != nil {
            let placed = PlacedRule(table: "nat", chain: chain.name, rule: rule)
            let isAllowing = rule.target == .jump(external)
            if isAllowing, rule.isOnlySource, let source = rule.source?.prefix, rule.source?.isNegated == false {
                add(.sourceRange(source), .allow, placed)
            } else {
                addUnknown(placed)
                if isAllowing, !rule.isLimited { return }
            }
        }
    }
}
