internal import KubeChainsBytes
internal import NetAddress

/// A range of ports; one port is a range of one.
public struct PortRange: Sendable, Hashable {
    /// The lowest port.
    public let first: UInt16
    /// The highest port.
    public let last: UInt16

    /// The ports from `first` to `last`.
    public init(first: UInt16, last: UInt16) {
        self.first = first
        self.last = last
    }

    /// A single port.
    public init(_ port: UInt16) { self.init(first: port, last: port) }

    /// Whether the port is in the range.
    public func contains(_ port: UInt16) -> Bool { first <= port && port <= last }

    func write(to text: inout TextWriter) {
        text.append(decimal: UInt64(first))
        guard first != last else { return }
        text.append(UInt8(ascii: ":"))
        text.append(decimal: UInt64(last))
    }
}

/// `[!] --sport RANGE` or `--dport`.
public struct PortMatch: Sendable, Hashable {
    /// The ports that are compared with.
    public let range: PortRange
    /// Whether the packet must not match.
    public let isNegated: Bool

    /// A match of ports in a range.
    public init(_ range: PortRange, isNegated: Bool = false) {
        self.range = range
        self.isNegated = isNegated
    }

    /// Whether a packet with this port fits, negation counted.
    public func contains(_ port: UInt16) -> Bool { range.contains(port) != isNegated }

    /// The match that an option makes; nil where every port fits.
    init?(_ use: OptionUse?, isDecimal: Bool = false, ascending: Bool = true) throws(RuleFault) {
        guard let use else { return nil }
        let range = try use.argument.portRange(isDecimal: isDecimal, ascending: ascending)
        if range == PortRange(first: 0, last: 0xFFFF), !use.isNegated { return nil }
        self.init(range, isNegated: use.isNegated)
    }

    func write(_ option: StaticString, to text: inout TextWriter) {
        text.append(negation: isNegated)
        text.append(option)
        range.write(to: &text)
    }
}

/// `-m tcp`: iptables-extensions(8), tcp.
public struct TCPMatch: Sendable, Hashable {
    /// `--sport`.
    public var source: PortMatch?
    /// `--dport`.
    public var destination: PortMatch?
    /// `--tcp-flags` and `--syn`.
    public var flags: TCPFlagsMatch?
    /// `--tcp-option`.
    public var option: TCPOptionMatch?

    /// A match of ports and what else is given.
    public init(
        source: PortMatch? = nil, destination: PortMatch? = nil, flags: TCPFlagsMatch? = nil,
        option: TCPOptionMatch? = nil
    ) {
        self.source = source
        self.destination = destination
        self.flags = flags
        self.option = option
    }

    func write(to text: inout TextWriter) {
        text.append(" -m tcp")
        source?.write(" --sport ", to: &text)
        destination?.write(" --dport ", to: &text)
        if let option {
            text.append(negation: option.isNegated)
            text.append(" --tcp-option ")
            text.append(decimal: UInt64(option.number))
        }
        flags?.write(to: &text)
    }
}

/// `[!] --tcp-option NUMBER`: the option is set.
public struct TCPOptionMatch: Sendable, Hashable {
    /// The option's number (IANA).
    public let number: UInt8
    /// Whether the packet must not match.
    public let isNegated: Bool

    /// A match of packets with an option.
    public init(_ number: UInt8, isNegated: Bool = false) {
        self.number = number
        self.isNegated = isNegated
    }
}

/// `[!] --tcp-flags MASK SET`: of the flags in the mask just those in the set are on. `--syn` is `FIN,SYN,RST,ACK SYN`.
public struct TCPFlagsMatch: Sendable, Hashable {
    /// The flags that count, bits as in the header: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32.
    public let mask: UInt8
    /// The flags that must be set of those that count.
    public let set: UInt8
    /// Whether the packet must not match.
    public let isNegated: Bool

    /// A match of flags.
    public init(mask: UInt8, set: UInt8, isNegated: Bool = false) {
        self.mask = mask
        self.set = set
        self.isNegated = isNegated
    }

    static let names: [StaticString] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"]

    func write(to text: inout TextWriter) {
        text.append(negation: isNegated)
        text.append(" --tcp-flags ")
        write(mask, to: &text)
        text.append(UInt8(ascii: " "))
        write(set, to: &text)
    }

    private func write(_ flags: UInt8, to text: inout TextWriter) {
        if flags == 0 { text.append("NONE") } else { text.append(UInt32(flags), of: TCPFlagsMatch.names) }
    }
}

/// `-m udp`: iptables-extensions(8), udp.
public struct UDPMatch: Sendable, Hashable {
    /// `--sport`.
    public var source: PortMatch?
    /// `--dport`.
    public var destination: PortMatch?

    /// A match of ports and what else is given.
    public init(source: PortMatch? = nil, destination: PortMatch? = nil) {
        self.source = source
        self.destination = destination
    }

    func write(to text: inout TextWriter) {
        text.append(" -m udp")
        source?.write(" --sport ", to: &text)
        destination?.write(" --dport ", to: &text)
    }
}

/// The options that all protocols with ports share.
let portOptions: [ExtensionOption] = [
    ExtensionOption("dport", 1, negatable: true), ExtensionOption("sport", 0, negatable: true),
    ExtensionOption("destination-port", 1, negatable: true), ExtensionOption("source-port", 0, negatable: true),
]

extension MatchDefinition {
    static let tcp = MatchDefinition(
        "tcp",
        options: portOptions + [
            ExtensionOption("syn", 2, arity: 0, negatable: true),
            ExtensionOption("tcp-flags", 2, arity: 2, negatable: true),
            ExtensionOption("tcp-option", 3, negatable: true),
        ]
    ) { arguments throws(RuleFault) in
        try arguments.require(TransportProtocol.tcp.number)
        var match = TCPMatch()
        match.source = try PortMatch(arguments[0])
        match.destination = try PortMatch(arguments[1])
        match.flags = try TCPFlagsMatch(arguments[2])
        if let use = arguments[3] {
            let number = try use.argument.number(1...255, "the number of a TCP option")
            match.option = TCPOptionMatch(UInt8(number), isNegated: use.isNegated)
        }
        return .tcp(match)
    }

    static let udp = MatchDefinition("udp", options: portOptions) { arguments throws(RuleFault) in
        try arguments.require(TransportProtocol.udp.number)
        // A range from the higher to the lower port is taken, and fits nothing.
        return .udp(
            UDPMatch(
                source: try PortMatch(arguments[0], isDecimal: true, ascending: false),
                destination: try PortMatch(arguments[1], isDecimal: true, ascending: false)))
    }
}

extension TCPFlagsMatch {
    /// The match that `--tcp-flags` or `--syn` makes; nil where every packet fits.
    fileprivate init?(_ use: OptionUse?) throws(RuleFault) {
        guard let use else { return nil }
        // `--syn` has no words after it, so that the option stands in their place.
        guard use.argument.offset != use.offset else {
            self.init(mask: 0x17, set: 0x02, isNegated: use.isNegated)
            return
        }
        let mask = try use.argument.tcpFlags()
        let set = try use.second.tcpFlags()
        if mask == 0, !use.isNegated { return nil }
        self.init(mask: mask, set: set, isNegated: use.isNegated)
    }
}

extension Token {
    fileprivate func tcpFlags() throws(RuleFault) -> UInt8 {
        var flags: UInt8 = 0
        try bytes.forEachPart(separator: UInt8(ascii: ",")) { part throws(RuleFault) in
            if part.isEmpty || part.equalsIgnoringCase("NONE") { return }
            if part.equalsIgnoringCase("ALL") {
                flags |= 0x3F
            } else if let index = TCPFlagsMatch.names.firstIndex(where: { part.equalsIgnoringCase($0) }) {
                flags |= 1 << UInt8(index)
            } else {
                throw fault(expected: "TCP flags out of FIN,SYN,RST,PSH,ACK,URG, or ALL or NONE")
            }
        }
        return flags
    }
}
