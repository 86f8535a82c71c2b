public import NetAddress

extension TraceQuery {
    /// What is known of a client on another node, and of where endpoints are.
    public struct OtherNode: Sendable {
        /// The node whose pod the client is.
        public let name: String
        /// The addresses of endpoints on the host itself.
        public let endpointsHere: Set<IPAddress>

        /// A client that is another node's pod.
        public init(name: String, endpointsHere: Set<IPAddress>) {
            self.name = name
            self.endpointsHere = endpointsHere
        }
    }
}

extension TraceOutcome {
    /// Whether the client gets no answer, although the packet reaches an endpoint: the endpoint is on another node than the
    /// one that translated the destination, and sees the address of a client that is not on this one either. It answers
    /// past this node (kubernetes#74383), unless the pod network rewrites the source.
    public func isAnsweredPast(_ query: TraceQuery) -> Bool {
        guard let node = query.clientNode, verdict == .accept, isTranslated, !isMasqueraded, !isForHost, !isReply,
            case .exact(let address) = packet.destination
        else { return false }
        return !node.endpointsHere.contains(address)
    }
}
