/// The node answers for a Service port that the cluster does not have.
public struct ExtraService: AuditEvidence {
    public static let id = AuditFinding.Identifier.extraService
}

extension ExtraService: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for port in subject.comparison.servicePorts where port.change == .added {
            // Chains that nothing leads to are orphaned, which is another finding.
            guard port.details.contains(where: \.isAnswering) else { continue }
            findings.add(ExtraService(), port.label, at: port.details.compactMap(\.actualRule).first { $0.line > 0 })
        }
    }

    public var severity: FindingSeverity { .warning }
    public var effect: String { "the node answers for a Service port that the cluster does not have" }
    public var remedy: String { remedyForAge }
}

extension RuleDetail {
    /// Whether rules answer at a frontend.
    fileprivate var isAnswering: Bool {
        switch subject {
        case .frontend, .verdict, .verdictOutsideRanges: true
        default: false
        }
    }
}
