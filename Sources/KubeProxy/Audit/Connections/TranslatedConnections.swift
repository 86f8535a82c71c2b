public import Conntrack
public import NetAddress

/// Connections of a node that are translated alike, and that are wrong for one reason.
public struct TranslatedConnections: Sendable, Hashable {
    /// The protocol.
    public let transport: TransportProtocol
    /// Where the clients send to.
    public let destination: IPAddress
    /// The port that they send to.
    public let destinationPort: UInt16
    /// Where the packets go.
    public let target: IPAddress
    /// The port that they go to.
    public let targetPort: UInt16
    /// How many there are.
    public let count: Int
    /// The entries to delete: these, and no others of the list.
    public let filters: [ConntrackFilter]

    /// `3 UDP connections to 10.96.0.10:53 still go to 10.244.1.5:53`.
    var sentence: String {
        let (name, verb) = count == 1 ? ("connection", "goes") : ("connections", "go")
        let (there, here) = (AddressText(destination, port: destinationPort), AddressText(target, port: targetPort))
        return "\(count) \(transport.kubernetesName) \(name) to \(there) still \(verb) to \(here)"
    }

    /// The commands that delete them.
    var deletions: [String] { filters.map(\.deletion) }
}

/// What makes connections translated alike.
struct TranslationKey: Hashable {
    let transport: TransportProtocol
    let destination: IPAddress
    let destinationPort: UInt16
    let target: IPAddress
    let targetPort: UInt16
    let zone: UInt16

    init(_ entry: ConntrackEntry) {
        transport = entry.transport
        destination = entry.original.destination
        destinationPort = entry.original.destinationPort
        target = entry.reply.source
        targetPort = entry.reply.sourcePort
        zone = entry.zone
    }

    /// The entries that are translated so, of all clients or of one address.
    func filter(of client: IPAddress? = nil) -> ConntrackFilter {
        ConntrackFilter(
            transport, to: destination, port: destinationPort, from: target, replyPort: targetPort, client: client,
            zone: zone)
    }

    /// The entry that is translated so, of a client's port.
    func filter(_ client: ConnectionClient) -> ConntrackFilter {
        var filter = filter(of: client.address)
        filter.clientPort = client.port
        return filter
    }
}

/// The client's end of a connection.
struct ConnectionClient: Hashable {
    let address: IPAddress
    let port: UInt16
}
