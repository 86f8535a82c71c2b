package import NetAddress

/// Where rules send the packets of many clients, followed together: for each part of the clients, what becomes of them and with
/// what chance.
///
/// The rules are asked as ``PacketTrace`` asks them. A condition on the client's address holds for some of the clients and not
/// for others, and each of both parts goes its own way; so no packet has to be followed for each client.
package struct ClientTrace: Sendable {
    /// What becomes of some of the clients' packets.
    package struct Part: Sendable {
        /// The clients.
        package let clients: AddressSet
        /// What is assumed, and which clients it is about, the latest first.
        package let assumptions: AssumptionList?
        /// The chance.
        package let probability: Double
        /// What becomes of the packet.
        package let verdict: TraceOutcome.Verdict
        /// Whether a rule refuses the packet, but rules stop the refusal on its way to the client.
        package let isRefusalLost: Bool
        /// Where the packet is sent in the end.
        package let destination: (address: TracedAddress, port: PortRange)
        /// Whether that was rewritten.
        package let isTranslated: Bool
        /// Whether the source was rewritten.
        package let isMasqueraded: Bool
        /// Whether the packet reaches the host itself.
        package let isForHost: Bool
    }

    /// In the order in which rules decide.
    package let parts: [Part]

    /// Follows the packets of a query's clients.
    ///
    /// - Throws: ``TraceError`` if the rules cannot be followed.
    package init(
        _ query: TraceQuery, through rules: IndexedRules, beside other: (any HookedChains)? = nil
    ) throws(TraceError) {
        var walker = PacketWalker(rules, query)
        walker.other = other
        parts = try PacketTrace.run([query.branch], &walker).map { arrival in
            let branch = arrival.branch
            return Part(
                clients: branch.clients?.addresses ?? AddressSet(query.destination.family, []),
                assumptions: branch.assumptions, probability: branch.probability, verdict: arrival.verdict,
                isRefusalLost: arrival.isRefusalLost,
                destination: (branch.packet.destination, branch.packet.destinationPort),
                isTranslated: branch.connection.destination != nil, isMasqueraded: branch.connection.source != nil,
                isForHost: arrival.isForHost)
        }
    }
}
