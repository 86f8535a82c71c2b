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
    public var remedy: String { remedyForAge }

    public var effect: String {
        let packets = "packets to \(detail.subject.text) are"
        guard let expected = detail.expectedText else {
            return "\(packets) \(detail.actualText ?? "changed"); they should be left alone"
        }
        guard let actual = detail.actualText else { return "\(packets) left alone; they should be \(expected)" }
        return "\(packets) \(actual); they should be \(expected)"
    }
}
