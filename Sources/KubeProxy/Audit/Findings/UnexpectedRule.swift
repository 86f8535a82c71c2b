/// A rule that kube-proxy does not write is in one of its chains.
public struct UnexpectedRule: AuditEvidence {
    public static let id = AuditFinding.Identifier.unexpectedRule

    /// The chain that the rule is in.
    public enum Place: Sendable, Hashable {
        /// Among the rules of a Service port.
        case servicePort(RuleDetail.Subject)
        /// In a chain that belongs to no Service port.
        case chain(String)
    }

    /// The chain that the rule is in.
    public let place: Place
}

extension UnexpectedRule: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for found in subject.details where found.detail.actual != nil {
            guard case .rule = found.detail.subject else { continue }
            findings.add(UnexpectedRule(place: .servicePort(found.detail.subject)), found)
        }
        let mark = subject.plan.node.masqueradeMark
        for difference in subject.baseDifferences where difference.missing == nil && !difference.takesAway(mark) {
            findings.add(UnexpectedRule(place: .chain(difference.chain)), at: difference.shown)
        }
    }

    public var severity: FindingSeverity { .warning }

    public var effect: String {
        switch place {
        case .servicePort(let subject):
            "a rule that kube-proxy does not write acts on the Service: \(subject.text)"
        case .chain(let chain): "\(chain) holds a rule that kube-proxy does not write there"
        }
    }
}
