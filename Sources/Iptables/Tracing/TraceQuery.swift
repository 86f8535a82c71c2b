public import NetAddress

/// The packet that is asked about, and what is known of the host.
public struct TraceQuery: Sendable {
    /// What connection tracking says of the packet: `--ctstate`.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// The first packet of a connection.
        case new = "NEW"
        /// A later packet from the client. Its addresses are rewritten as the first packet's were.
        case established = "ESTABLISHED"
        /// The first packet of a connection that another one expects; the connection's mark is 0.
        case related = "RELATED"
        /// A packet of no connection.
        case invalid = "INVALID"
        /// A packet that connection tracking does not look at.
        case untracked = "UNTRACKED"
    }

    /// The client's address; one of the host's own makes the packet start in OUTPUT.
    public var source: IPAddress
    /// The client's port; nil: not known.
    public var sourcePort: UInt16?
    /// Where the client sends the packet.
    public var destination: IPAddress
    /// The port there.
    public var destinationPort: UInt16
    /// The protocol.
    public var transport: TransportProtocol
    /// What connection tracking says of the packet.
    public var state = State.new
    /// Whether the reply to the packet is traced, not the packet itself.
    public var isReply = false
    /// The interfaces by which the first packet comes in and leaves; nil: not known. The answer takes them the other
    /// way round.
    public var inInterface: String?
    /// The interface by which the packet leaves; nil: not known.
    public var outInterface: String?
    /// The packet's mark before the first rule.
    public var mark: UInt32 = 0
    /// The IP sets that hold the packet's addresses, those that are not named do not; nil: not known.
    public var sets: Set<String>?
    /// The host's addresses beside loopback; nil: not known. All others count as unicast addresses of other hosts.
    public var hostAddresses: [IPAddress]?
    /// Where `recent` remembers the client from: the address and port that DNAT sent it to before.
    public var affinity: (address: IPAddress, port: UInt16)?

    /// The client's node, where it is another node's pod; nil: it is not, or that is not known.
    public var clientNode: OtherNode?

    /// Clients that are followed together, in place of the one at ``source``.
    package var clients: TracedClients?
    /// Interfaces by which the first packet comes in, or does not: names as rules have them.
    package var inInterfaces: [(name: String, isTaken: Bool)] = []

    /// A packet that begins a connection.
    public init(
        from source: IPAddress, sourcePort: UInt16? = nil, to destination: IPAddress,
        port destinationPort: UInt16, _ transport: TransportProtocol = .tcp
    ) {
        self.source = source
        self.sourcePort = sourcePort
        self.destination = destination
        self.destinationPort = destinationPort
        self.transport = transport
    }

    /// The packet as it is sent.
    var packet: TracedPacket {
        var packet = TracedPacket(
            source: clients == nil ? .exact(source) : .client, sourcePort: sourcePort.map { PortRange($0) } ?? .all,
            destination: .exact(destination), destinationPort: PortRange(destinationPort), transport: transport)
        packet.mark = mark
        return packet
    }

    /// The packet on its way from the client.
    var branch: TraceBranch {
        var first = TracedConnection(state: state, original: packet)
        if isReply || state == .established { first.state = .new }
        var branch = TraceBranch(packet, first, clients)
        for (name, isTaken) in inInterfaces { branch = branch.assuming(.inInterface(name), isTaken) }
        return branch
    }
}
