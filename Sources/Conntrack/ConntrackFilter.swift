public import NetAddress

/// Which entries `conntrack -D` deletes: those whose fields are these.
public struct ConntrackFilter: Sendable, Hashable {
    /// The protocol.
    public let transport: TransportProtocol
    /// Where clients send to.
    public let destination: IPAddress
    /// The port that they send to.
    public let destinationPort: UInt16
    /// Where answers come from.
    public let replySource: IPAddress
    /// The port that they come from; nil: any.
    public var replyPort: UInt16?
    /// The client's address; nil: any.
    public var client: IPAddress?
    /// The client's port; nil: any.
    public var clientPort: UInt16?
    /// The zone; 0: any.
    public var zone: UInt16

    /// The entries with these fields.
    public init(
        _ transport: TransportProtocol, to destination: IPAddress, port: UInt16, from replySource: IPAddress,
        replyPort: UInt16? = nil, client: IPAddress? = nil, clientPort: UInt16? = nil, zone: UInt16 = 0
    ) {
        self.transport = transport
        self.destination = destination
        destinationPort = port
        self.replySource = replySource
        self.replyPort = replyPort
        self.client = client
        self.clientPort = clientPort
        self.zone = zone
    }

    /// The arguments of conntrack that select the entries.
    public var arguments: [String] {
        var arguments = ["-f", destination.family == .ipv4 ? "ipv4" : "ipv6", "-p", transport.name.description]
        if let client { arguments += ["--orig-src", client.description] }
        if let clientPort { arguments += ["--orig-port-src", "\(clientPort)"] }
        arguments += ["--orig-dst", destination.description, "--orig-port-dst", "\(destinationPort)"]
        arguments += ["--reply-src", replySource.description]
        if let replyPort { arguments += ["--reply-port-src", "\(replyPort)"] }
        if zone > 0 { arguments += ["-w", "\(zone)"] }
        return arguments
    }

    /// The command that deletes the entries.
    public var deletion: String { "conntrack -D " + arguments.joined(separator: " ") }
}
