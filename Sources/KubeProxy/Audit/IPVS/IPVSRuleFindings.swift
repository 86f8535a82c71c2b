internal import Iptables

/// What differs in the rules around IPVS, which are the same for every cluster, except that rules for empty sets are left out.
struct IPVSRuleFindings {
    private let state: IPVSPlan
    private let wanted: IPVSFamilyState
    private let live: IPVSFamilyState
    private let owners: IPVSOwners
    /// Rules for sets that are empty on one side only.
    private var ofSets: (missing: [PlacedRule], extra: [PlacedRule]) = ([], [])

    init(_ state: IPVSPlan, _ wanted: IPVSFamilyState, _ live: IPVSFamilyState, _ owners: IPVSOwners) {
        self.state = state
        self.wanted = wanted
        self.live = live
        self.owners = owners
    }

    func add(to findings: inout AuditFindings) {
        // A text for iptables-restore spells some matches otherwise.
        let isRestore = live.rules.tables.contains { $0.chains.allSatisfy { $0.policy == nil } }
        let expected = isRestore ? IPVSRules(state).ruleset(.restore) : wanted.rules
        var compared = self
        for table in IPVSRules.tables {
            guard let actual = live.rules[table: table.name] else { continue }
            for chain in table.chains {
                let rules = expected[table: table.name]?[chain: chain.name]?.rules ?? []
                guard let there = actual[chain: chain.name] else {
                    findings.add(MissingChain(table: table.name, chain: chain.name), rule: ":\(chain.name)")
                    continue
                }
                compared.add(table.name, chain.name, rules, there.rules, &findings)
            }
        }
        let (missing, extra) = compared.ofSets
        if let first = missing.first {
            findings.add(IPVSEvidence.MissingSetRules(sets: names(missing)), rule: first.text)
        }
        if let first = extra.first { findings.add(IPVSEvidence.ExtraSetRules(sets: names(extra)), at: first) }
    }

    private mutating func add(
        _ table: String, _ chain: String, _ expected: [Rule], _ actual: [Rule], _ findings: inout AuditFindings
    ) {
        let (texts, there) = (expected.map(\.actingText), actual.map(\.actingText))
        let changes = SequenceChanges(from: texts, to: there)
        let moved = Set(changes.removed.map { texts[$0] }).intersection(changes.inserted.map { there[$0] })
        if let first = changes.inserted.first(where: { moved.contains(there[$0]) }) {
            let placed = PlacedRule(table: table, chain: chain, rule: actual[first])
            findings.add(ReorderedRules(chain: chain), owner(of: placed), at: placed)
        }
        for index in changes.removed.reversed() where !moved.contains(texts[index]) {
            let placed = PlacedRule(table: table, chain: chain, rule: expected[index])
            if chain == KubeChain.ipvsOutFilter.name {
                findings.add(IPVSEvidence.OwnOrigin(isDropped: false), owner(of: placed), at: placed)
            } else if placed.rule.hasSet(where: { isEmpty($0, live) ?? true }) {
                if !isExplained(placed.rule) { ofSets.missing.append(placed) }
            } else {
                findings.add(MissingRule(place: .chain(placed)), at: placed)
            }
        }
        for index in changes.inserted where !moved.contains(there[index]) {
            let placed = PlacedRule(table: table, chain: chain, rule: actual[index])
            if chain == KubeChain.ipvsOutFilter.name, placed.rule.target == .drop {
                findings.add(IPVSEvidence.OwnOrigin(isDropped: true), owner(of: placed), at: placed)
            } else if placed.rule.hasSet(where: { isEmpty($0, wanted) ?? false }) {
                if !isExplained(placed.rule) { ofSets.extra.append(placed) }
            } else {
                findings.add(UnexpectedRule(place: .chain(chain)), at: placed)
            }
        }
    }

    /// Nil: there is no such set.
    private func isEmpty(_ set: String, _ state: IPVSFamilyState) -> Bool? {
        state.sets.first { $0.name == set }?.entries.isEmpty
    }

    /// Whether the rule's set is the cause, whose entries were compared.
    private func isExplained(_ rule: Rule) -> Bool {
        rule.hasSet { set in
            guard let there = isEmpty(set, live), let expected = isEmpty(set, wanted) else { return false }
            return there != expected
        }
    }

    private func names(_ rules: [PlacedRule]) -> [String] {
        var names: Set<String> = []
        for placed in rules {
            for case .set(let match) in placed.rule.matches { names.insert(match.name) }
        }
        return names.sorted()
    }

    private func owner(of placed: PlacedRule) -> ServicePortLabel? {
        guard placed.chain == KubeChain.ipvsOutFilter.name else { return nil }
        return owners.owner(ofRule: placed.rule.actingText, state.refusedOrigins)
    }
}

extension Rule {
    /// Whether it asks a set of some names.
    fileprivate func hasSet(where isWanted: (String) -> Bool) -> Bool {
        for case .set(let match) in matches where isWanted(match.name) { return true }
        return false
    }
}
