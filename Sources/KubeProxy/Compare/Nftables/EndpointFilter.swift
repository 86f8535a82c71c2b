internal import Nftables

/// What does not count where a comparison of tables leaves endpoints out: chains, affinity sets and elements of endpoints that
/// only one side has, and which endpoints a Service port's chains choose among.
struct EndpointFilter {
    /// A rule, or all that is left of one that names endpoints.
    enum Rule: Hashable {
        case whole(NftRule)
        case withoutEndpoints(String)

        /// As reports show it.
        var line: String {
            switch self {
            case .whole(let rule): rule.line
            case .withoutEndpoints(let text): text
            }
        }
    }

    /// The endpoints that both sides have, by the part of names that chains and sets of an endpoint have in common.
    private let common: Set<Substring>

    init(_ expected: NftTable, _ actual: NftTable) {
        func endpoints(_ table: NftTable) -> Set<Substring> {
            Set(table.chains.compactMap { EndpointFilter.endpoint(ofChainOrSet: $0.name) })
        }
        common = endpoints(expected).intersection(endpoints(actual))
    }

    private static func endpoint(ofChainOrSet name: String) -> Substring? {
        switch NftablesChainRole(name: name) {
        case .endpoint?, .affinity?: name.drop { $0 != "-" }
        default: nil
        }
    }

    /// Whether a chain or set with all that is in it does not count.
    func leavesOut(_ name: String) -> Bool {
        name == "hairpin-connections"
            || (EndpointFilter.endpoint(ofChainOrSet: name).map { !common.contains($0) } ?? false)
    }

    /// A chain's rules without the endpoints that they name. Affinity has a rule for each endpoint: one stands for all.
    func rules(of chain: NftChain) -> [Rule] {
        guard let label = ServicePortLabel(nftablesName: chain.name) else { return chain.rules.map { .whole($0) } }
        var result: [Rule] = []
        for rule in chain.rules {
            let next = EndpointFilter.rule(rule, label.transport)
            if case .withoutEndpoints = next, result.last == next { continue }
            result.append(next)
        }
        return result
    }

    private static func rule(_ rule: NftRule, _ transport: String) -> Rule {
        let words = rule.text.split(separator: " ")
        switch NftablesRuleStep(rule, transport: transport) {
        case .balance(let modulus, _):
            let front = words.prefix { $0 != "{" }.map { $0 == "\(modulus)" ? "…" : $0 }
            return .withoutEndpoints((front + ["{ … }"]).joined(separator: " "))
        case .affinity:
            let front = words.dropLast().map { $0.first == "@" ? "@affinity-…" : $0 }
            return .withoutEndpoints((front + ["endpoint-…"]).joined(separator: " "))
        default: return .whole(rule)
        }
    }
}
