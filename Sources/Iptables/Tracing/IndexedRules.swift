internal import NetAddress

/// Rules prepared for tracing: chains by name, and which lists of `recent` remember which endpoint.
public struct IndexedRules: Sendable {
    /// The rules.
    public let ruleset: Ruleset
    let tables: [String: (table: Table, positions: ChainPositions)]
    /// By list: the DNAT targets of the rules that add a client to it.
    private let affinityLists: [String: [TranslationTarget]]
    /// Whether any rule has the target SET.
    private let changesSets: Bool
    /// The sets that any rule asks for; empty where no rule has the target SET.
    private let askedSets: Set<String>

    /// Prepares rules for traces: finds chains by name.
    public init(_ ruleset: Ruleset) {
        self.ruleset = ruleset
        var tables: [String: (Table, ChainPositions)] = [:]
        var lists: [String: [TranslationTarget]] = [:]
        var hasSetTarget = false
        for table in ruleset.tables {
            tables[table.name] = (table, ChainPositions(table.chains))
            for chain in table.chains {
                for rule in chain.rules {
                    if case .unknown(let target) = rule.target, target.name == "SET" { hasSetTarget = true }
                    guard case .dnat(let target) = rule.target else { continue }
                    for case .recent(let match) in rule.matches where match.operation == .set && match.side == .source {
                        lists[match.name, default: []].append(target)
                    }
                }
            }
        }
        self.tables = tables
        affinityLists = lists
        changesSets = hasSetTarget
        askedSets = hasSetTarget ? Self.setsAsked(by: ruleset) : []
    }

    /// The sets that any rule asks for.
    private static func setsAsked(by ruleset: Ruleset) -> Set<String> {
        var sets: Set<String> = []
        for table in ruleset.tables {
            for chain in table.chains {
                for rule in chain.rules {
                    for case .set(let match) in rule.matches { sets.insert(match.name) }
                }
            }
        }
        return sets
    }

    /// Whether a list holds the client before its packet comes; nil: not known, since no rule of DNAT adds to the list.
    func remembers(list name: String, _ query: TraceQuery) -> Bool? {
        affinityLists[name]?.contains { $0.remembers(query) }
    }

    /// Whether a rule can change anything for a packet: `-j SET` does where it copies what a set says into the mark, or
    /// changes a set that rules ask for.
    func matters(_ rule: Rule) -> Bool {
        guard changesSets, case .unknown(let target)? = rule.target, target.name == "SET" else { return rule.hasEffect }
        let words = target.text.split(separator: " ")
        if words.contains("--map-set") { return true }
        return zip(words, words.dropFirst()).contains { option, name in
            (option == "--add-set" || option == "--del-set") && askedSets.contains(String(name))
        } || rule.hasEffect
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
