/// Clients do not stay at their endpoint as the Service asks.
public struct WrongAffinity: AuditEvidence {
    public static let id = AuditFinding.Identifier.wrongAffinity
    /// What differs.
    public let detail: RuleDetail
}

extension WrongAffinity: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for found in subject.details where found.detail.subject.kind == .affinity {
            findings.add(WrongAffinity(detail: found.detail), found)
        }
    }

    public var severity: FindingSeverity { .error }
    public var remedy: String { remedyForAge }

    public var effect: String {
        "\(detail.subject.text): \(detail.actualInsteadOfExpected), so clients do not stay where they should"
    }
}
