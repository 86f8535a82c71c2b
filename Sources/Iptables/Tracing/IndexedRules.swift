internal import NetAddress

/// Rules prepared for tracing: chains by name, and which lists of `recent` remember which endpoint.
public struct IndexedRules: Sendable {
    /// The rules.
    public let ruleset: Ruleset
    let tables: [String: (table: Table, positions: ChainPositions)]
    /// By table and position: which rules of long chains can fit a packet.
    private let lookups: [String: [Int: RuleLookup]]
    /// By list: the DNAT targets of the rules that add a client to it.
    private let affinityLists: [String: [TranslationTarget]]
    /// What rules change beside the packet.
    let sideEffects: SideEffects

    /// Prepares rules for traces: finds chains by name.
    public init(_ ruleset: Ruleset) {
        self.ruleset = ruleset
        var tables: [String: (Table, ChainPositions)] = [:]
        var lists: [String: [TranslationTarget]] = [:]
        var lookups: [String: [Int: RuleLookup]] = [:]
        for table in ruleset.tables {
            for (position, chain) in table.chains.enumerated() {
                guard let lookup = RuleLookup(chain.rules) else { continue }
                lookups[table.name, default: [:]][position] = lookup
            }
            tables[table.name] = (table, ChainPositions(table.chains))
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
        self.lookups = lookups
        affinityLists = lists
        sideEffects = SideEffects(ruleset)
    }

    /// Which rules of a table's chain can fit a packet; nil: all have to be compared.
    func lookup(of table: String, _ chain: Int, _ ruleCount: Int) -> RuleLookup? {
        ruleCount < RuleLookup.threshold ? nil : lookups[table]?[chain]
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

extension TranslationTarget {
    fileprivate func remembers(_ query: TraceQuery) -> Bool {
        guard let (address, port) = query.affinity else { return false }
        return first == RawAddress(address) && last == first && ports == PortRange(port)
    }
}
