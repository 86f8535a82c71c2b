internal import NetAddress

/// Connections are still translated where no Service answers.
public struct OrphanedConnection: AuditEvidence {
    public static let id = AuditFinding.Identifier.orphanedConnection

    /// What shows that a Service answered there.
    public enum Evidence: Sendable, Hashable {
        /// The address is in the range of cluster IPs.
        case serviceRange
        /// A Service of the snapshot has the address, without the port.
        case portOfService
        /// The port is a node port, and leads to a pod.
        case nodePort
        /// The connections go to an endpoint of the snapshot. Another program may have translated them.
        case endpoint
    }

    /// The connections.
    public let connections: TranslatedConnections
    /// What shows that a Service answered there.
    public let evidence: Evidence
    /// Which versions leave such connections.
    public let left: LeftConnections
    /// The kube-proxy that left them.
    public let version: ProxyVersion

    public var severity: FindingSeverity { evidence == .endpoint ? .info : .warning }

    public var effect: String {
        let why =
            switch evidence {
            case .serviceRange: "but no Service has this cluster IP"
            case .portOfService: "but the Service with this address does not have the port"
            case .nodePort: "but no Service has this node port"
            case .endpoint: "an endpoint, but no Service has this address and port"
            }
        return "\(connections.sentence), \(why); \(Optional(left).sentence(version))"
    }

    public var remedy: String {
        switch evidence {
        case .endpoint: "find out whether another program translates this address; if none does, delete them"
        default: "delete them: the address that they go to may be another pod's by now"
        }
    }

    public var commands: [String] { connections.deletions }
}
