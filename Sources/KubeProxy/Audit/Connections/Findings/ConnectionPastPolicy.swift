/// Connections go on to an endpoint that serves, but that new connections of the same client would not reach.
public struct ConnectionPastPolicy: AuditEvidence {
    public static let id = AuditFinding.Identifier.connectionPastPolicy

    /// The policy of the Service.
    public enum Policy: Sendable, Hashable {
        /// internalTrafficPolicy Local, and the endpoint is on another node.
        case internalLocal
        /// externalTrafficPolicy Local, and the endpoint is on another node.
        case externalLocal
        /// loadBalancerSourceRanges, which do not have the client.
        case sourceRanges
        /// SessionAffinity of so many seconds, while a client has connections to several endpoints.
        case affinity(seconds: Int)
    }

    /// The connections.
    public let connections: TranslatedConnections
    /// The policy.
    public let policy: Policy
    /// The kube-proxy that left them.
    public let version: ProxyVersion

    public var severity: FindingSeverity { policy == .sourceRanges ? .warning : .info }

    public var effect: String {
        let why =
            switch policy {
            case .internalLocal: "on another node, past internalTrafficPolicy Local"
            case .externalLocal: "on another node, past externalTrafficPolicy Local"
            case .sourceRanges: "although loadBalancerSourceRanges does not allow their client"
            case .affinity(let seconds):
                "while the same client has connections to other endpoints: made before sessionAffinity ClientIP was set, "
                    + "or more than its \(seconds) s apart"
            }
        return "\(connections.sentence), \(why); \(Optional(LeftConnections.pastPolicy).sentence(version))"
    }

    public var remedy: String {
        "they last as long as their clients use them; delete them to apply the policy at once"
    }

    public var commands: [String] { connections.deletions }
}
