public import NetAddress

/// What becomes of the connections of some senders at some frontends.
public struct Flow: Sendable, Hashable {
    /// Who sends.
    public let senders: SenderSet
    /// What becomes of each connection.
    public let outcome: FlowOutcome
}

/// A frontend of a Service port on a node, with what becomes of everybody's connections to it.
public struct FrontendFlows: Sendable {
    /// The kind of frontend.
    public let kind: Frontend.Kind
    /// The addresses: one, or those of the node that take node ports.
    public let addresses: [IPAddress]
    /// The port.
    public let port: UInt16
    /// The Service port.
    public let name: ServicePortName
    /// The port at the cluster IP.
    public let servicePort: UInt16
    /// The flows, whose senders are disjoint and together all who can send to the addresses.
    public let flows: [Flow]
}

/// What becomes of a connection, with what is known of the path outside the node.
public indirect enum FlowOutcome: Sendable, Hashable {
    /// One of the endpoints gets it.
    case endpoints([FlowEndpoint], TrafficOutcome.SourceTreatment)
    /// The client learns at once that nobody answers.
    case refused
    /// The client gets no answer.
    case timesOut
    /// kube-proxy does nothing about it.
    case unchanged
    /// Parts of the connections fare differently; each endpoint's share is one of all connections.
    case divided([FlowPart])
    /// What becomes of it cannot be told.
    case unknown(Doubt)

    /// Why an outcome is not known.
    public enum Doubt: Sendable, Hashable {
        /// Several Service ports have the frontend.
        case sharedFrontend
        /// The back end does not say.
        case mode
        /// It depends on a condition of rules that nothing is known about, such as an IP set.
        case condition(String)
        /// The rules cannot be followed.
        case rules(String)
    }
}

/// A part of connections that fare differently.
public struct FlowPart: Sendable, Hashable {
    /// How many of the connections.
    public let share: Share
    /// What becomes of each.
    public let outcome: FlowOutcome
}

/// An endpoint that gets a part of the connections.
public struct FlowEndpoint: Sendable, Hashable {
    /// The endpoint's address.
    public let address: IPAddress
    /// The endpoint's port.
    public let port: UInt16
    /// Its part of the connections; nil where that depends on other connections.
    public let share: Share?
    /// Whether the client gets its answers: not where they go past the node that translated the destination, since the
    /// endpoint is on another node and sees the address of a client that is not on this one (kubernetes#74383), unless the pod
    /// network rewrites the source.
    public let answers: Bool
    /// Whether it sees the sender's address although the others do not: an address of the node itself. What comes to it from
    /// elsewhere goes through INPUT and never through POSTROUTING, where sources are rewritten.
    public let seesSender: Bool
    /// What becomes of the connections that the endpoint has with itself, where it is among the senders and its address is
    /// otherwise preserved; nil: it is not.
    public var toItself: ToItself?

    /// What becomes of a connection of an endpoint with itself (hairpin).
    public enum ToItself: String, Sendable, Hashable {
        /// The node masquerades it, so that it is answered.
        case rewritten
        /// The endpoint gets a packet from its own address, and discards it.
        case timesOut = "timeout"
    }
}
