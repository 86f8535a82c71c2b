/// An endpoint gets another share of the connections than it should.
public struct WrongWeight: AuditEvidence {
    public static let id = AuditFinding.Identifier.wrongWeight
    /// The endpoint.
    public let endpoint: EndpointReference
    /// The policy under which it does.
    public let policy: ServicePolicy
    /// The part that it should get.
    public let expected: Share
    /// The part that it gets.
    public let actual: Share
}

extension WrongWeight: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for found in subject.details {
            guard case .endpoint(let endpoint, let policy) = found.detail.subject,
                case (.share(let expected), .share(let actual)) = (found.detail.expected, found.detail.actual)
            else { continue }
            findings.add(WrongWeight(endpoint: endpoint, policy: policy, expected: expected, actual: actual), found)
        }
    }

    public var severity: FindingSeverity { .error }
    public var effect: String { "the endpoint \(endpoint) gets \(actual) of the connections instead of \(expected)" }
}
