internal import Iptables

/// A difference in the chains that belong to no Service port: a rule that is missing, one that stands in its place, or one
/// that kube-proxy does not write.
struct BaseDifference {
    let table: String
    let chain: String
    /// kube-proxy's rule that is missing.
    let missing: Rule?
    /// The rule that is there; with a missing one, the one that was changed from it.
    let extra: Rule?

    /// The differences of rules, changed ones joined.
    static func all(_ differences: [OtherDifference]) -> [BaseDifference] {
        var groups: [(table: String, chain: String, missing: [Rule], extra: [Rule])] = []
        for entry in differences {
            if groups.last?.table != entry.table || groups.last?.chain != entry.chain {
                groups.append((entry.table, entry.chain, [], []))
            }
            switch entry.change {
            case .missingRule(let rule): groups[groups.count - 1].missing.append(rule)
            case .extraRule(let rule): groups[groups.count - 1].extra.append(rule)
            default: break
            }
        }
        return groups.flatMap { group in
            var extra = group.extra
            var found = group.missing.map { rule in
                let match = extra.firstIndex { $0.hasSameShape(as: rule) }
                return BaseDifference(
                    table: group.table, chain: group.chain, missing: rule, extra: match.map { extra.remove(at: $0) })
            }
            found += extra.map { BaseDifference(table: group.table, chain: group.chain, missing: nil, extra: $0) }
            return found
        }
    }

    /// Whether kube-proxy's rule that differs is about the mark for masquerading.
    var isAboutMark: Bool { missing?.isAboutMark ?? false }

    /// Whether a rule beside kube-proxy's takes away the mark that it has set.
    func takesAway(_ mark: UInt32) -> Bool {
        guard chain == ChainName.Kind.markMasquerade.text.description, missing == nil,
            case .mark(let change)? = extra?.target
        else { return false }
        return change.applied(to: mark) & mark == 0
    }

    /// The rule to show: what is there, else what is missing.
    var shown: PlacedRule? {
        (extra ?? missing).map { PlacedRule(table: table, chain: chain, rule: $0) }
    }
}

extension Rule {
    /// Whether the rule sets a packet's mark or asks for it.
    var isAboutMark: Bool {
        if case .mark = target { return true }
        return matches.contains { if case .mark = $0 { true } else { false } }
    }

    /// Whether the rule can be the other with other values: the same kind of target, and both ask for the mark or neither.
    fileprivate func hasSameShape(as other: Rule) -> Bool {
        let hasSameTarget =
            switch (target, other.target) {
            case (.mark, .mark), (.masquerade, .masquerade): true
            default: target == other.target
            }
        return hasSameTarget && isAboutMark == other.isAboutMark
    }
}
