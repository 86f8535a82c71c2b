internal import Iptables
internal import KubeProxy
internal import NetAddress

/// The packet that a command line names.
struct PacketOptions: Sendable {
    var source: (address: IPAddress, port: UInt16?)?
    var destination: (address: IPAddress, port: UInt16, transport: TransportProtocol)?
    var state: TraceQuery.State?
    var isReply = false
    var inInterface: String?
    var outInterface: String?
    var affinity: (address: IPAddress, port: UInt16)?
    var mark: UInt32 = 0
    /// The IP sets that hold the packet's addresses; nil: not known.
    var sets: Set<String>?
}

struct TraceOptions: TakesHostRules, WritesReport {
    static let command = "trace"
    static let modes: [ProxyMode] = [.iptables, .nftables]

    var operands: [String] = []
    var shaping = ShapingOptions()
    var output = ReportOutput()
    var packet = PacketOptions()
    var live: [String] = []

    static var groups: [OptionGroup<TraceOptions>] {
        [
            OptionGroup(
                title: "The packet",
                options: [
                    from, to,
                    .boolean("reply", "follow the answer to the packet, not the packet itself") {
                        $0.packet.isReply = $1
                    },
                    state,
                    interface("in-interface", "the interface by which the packet comes in") { $0.inInterface = $1 },
                    interface("out-interface", "the interface by which it leaves") { $0.outInterface = $1 },
                    affinity, mark, set,
                ]),
            .hostRules, .output([.text, .json, .dot, .mermaid, .svg]), .shaping, .nftables,
        ]
    }

    static func defaultText(of flag: ProxyFlag) -> String? { flag == .family ? "that of --to" : nil }
}

extension TraceOptions {
    private static var from: Option<TraceOptions> {
        Option("from", "IP[:PORT]", "the client's address") { options, text throws(OptionError) in
            guard let source = parseSocketAddress(text) else {
                throw OptionError(
                    message: "invalid source '\(text)': expected an address such as 10.244.1.9, or with a port "
                        + "10.244.1.9:40000 or [fd00::9]:40000")
            }
            options.packet.source = source
        }
    }

    private static var to: Option<TraceOptions> {
        Option(
            "to", "IP:PORT[/PROTO]", "where the client sends it; PROTO is tcp, udp or sctp, and tcp if left out"
        ) { options, text throws(OptionError) in
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts.count > 1 ? parts[1].lowercased() : "tcp"
            guard let transport = TransportProtocol(name: name),
                let (address, port) = parseSocketAddress(String(parts[0])), let port
            else {
                throw OptionError(
                    message: "invalid destination '\(text)': expected IP:PORT or IP:PORT/PROTO, such as "
                        + "10.96.0.10:53/udp or [fd00::a]:53/udp, with PROTO tcp, udp or sctp")
            }
            options.packet.destination = (address, port, transport)
        }
    }

    private static var state: Option<TraceOptions> {
        let states = TraceQuery.State.allCases.map(\.rawValue).joined(separator: ", ")
        return Option(
            "ctstate", "STATE", "what connection tracking says of it: " + states,
            default: "NEW; ESTABLISHED with --reply"
        ) { options, text throws(OptionError) in
            guard let state = TraceQuery.State(rawValue: text.uppercased()) else {
                throw OptionError(message: "invalid state '\(text)': expected \(states)")
            }
            options.packet.state = state
        }
    }

    private static var affinity: Option<TraceOptions> {
        Option(
            "affinity-from", "IP:PORT",
            "the endpoint to which the client was sent before, for Services with session affinity",
            default: "the client was nowhere"
        ) { options, text throws(OptionError) in
            guard let (address, port) = parseSocketAddress(text), let port else {
                throw OptionError(message: "invalid endpoint '\(text)': expected IP:PORT, such as 10.244.1.71:8080")
            }
            options.packet.affinity = (address, port)
        }
    }

    private static var mark: Option<TraceOptions> {
        Option("mark", "MARK", "the mark that it has before the first rule", default: "0") {
            options, text throws(OptionError) in
            let digits = text.lowercased()
            let mark = digits.hasPrefix("0x") ? UInt32(digits.dropFirst(2), radix: 16) : UInt32(digits)
            guard let mark else {
                throw OptionError(message: "invalid mark '\(text)': expected a number such as 0x4000 or 16384")
            }
            options.packet.mark = mark
        }
    }

    private static var set: Option<TraceOptions> {
        Option(
            "in-set", "NAME",
            "an IP set that holds its addresses (repeatable); sets that are not named do not, and '' stands for none",
            default: "not known"
        ) { options, text throws(OptionError) in
            guard text.utf8.count <= 31 else {
                throw OptionError(message: "invalid set '\(text)': a name has at most 31 bytes")
            }
            options.packet.sets = (options.packet.sets ?? []).union(text.isEmpty ? [] : [text])
        }
    }

    private static func interface(
        _ name: String, _ help: String, _ set: @escaping @Sendable (inout PacketOptions, String) -> Void
    ) -> Option<TraceOptions> {
        Option(name, "NAME", help, default: "not known") { options, text throws(OptionError) in
            guard (1...15).contains(text.utf8.count), !text.contains(where: { $0 == "/" || $0.isWhitespace }) else {
                throw OptionError(
                    message: "invalid interface '\(text)': expected a name of 1 to 15 bytes, such as eth0")
            }
            set(&options.packet, text)
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
