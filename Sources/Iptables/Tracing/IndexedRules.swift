internal import NetAddress

/// Rules prepared for tracing: chains by name, and which lists of `recent` remember which endpoint.
public struct IndexedRules: Sendable {
    /// The rules.
    public let ruleset: Ruleset
    let tables: [String: IndexedTable]
    /// What is asked at each hook where no other program has rules.
    let stages: [Hook: [[HookStage]]]
    /// By list: the DNAT targets of the rules that add a client to it.
    private let affinityLists: [String: [TranslationTarget]]
    /// What rules change beside the packet.
    let sideEffects: SideEffects

    /// Prepares rules for traces: finds chains by name.
    public init(_ ruleset: Ruleset) {
        self.ruleset = ruleset
        var tables: [String: IndexedTable] = [:]
        var lists: [String: [TranslationTarget]] = [:]
        for table in ruleset.tables {
            tables[table.name] = IndexedTable(table)
            for chain in table.chains {
                for rule in chain.rules {
                    guard case .dnat(let target) = rule.target else { continue }
                    for case .recent(let match) in rule.matches where match.operation == .set && match.side == .source {
                        lists[match.name, default: []].append(target)
                    }
                }
            }
        }
        self.tables = tables
        var stages: [Hook: [[HookStage]]] = [:]
        for hook in Hook.allCases { stages[hook] = HookStage.groups(hook, tables: hook.tables(of: tables), []) }
        self.stages = stages
        affinityLists = lists
        sideEffects = SideEffects(ruleset)
    }

    /// Whether a list holds the client before its packet comes; nil: not known, since no rule of DNAT adds to the list.
    func remembers(list name: String, _ query: TraceQuery) -> Bool? {
        affinityLists[name]?.contains { $0.remembers(query) }
    }

    /// Whether a rule can change anything for a packet.
    func matters(_ rule: borrowing Rule) -> Bool {
        rule.hasEffect || sideEffects.areThere && !sideEffects.of(rule).isEmpty
    }

    /// Whether any list remembers clients of the endpoint that the query names.
    func knowsHistory(of query: TraceQuery) -> Bool {
        affinityLists.values.contains { targets in targets.contains { $0.remembers(query) } }
    }
}

/// A table prepared for tracing.
final class IndexedTable: Sendable {
    let name: String
    let chains: [Chain]
    private let positions: ChainPositions
    /// By position: which rules of long chains can fit a packet.
    private let lookups: [Int: RuleLookup]

    init(_ table: Table) {
        name = table.name
        chains = table.chains
        positions = ChainPositions(chains)
        var lookups: [Int: RuleLookup] = [:]
        for (position, chain) in chains.enumerated() { lookups[position] = RuleLookup(chain.rules) }
        self.lookups = lookups
    }

    /// The position of the chain with a name.
    func position(of chain: String) -> Int? { positions.position(of: chain, in: chains) }

    /// Which rules of a chain can fit a packet; nil: all have to be compared.
    func lookup(of chain: Int) -> RuleLookup? {
        chains[chain].rules.count < RuleLookup.threshold ? nil : lookups[chain]
    }
}

extension Hook {
    /// The tables that have a chain for the hook, in the kernel's order.
    func tables(of tables: [String: IndexedTable]) -> [String] {
        self.tables.filter { tables[$0]?.position(of: chain) != nil }
    }
}

extension TranslationTarget {
    fileprivate func remembers(_ query: TraceQuery) -> Bool {
        guard let (address, port) = query.affinity else { return false }
        return first == RawAddress(address) && last == first && ports == PortRange(port)
    }
}
