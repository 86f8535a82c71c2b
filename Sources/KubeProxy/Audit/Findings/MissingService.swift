/// The node has nothing of a Service port that the cluster has.
public struct MissingService: AuditEvidence {
    public static let id = AuditFinding.Identifier.missingService
}

extension MissingService: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for port in subject.comparison.servicePorts where port.change == .removed {
            findings.add(MissingService(), port.label)
        }
    }

    public var severity: FindingSeverity { .error }

    public var effect: String {
        "the node has no rules for the Service port: connections to it are not answered from here"
    }
    public var remedy: String { remedyForAge }
}
