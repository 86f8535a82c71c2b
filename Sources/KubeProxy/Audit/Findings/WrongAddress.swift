/// The node answers at a frontend that is not the Service port's, does not at one that is, or leads its connections elsewhere.
public struct WrongAddress: AuditEvidence {
    public static let id = AuditFinding.Identifier.wrongAddress
    /// The frontend.
    public let frontend: Frontend
    /// What differs.
    public let detail: RuleDetail
}

extension WrongAddress: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for found in subject.details where !found.detail.changesPolicy {
            guard case .frontend(let frontend) = found.detail.subject else { continue }
            findings.add(WrongAddress(frontend: frontend, detail: found.detail), found)
        }
    }

    public var severity: FindingSeverity { .error }
    public var remedy: String { remedyForAge }

    public var effect: String {
        if detail.expected == nil {
            return "the node answers at \(frontend.placeInSentence), which is not the Service's"
        }
        if detail.actual == nil {
            return "connections to \(frontend.placeInSentence) are not translated and get no answer"
        }
        return "\(frontend.placeInSentence) leads \(detail.actualInsteadOfExpected)"
    }
}
