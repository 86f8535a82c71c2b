public import NetAddress

/// The addresses and ports of one direction of a connection.
public struct ConntrackTuple: Sendable, Hashable {
    /// Who sends in this direction.
    public let source: IPAddress
    /// To whom.
    public let destination: IPAddress
    /// The sender's port.
    public let sourcePort: UInt16
    /// The receiver's port.
    public let destinationPort: UInt16

    /// A direction with these addresses and ports.
    public init(source: IPAddress, destination: IPAddress, sourcePort: UInt16, destinationPort: UInt16) {
        self.source = source
        self.destination = destination
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
    }
}

/// A connection that the kernel tracks, of a protocol that a Service port can have.
public struct ConntrackEntry: Sendable, Hashable {
    /// What the kernel's status bits say (`enum ip_conntrack_status`).
    public struct Status: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        /// Bits of a status.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// No answer was seen: not `IPS_SEEN_REPLY`.
        public static let unreplied = Status(rawValue: 1)
        /// It is kept although the table is full: `IPS_ASSURED`.
        public static let assured = Status(rawValue: 2)
        /// One side has closed it, and the entry ends soon: a TCP state from FIN_WAIT on, or SHUTDOWN of SCTP.
        public static let closing = Status(rawValue: 4)
    }

    /// The protocol.
    public let transport: TransportProtocol
    /// What the client sends, as it came to the node.
    public let original: ConntrackTuple
    /// What the client's peer answers, as it comes to the node.
    public let reply: ConntrackTuple
    /// The status.
    public let status: Status
    /// The mark of the connection.
    public let mark: UInt32
    /// The zone, where both directions have the same; 0: the default one.
    public let zone: UInt16
    /// The line of the list where the entry begins, from 1; 0: it was not read.
    public let line: Int

    /// An entry made from values.
    public init(
        _ transport: TransportProtocol, _ original: ConntrackTuple, reply: ConntrackTuple, status: Status = [],
        mark: UInt32 = 0, zone: UInt16 = 0, line: Int = 0
    ) {
        self.transport = transport
        self.original = original
        self.reply = reply
        self.status = status
        self.mark = mark
        self.zone = zone
        self.line = line
    }

    /// The family of its addresses.
    public var family: AddressFamily { original.destination.family }

    /// Whether the destination is translated: answers come from elsewhere than the client sends to.
    public var hasTranslatedDestination: Bool {
        reply.source != original.destination || reply.sourcePort != original.destinationPort
    }

    /// Whether the source is translated: answers go elsewhere than the client sends from.
    public var hasTranslatedSource: Bool {
        reply.destination != original.source || reply.destinationPort != original.sourcePort
    }
}

extension ConntrackEntry: CustomStringConvertible {
    /// What `conntrack -L` prints of it, without what changes by itself: `udp 17 src=10.244.1.9 dst=10.96.0.10 …`.
    public var description: String {
        func text(_ tuple: ConntrackTuple) -> String {
            "src=\(tuple.source) dst=\(tuple.destination) sport=\(tuple.sourcePort) dport=\(tuple.destinationPort)"
        }
        return "\(transport.name) \(transport.number) \(text(original))"
            + (status.contains(.unreplied) ? " [UNREPLIED]" : "") + " \(text(reply))"
            + (status.contains(.assured) ? " [ASSURED]" : "") + " mark=\(mark)" + (zone == 0 ? "" : " zone=\(zone)")
    }
}
