internal import Iptables
internal import NetAddress

/// The packet that a command line names.
struct TraceOptions: Sendable {
    var source: (address: IPAddress, port: UInt16?)?
    var destination: (address: IPAddress, port: UInt16, transport: TransportProtocol)?
    var state: TraceQuery.State?
    var isReply = false
    var inInterface: String?
    var outInterface: String?
    var affinity: (address: IPAddress, port: UInt16)?
}

extension OptionGroup {
    /// The options that name a packet.
    static let packet = OptionGroup(
        title: "The packet",
        options: [
            OptionSpec(name: "from", value: .text("IP[:PORT]"), help: "the client's address") {
                invocation, text throws(OptionError) in
                guard let source = parseSocketAddress(text) else {
                    throw OptionError(
                        message: "'\(text)' is no source: expected an address such as 10.244.1.9, or with a port "
                            + "10.244.1.9:40000 or [fd00::9]:40000")
                }
                invocation.packet.source = source
            },
            OptionSpec(
                name: "to", value: .text("IP:PORT[/PROTO]"),
                help: "where the client sends it; PROTO is tcp, udp or sctp, and tcp if left out"
            ) { invocation, text throws(OptionError) in
                let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
                let name = parts.count > 1 ? parts[1].lowercased() : "tcp"
                let transport = TransportProtocol.allCases.first { $0.name.description == name }
                guard let transport, let (address, port) = parseSocketAddress(String(parts[0])), let port else {
                    throw OptionError(
                        message: "'\(text)' is no destination: expected IP:PORT or IP:PORT/PROTO, such as "
                            + "10.96.0.10:53/udp or [fd00::a]:53/udp, with PROTO tcp, udp or sctp")
                }
                invocation.packet.destination = (address, port, transport)
            },
            .boolean("reply", "follow the answer to the packet, not the packet itself", "false") {
                $0.packet.isReply = $1
            },
            OptionSpec(
                name: "ctstate", value: .text("STATE"),
                help: "what connection tracking says of it: "
                    + TraceQuery.State.allCases.map(\.rawValue).joined(separator: ", "),
                defaultText: "NEW; ESTABLISHED with --reply"
            ) { invocation, text throws(OptionError) in
                guard let state = TraceQuery.State(rawValue: text.uppercased()) else {
                    let states = TraceQuery.State.allCases.map(\.rawValue).joined(separator: ", ")
                    throw OptionError(message: "'\(text)' is no state: expected \(states)")
                }
                invocation.packet.state = state
            },
            interface("in-interface", "the interface by which the packet comes in") { $0.inInterface = $1 },
            interface("out-interface", "the interface by which it leaves") { $0.outInterface = $1 },
            OptionSpec(
                name: "affinity-from", value: .text("IP:PORT"),
                help: "the endpoint to which the client was sent before, for Services with session affinity",
                defaultText: "the client was nowhere"
            ) { invocation, text throws(OptionError) in
                guard let (address, port) = parseSocketAddress(text), let port else {
                    throw OptionError(message: "'\(text)' is no endpoint: expected IP:PORT, such as 10.244.1.71:8080")
                }
                invocation.packet.affinity = (address, port)
            },
        ])

    private static func interface(
        _ name: String, _ help: String, _ set: @escaping @Sendable (inout TraceOptions, String) -> Void
    ) -> OptionSpec {
        OptionSpec(name: name, value: .text("NAME"), help: help, defaultText: "not known") {
            invocation, text throws(OptionError) in
            guard (1...15).contains(text.utf8.count), !text.contains(where: { $0 == "/" || $0.isWhitespace }) else {
                throw OptionError(message: "'\(text)' is no interface: expected a name of 1 to 15 bytes, such as eth0")
            }
            set(&invocation.packet, text)
        }
    }
}

/// `IP`, `IP:PORT`, or with an IPv6 address `[IP]:PORT`; nil for anything else.
private func parseSocketAddress(_ text: String) -> (address: IPAddress, port: UInt16?)? {
    if let address = IPAddress(text) { return (address, nil) }
    var parts = text.split(separator: ":", omittingEmptySubsequences: false)
    if text.hasPrefix("["), let close = text.firstIndex(of: "]") {
        let rest = text[text.index(after: close)...]
        guard rest.hasPrefix(":") else { return nil }
        parts = [text[text.index(after: text.startIndex)..<close], rest.dropFirst()]
    }
    guard parts.count == 2, let address = IPAddress(String(parts[0])), parts[1].utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
        let port = UInt16(parts[1]), port > 0, (address.family == .ipv6) == text.hasPrefix("[")
    else { return nil }
    return (address, port)
}
