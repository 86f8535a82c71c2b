internal import Iptables

/// A rule that is not kube-proxy's sets or clears the bit by which kube-proxy marks packets for masquerading.
public struct ForeignMark: AuditEvidence {
    public static let id = AuditFinding.Identifier.foreignMark
    /// The bit of kube-proxy's mark.
    public let bit: Int
    /// What the rule does with it.
    public let change: Change

    /// What a rule does with a mark.
    public enum Change: Sendable, Hashable {
        /// It sets or clears the bit.
        case sets, clears
    }
}

extension ForeignMark: AuditCheck {
    /// The chains through which packets come between their arrival and KUBE-POSTROUTING, and whether kube-proxy may have
    /// marked them already.
    private static let hooks: [(table: String, chain: String, isAfterMarking: Bool)] = [
        ("raw", "PREROUTING", false), ("mangle", "PREROUTING", false), ("nat", "PREROUTING", false),
        ("raw", "OUTPUT", false), ("mangle", "OUTPUT", false), ("nat", "OUTPUT", false),
        ("mangle", "FORWARD", true), ("filter", "FORWARD", true), ("filter", "OUTPUT", true),
        ("mangle", "POSTROUTING", true), ("nat", "POSTROUTING", true),
    ]

    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        let mark = subject.plan.node.masqueradeMark
        for (rule, change) in changes(in: subject.dumps.live, of: mark) {
            findings.add(ForeignMark(bit: mark.trailingZeroBitCount, change: change), nil, at: rule)
        }
    }

    /// The rules that are not kube-proxy's and change its mark, in all tables but those that are left out.
    static func changes(
        in live: ChainsByName, of mark: UInt32, leavingOut omitted: Set<String> = []
    ) -> [(rule: PlacedRule, change: Change)] {
        var found: [(rule: PlacedRule, change: Change)] = []
        var reported: Set<String> = []
        for hook in hooks where !omitted.contains(hook.table) {
            guard let start = live.chain(hook.table, hook.chain) else { continue }
            var seen: Set<String> = []
            var waiting = [start]
            while let chain = waiting.popLast() {
                for rule in chain.rules {
                    if hook.table == "nat", rule.target == .jump("KUBE-POSTROUTING") { break }
                    if let target = rule.target?.chain {
                        guard !target.hasPrefix("KUBE-"), seen.insert(target).inserted,
                            let next = live.chain(hook.table, target)
                        else { continue }
                        waiting.append(next)
                    } else if let change = Change(rule, mark, isAfterMarking: hook.isAfterMarking),
                        reported.insert("\(hook.table) \(chain.name) \(rule.line)").inserted
                    {
                        found.append((PlacedRule(table: hook.table, chain: chain.name, rule: rule), change))
                    }
                }
            }
        }
        return found
    }

    public var severity: FindingSeverity { .warning }

    public var effect: String {
        switch change {
        case .sets:
            "a rule that is not kube-proxy's sets bit \(bit) of the mark, which kube-proxy takes for its own: such packets are "
                + "masqueraded, so that endpoints see the node's address, and accepted in FORWARD"
        case .clears:
            "a rule that is not kube-proxy's clears bit \(bit) of the mark, by which kube-proxy masquerades: answers to such "
                + "packets may come back another way and be dropped"
        }
    }

    public var remedy: String {
        "let the program that adds the rule use another bit, or set kube-proxy's iptables.masqueradeBit "
            + "(--iptables-masquerade-bit) to a free one"
    }
}

extension ForeignMark.Change {
    /// What a rule does to kube-proxy's mark; nil: nothing that matters.
    fileprivate init?(_ rule: Rule, _ mark: UInt32, isAfterMarking: Bool) {
        guard case .mark(let change) = rule.target else { return nil }
        for case .mark(let match) in rule.matches where match.mask & mark != 0 {
            // It is met by packets with the mark alone, or by those without it.
            let meetsMarked = (match.value & mark != 0) != match.isNegated
            if meetsMarked, change.applied(to: mark) & mark != 0 { return nil }
            if !meetsMarked, change.applied(to: 0) & mark == 0 { return nil }
        }
        if change.applied(to: 0) & mark != 0 {
            self = .sets
        } else if isAfterMarking, change.applied(to: mark) & mark == 0 {
            self = .clears
        } else {
            return nil
        }
    }
}
