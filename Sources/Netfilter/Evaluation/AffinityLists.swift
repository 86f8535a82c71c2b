internal import NetAddress

/// The lists of `recent` in which rules remember where DNAT sent a client.
final class AffinityLists {
    private let table: Table?
    /// Where the rules that add to a list send clients.
    private lazy var lists: [String: [TranslationTarget]] = {
        var lists: [String: [TranslationTarget]] = [:]
        for chain in table?.chains ?? [] {
            for rule in chain.rules {
                guard case .dnat(let target) = rule.target else { continue }
                for case .recent(let match) in rule.matches where match.operation == .set && match.side == .source {
                    lists[match.name, default: []].append(target)
                }
            }
        }
        return lists
    }()

    init(_ ruleset: Ruleset) { table = ruleset[table: "nat"] }

    /// Whether a list holds the client before its packet comes; nil: not known, since the list is no such list.
    func remembers(list name: String, _ query: TraceQuery) -> Bool? {
        guard let targets = lists[name] else { return nil }
        return targets.contains { remembers($0, query) }
    }

    /// Whether any list remembers clients from where the query says the client was.
    func knowsHistory(of query: TraceQuery) -> Bool {
        lists.values.contains { targets in targets.contains { remembers($0, query) } }
    }

    private func remembers(_ target: TranslationTarget, _ query: TraceQuery) -> Bool {
        guard let (address, port) = query.affinity else { return false }
        return target.first == RawAddress(address) && target.last == target.first && target.ports == PortRange(port)
    }
}
