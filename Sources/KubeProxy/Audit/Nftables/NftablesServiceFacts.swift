internal import NetAddress
internal import Nftables

/// What the chains of a table do for one Service port, however they are spelled.
struct NftablesServiceFacts {
    struct Fact {
        let action: NftablesDetail.Action
        let place: NftablesDetail.Place
        /// The endpoint to which the fact belongs; without the endpoint the fact is not a difference.
        var endpoint: EndpointReference?
    }

    private(set) var facts: [NftablesDetail.Subject: Fact] = [:]
    /// The subjects, in the order in which they were found.
    private(set) var order: [NftablesDetail.Subject] = []
    private let label: ServicePortLabel
    private let index: NftablesTableIndex

    /// - Parameter chains: the names of the Service port's chains.
    init(_ label: ServicePortLabel, _ chains: [String], _ index: NftablesTableIndex) {
        self.label = label
        self.index = index
        for name in chains {
            switch NftablesChainRole(name: name) {
            case .service: readPolicy(name, .cluster)
            case .local: readPolicy(name, .local)
            case .external: readExternal(name)
            case .firewall: readRanges(name)
            case .endpoint, .affinity, nil: break
            }
        }
    }

    private mutating func add(
        _ subject: NftablesDetail.Subject, _ action: NftablesDetail.Action, _ chain: String, _ rule: NftRule,
        of endpoint: EndpointReference? = nil
    ) {
        // Of rules that match the same packets the first applies.
        guard facts[subject] == nil else { return }
        facts[subject] = Fact(
            action: action, place: .init(line: rule.place.number, text: rule.command(index.table, chain)),
            endpoint: endpoint)
        order.append(subject)
    }

    private mutating func addUnknown(_ chain: String, _ rule: NftRule) {
        add(.rule(chain: chain, text: rule.text), .present, chain, rule)
    }

    // MARK: Policies

    private mutating func readPolicy(_ name: String, _ policy: ServicePolicy) {
        var affinity: [(set: String, chain: String, rule: NftRule)] = []
        for rule in index.rules(name) {
            switch NftablesRuleStep(rule, transport: label.transport) {
            case .masquerade(let mark, let conditions):
                add(.policyMasquerade(policy), .masquerade(mark: mark, conditions: conditions), name, rule)
            case .affinity(let set, let chain): affinity.append((set, chain, rule))
            case .translate(let endpoint):
                add(.endpoint(endpoint, policy), .share(.oneIn(1)), name, rule)
                return
            case .balance(let modulus, let choices):
                for entry in affinity {
                    let endpoint = index.endpoint(ofChain: entry.chain, transport: label.transport)
                    add(.affinity(endpoint, policy), .present, name, entry.rule, of: endpoint)
                }
                readBalance(name, policy, modulus, choices, rule)
                return
            default: addUnknown(name, rule)
            }
        }
    }

    private mutating func readBalance(
        _ name: String, _ policy: ServicePolicy, _ modulus: Int, _ choices: [NftablesRuleStep.Choice], _ rule: NftRule
    ) {
        var counts: [EndpointReference: Int] = [:]
        var found: [EndpointReference] = []
        var leading: Set<Int> = []
        for choice in choices {
            let endpoint: EndpointReference
            switch choice.target {
            case .endpoint(let target): endpoint = target
            case .chain(let chain): endpoint = readEndpoint(chain)
            }
            if counts[endpoint] == nil { found.append(endpoint) }
            let isDrawn = (0..<modulus).contains(choice.number) && leading.insert(choice.number).inserted
            counts[endpoint, default: 0] += isDrawn ? 1 : 0
        }
        if leading.count != modulus || leading.count != choices.count {
            add(.balance(policy), .numbers(modulus, leading: leading.count), name, rule)
        }
        for endpoint in found {
            guard let count = counts[endpoint], count > 0 else { continue }
            add(.endpoint(endpoint, policy), .share(Share(Double(count) / Double(modulus))), name, rule)
        }
    }

    /// Reads an endpoint's chain and gives the endpoint.
    private mutating func readEndpoint(_ name: String) -> EndpointReference {
        let endpoint = index.endpoint(ofChain: name, transport: label.transport)
        for rule in index.rules(name) {
            switch NftablesRuleStep(rule, transport: label.transport) {
            case .masquerade(let mark, let conditions) where endpoint.isSource(conditions):
                add(.hairpin(endpoint), .masquerade(mark: mark, conditions: ""), name, rule, of: endpoint)
            case .remember(let set):
                add(.remembered(endpoint), .present, name, rule, of: endpoint)
                if let timeout = index.set(set)?.timeout {
                    add(.timeout(endpoint), .milliseconds(timeout), name, rule, of: endpoint)
                }
            case .translate: return endpoint
            default: addUnknown(name, rule)
            }
        }
        return endpoint
    }

    // MARK: External traffic

    private mutating func readExternal(_ name: String) {
        for rule in index.rules(name) {
            switch NftablesRuleStep(rule, transport: label.transport) {
            case .masquerade(let mark, let conditions):
                add(.externalMasquerade(conditions), .masquerade(mark: mark, conditions: ""), name, rule)
            case .lead(let chain, let conditions):
                add(.externalTraffic(conditions), .lead(to: ChainRole(chain, of: label)), name, rule)
                // No rule behind it applies.
                if conditions.isEmpty { return }
            default: addUnknown(name, rule)
            }
        }
    }

    private mutating func readRanges(_ name: String) {
        for rule in index.rules(name) {
            guard case .ranges(let ranges) = NftablesRuleStep(rule, transport: label.transport) else {
                addUnknown(name, rule)
                continue
            }
            add(.ranges, .present, name, rule)
            for range in ranges { add(.sourceRange(range), .present, name, rule) }
        }
    }
}

extension EndpointReference {
    /// Whether conditions are that its address is the source.
    fileprivate func isSource(_ conditions: String) -> Bool {
        guard case .address(let address, _) = self else { return false }
        return conditions.hasSuffix(" saddr \(address)")
    }
}

extension ChainRole {
    /// What a chain is to a Service port.
    init(_ chain: String, of label: ServicePortLabel) {
        guard ServicePortLabel(nftablesName: chain) == label else {
            self = .other(chain)
            return
        }
        self =
            switch NftablesChainRole(name: chain) {
            case .service: .policy(.cluster)
            case .local: .policy(.local)
            case .external: .external
            case .firewall: .sourceRanges
            case .endpoint, .affinity, nil: .other(chain)
            }
    }
}
