internal import Iptables

/// Rules by table and chain, for single look-ups. A class, since many values hold it.
final class ChainsByName {
    /// All rules but those of unchanged Service ports.
    let ruleset: Ruleset
    /// The Service ports whose chains are not among the rules; look-ups find them all the same.
    let unchanged: UnchangedServices?
    private let composed: ComposedChains?
    private let positions: [String: (table: Int, chains: ChainPositions)]

    init(_ ruleset: Ruleset, besides unchanged: UnchangedServices? = nil) {
        self.ruleset = ruleset
        self.unchanged = unchanged
        composed = unchanged.map { ComposedChains($0) }
        var positions: [String: (table: Int, chains: ChainPositions)] = [:]
        for (index, table) in ruleset.tables.enumerated() {
            positions[table.name] = (index, ChainPositions(table.chains))
        }
        self.positions = positions
    }

    func chain(_ table: String, _ name: String) -> Chain? {
        guard let place = positions[table] else { return nil }
        guard let index = place.chains.position(of: name, in: ruleset.tables[place.table].chains) else {
            return composed?.chain(table, name)
        }
        return ruleset.tables[place.table].chains[index]
    }

    func rules(_ table: String, _ name: String) -> [Rule] { chain(table, name)?.rules ?? [] }

    func has(_ table: String, _ name: String) -> Bool {
        guard let place = positions[table] else { return false }
        return place.chains.position(of: name, in: ruleset.tables[place.table].chains) != nil
            || composed?.has(table, name) ?? false
    }

    /// The chains of a table and their positions, for many lookups without copies.
    func chains(of table: String) -> IndexedChains {
        guard let place = positions[table] else { return IndexedChains(chains: [], positions: ChainPositions([])) }
        return IndexedChains(chains: ruleset.tables[place.table].chains, positions: place.chains)
    }

    /// Whether any Service port's chains are not among the rules.
    var leavesOutServices: Bool { (unchanged?.count ?? 0) > 0 }

    /// The endpoints that a policy's chain leads to; nil where there is no such chain.
    func endpoints(ofPolicy name: ChainName) -> Set<EndpointReference>? {
        guard let chain = chain("nat", name.description) else { return nil }
        var found: Set<EndpointReference> = []
        for rule in chain.rules {
            guard case .share(let target, _) = rule.policyStep else { continue }
            for inner in rules("nat", target) {
                guard let endpoint = inner.translation else { continue }
                found.insert(endpoint)
                break
            }
        }
        return found
    }
}
