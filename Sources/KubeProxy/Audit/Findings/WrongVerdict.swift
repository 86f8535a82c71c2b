/// Packets are refused, dropped or accepted against what the Service's state asks for.
public struct WrongVerdict: AuditEvidence {
    public static let id = AuditFinding.Identifier.wrongVerdict
    /// What differs.
    public let detail: RuleDetail
}

extension WrongVerdict: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for found in subject.details {
            switch found.detail.subject {
            case .verdict, .verdictOutsideRanges, .healthCheck:
                findings.add(WrongVerdict(detail: found.detail), found)
            default: continue
            }
        }
    }

    public var severity: FindingSeverity { .error }
    public var effect: String { "packets to \(detail.subject.text) are \(detail.actualInsteadOfExpected)" }
}
