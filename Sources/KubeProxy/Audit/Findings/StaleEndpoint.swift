/// Connections go to an address that is no endpoint.
public struct StaleEndpoint: AuditEvidence {
    public static let id = AuditFinding.Identifier.staleEndpoint
    /// Where the connections go.
    public let endpoint: EndpointReference
    /// The policy under which it does.
    public let policy: ServicePolicy
    /// Its part of the connections.
    public let share: Share
    /// Whether rules and snapshot may just be of different age.
    public let isOfOtherAge: Bool
}

extension StaleEndpoint: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for found in subject.details {
            guard case .endpoint(let endpoint, let policy) = found.detail.subject, found.detail.expected == nil,
                case .share(let share) = found.detail.actual
            else { continue }
            findings.add(
                StaleEndpoint(endpoint: endpoint, policy: policy, share: share, isOfOtherAge: found.isOfOtherAge),
                found)
        }
    }

    public var severity: FindingSeverity { .error }
    public var effect: String { "\(share) of the connections go to \(endpoint), which is no endpoint" }
    public var remedy: String { isOfOtherAge ? remedyForAge : remedyForDamage }
}
