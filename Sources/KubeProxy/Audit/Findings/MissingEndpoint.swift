/// An endpoint gets no connections.
public struct MissingEndpoint: AuditEvidence {
    public static let id = AuditFinding.Identifier.missingEndpoint
    /// The endpoint.
    public let endpoint: EndpointReference
    /// The policy under which it does.
    public let policy: ServicePolicy
    /// Whether rules and snapshot may just be of different age.
    public let isOfOtherAge: Bool
}

extension MissingEndpoint: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for found in subject.details {
            guard case .endpoint(let endpoint, let policy) = found.detail.subject, found.detail.actual == nil else {
                continue
            }
            findings.add(MissingEndpoint(endpoint: endpoint, policy: policy, isOfOtherAge: found.isOfOtherAge), found)
        }
    }

    public var severity: FindingSeverity { .error }
    public var effect: String { "the endpoint \(endpoint) gets no connections" }
    public var remedy: String { isOfOtherAge ? remedyForAge : remedyForDamage }
}
