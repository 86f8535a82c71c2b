/// Connections that kube-proxy leaves in connection tracking although its rules would translate them otherwise now.
///
/// ``versions``, ``sources`` and ``summary`` are one table (`pkg/proxy/conntrack/cleanup.go` of each version): the only place that
/// says which versions leave what. UDP connections that no row is about are removed by every version.
public enum LeftConnections: Sendable, Hashable, CaseIterable {
    /// UDP, to a Service without a serving endpoint.
    case ofEmptyService
    /// UDP, to the cluster IP of a Service, or of a port of it, that is deleted.
    case atDeletedClusterIP
    /// UDP, to another address or a node port of a Service, or of a port of it, that is deleted.
    case atDeletedAddress
    /// UDP, to a port that an endpoint no longer has, while its address serves on.
    case toChangedPort
    /// TCP and SCTP.
    case notUDP
    /// Of any protocol, to an endpoint that serves, but not this client by the Service's policies.
    case pastPolicy

    private struct Row {
        /// The minor versions that leave them; nil: all.
        let minors: ClosedRange<Int>?
        let sources: [String]
        let summary: String
    }

    private var row: Row {
        switch self {
        case .ofEmptyService:
            Row(
                minors: 32...36, sources: ["#139628", "#139629"],
                summary:
                    "UDP flows to a Service that loses all endpoints stay in conntrack, and go on to pods that are "
                    + "gone")
        case .atDeletedClusterIP:
            Row(
                minors: 32...37, sources: ["#127318", "#141371"],
                summary: "UDP flows to the cluster IP of a deleted Service stay in conntrack, and go on to its former "
                    + "pods")
        case .atDeletedAddress:
            Row(
                minors: ProxyVersion.knownMinors.lowerBound...37, sources: ["#141371"],
                summary: "UDP flows to other addresses and node ports of a deleted Service stay in conntrack")
        case .toChangedPort:
            Row(
                minors: 32...32, sources: ["#127318", "#130542"],
                summary: "UDP flows to an endpoint's former port stay in conntrack while its address serves on")
        case .notUDP: Row(minors: nil, sources: [], summary: "TCP and SCTP connections stay in conntrack")
        case .pastPolicy:
            Row(
                minors: nil, sources: ["#127318"],
                summary: "flows stay in conntrack when a policy of their Service changes")
        }
    }

    /// The minor versions that leave them; nil: all do.
    public var versions: ClosedRange<Int>? { row.minors }

    /// Issues and pull requests of kubernetes/kubernetes.
    public var sources: [String] { row.sources }

    /// One sentence without a full stop.
    public var summary: String { row.summary }

    /// Whether a version leaves them.
    public func isLeft(by version: ProxyVersion) -> Bool { versions?.contains(version.minor) ?? true }
}

extension LeftConnections? {
    /// Which versions leave such connections, as seen from one of them; a sentence without a full stop.
    func sentence(_ version: ProxyVersion) -> String {
        guard let left = self else { return "kube-proxy \(version) removes such UDP flows" }
        let sources = left.sources.isEmpty ? "" : " (kubernetes\(left.sources.joined(separator: ", ")))"
        guard let minors = left.versions else {
            return left == .notUDP
                ? "kube-proxy removes UDP flows only" : "kube-proxy keeps connections when a policy changes\(sources)"
        }
        let isUpTo = minors.lowerBound == ProxyVersion.knownMinors.lowerBound
        let range =
            isUpTo
            ? "up to 1.\(minors.upperBound)"
            : minors.count == 1 ? "1.\(minors.lowerBound)" : "1.\(minors.lowerBound) to 1.\(minors.upperBound)"
        return "kube-proxy \(range) leaves such UDP flows\(sources)"
            + (left.isLeft(by: version) ? "; this is \(version)" : "; \(version) removes them")
    }
}
