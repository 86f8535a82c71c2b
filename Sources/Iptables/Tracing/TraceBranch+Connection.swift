package import NetAddress

extension TraceBranch {
    /// The first packet of a connection, in the middle of its way through the hooks.
    ///
    /// - Parameters:
    ///   - source: the client's address; a range where it is only known to be one of it.
    ///   - translation: where the packet has been sent by DNAT; nil: it has its first destination.
    ///   - mark: the packet's mark.
    package init(
        from source: TracedAddress, to destination: (address: IPAddress, port: UInt16), _ transport: TransportProtocol,
        translated translation: (address: IPAddress, port: UInt16)?, mark: UInt32, isFromHost: Bool
    ) {
        let first = TracedPacket(
            source: source, sourcePort: .all, destination: .exact(destination.address),
            destinationPort: PortRange(destination.port), transport: transport)
        self.init(first, TracedConnection(state: .new, original: first))
        packet.mark = mark
        connection.isSeen = true
        self.isFromHost = isFromHost
        guard let (address, port) = translation else { return }
        rewrite(.dnat(TranslationTarget(address, ports: PortRange(port))), .prerouting, address.family)
        routedTo = packet.destination
        isRewrittenHere = false
    }

    /// Whether a rule has rewritten the destination of the connection.
    package var isTranslated: Bool { connection.destination != nil }
}
