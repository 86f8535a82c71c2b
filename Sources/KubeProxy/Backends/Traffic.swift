public import NetAddress

/// Who sends.
public enum TrafficOrigin: String, Sendable, Hashable, CaseIterable {
    /// Pods of this node, the node itself, or anybody else.
    case pods, node, outside
}

/// Who sends, as far as it makes a difference to a frontend.
public struct TrafficSender: Sendable, Hashable {
    /// Who sends.
    public let origin: TrafficOrigin
    /// Whether the sender is in loadBalancerSourceRanges; nil where that does not matter.
    public let isInSourceRanges: Bool?
    /// Whether the node sends from an address that is taken for a pod's; nil: from its main one, or it is not the node that sends.
    public let hasPodAddress: Bool?

    /// A sender.
    public init(_ origin: TrafficOrigin, isInSourceRanges: Bool? = nil, hasPodAddress: Bool? = nil) {
        self.origin = origin
        self.isInSourceRanges = isInSourceRanges
        self.hasPodAddress = hasPodAddress
    }
}

/// What becomes of the first packet of a connection.
public enum TrafficOutcome: Sendable, Hashable {
    /// One of these gets it.
    case endpoints([EndpointShare], SourceTreatment)
    /// The client learns at once that nobody answers.
    case refused
    /// It is dropped, so that the client times out.
    case timesOut
    /// kube-proxy does nothing about it.
    case unchanged
    /// What becomes of it cannot be told from the plan.
    case unknown

    /// What endpoints see of the sender's address.
    public enum SourceTreatment: Sendable, Hashable {
        /// They see the sender's address.
        case preserved
        /// They see an address of the node.
        case rewritten
    }
}

/// An endpoint with its part of the connections.
public struct EndpointShare: Sendable, Hashable {
    /// The endpoint's address.
    public let address: IPAddress
    /// The endpoint's port.
    public let port: UInt16
    /// It gets one in so many connections; nil where that depends on other connections.
    public let oneIn: Int?
}

extension ServicePortPlan {
    /// The endpoints that a policy chooses among, with equal parts.
    func shares(of policy: EndpointPolicy) -> [EndpointShare] {
        let count = count(of: policy)
        return endpoints(of: policy).map { EndpointShare(address: $0.address, port: $0.port, oneIn: count) }
    }

    /// Whether all endpoints of a policy are the node itself. What others send to them is not masqueraded: it goes through INPUT
    /// and never through POSTROUTING.
    func isForHost(_ policy: EndpointPolicy, from sender: TrafficSender, _ node: NodeFacts) -> Bool {
        sender.origin != .node && endpoints(of: policy).allSatisfy { node.hostAddresses.contains($0.address) }
    }

    /// Whether senders of an origin are in the source ranges: one case, or both where some are and some are not; nil where
    /// the ranges do not matter.
    func sourceRangeCases(_ origin: TrafficOrigin, to kind: Frontend.Kind, _ node: NodeFacts) -> [Bool?] {
        guard kind == .loadBalancerIP, !sourceRanges.isEmpty else { return [nil] }
        switch origin {
        case .node: return [sourceRangesHoldNode]
        case .outside: return [true, false]
        case .pods:
            guard case .source(let pods) = node.localTraffic else { return [true, false] }
            if sourceRanges.contains(where: { $0.length <= pods.length && $0.contains(pods.network) }) { return [true] }
            return sourceRanges.contains { pods.contains($0.network) } ? [true, false] : [false]
        }
    }
}

extension NodeFacts {
    /// Whether a sender is taken for a pod, as the node is where its address is among the pods'.
    func takesForPod(_ sender: TrafficSender) -> Bool {
        sender.origin == .pods || sender.origin == .node && (sender.hasPodAddress ?? countsAsPod)
    }
}
