internal import Iptables

/// A rule that kube-proxy writes is missing, and no other identifier says what that means.
public struct MissingRule: AuditEvidence {
    public static let id = AuditFinding.Identifier.missingRule

    /// The rule that is missing, by its chain.
    public enum Place: Sendable, Hashable {
        /// Among the rules of a Service port.
        case servicePort(RuleDetail.Subject)
        /// In a chain that belongs to no Service port.
        case chain(PlacedRule)
    }

    /// The rule that is missing.
    public let place: Place
}

extension MissingRule: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for found in subject.details where found.detail.actual == nil {
            guard case .rule = found.detail.subject else { continue }
            findings.add(MissingRule(place: .servicePort(found.detail.subject)), found)
        }
        for difference in subject.baseDifferences where !difference.isAboutMark {
            guard let rule = difference.missing else { continue }
            if case .masquerade(_)? = rule.target { continue }
            let placed = PlacedRule(table: difference.table, chain: difference.chain, rule: rule)
            findings.add(MissingRule(place: .chain(placed)), at: placed)
        }
    }

    public var severity: FindingSeverity { .error }

    public var effect: String {
        switch place {
        case .servicePort(let subject): "a rule is missing: \(subject.text)"
        case .chain(let placed): "a rule of \(placed.chain) is missing: \(placed.text)"
        }
    }
}
