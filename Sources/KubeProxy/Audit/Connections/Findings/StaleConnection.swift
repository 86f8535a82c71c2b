internal import NetAddress

/// Connections go on to an address that does not serve their Service port.
public struct StaleConnection: AuditEvidence {
    public static let id = AuditFinding.Identifier.staleConnection

    /// Why it does not serve.
    public enum Reason: Sendable, Hashable {
        /// It is no endpoint, while others serve.
        case noEndpoint
        /// Its address serves at another port.
        case otherPort
        /// The Service port has no endpoint that serves.
        case emptyService
        /// It is an endpoint that is not ready.
        case notReady
    }

    /// The connections.
    public let connections: TranslatedConnections
    /// Why the address does not serve.
    public let reason: Reason
    /// The kube-proxy that left them.
    public let version: ProxyVersion

    /// Which versions leave such connections; nil: none does.
    public var left: LeftConnections? {
        guard connections.transport == .udp else { return .notUDP }
        return switch reason {
        case .emptyService: .ofEmptyService
        case .otherPort: .toChangedPort
        case .noEndpoint, .notReady: nil
        }
    }

    public var severity: FindingSeverity {
        // A pod that is not ready keeps its connections of TCP.
        if connections.transport != .udp { return reason == .notReady ? .info : .warning }
        return .error
    }

    public var effect: String {
        let why =
            switch reason {
            case .noEndpoint: "which is not an endpoint"
            case .otherPort: "a port that the endpoint does not have"
            case .emptyService: "and the Service has no endpoint that serves"
            case .notReady: "an endpoint that is not ready"
            }
        return "\(connections.sentence), \(why); \(left.sentence(version))"
    }

    public var remedy: String {
        switch (connections.transport, reason) {
        case (.udp, _):
            left?.isLeft(by: version) ?? false
                ? "delete them: the clients' next packets are then translated anew"
                : "delete them; if they come back, take the list and the snapshot together, and look at kube-proxy's log"
        case (_, .notReady): "nothing, if the pod serves its connections to the end; deleting them cuts them off"
        default: "delete them: the clients' next packets then reach another endpoint, which resets the connection"
        }
    }

    public var commands: [String] { connections.deletions }
}
