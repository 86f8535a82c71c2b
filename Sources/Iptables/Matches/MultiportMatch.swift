internal import KubeChainsBytes

/// `-m multiport`: up to 15 ports, where a range takes the place of two. iptables-extensions(8), multiport.
public struct MultiportMatch: Sendable, Hashable {
    /// Which of a packet's ports are compared.
    public enum Side: Sendable, Hashable {
        /// `--source-ports`, `--destination-ports`, `--ports`.
        case source, destination, either
    }

    /// In the order in which they are written.
    public let ports: [PortRange]
    /// The ports that are compared.
    public let side: Side
    /// Whether the packet must not match.
    public let isNegated: Bool

    /// A match of ports in some ranges.
    public init(_ side: Side, _ ports: [PortRange], isNegated: Bool = false) {
        self.side = side
        self.ports = ports
        self.isNegated = isNegated
    }

    func write(to text: inout TextWriter) {
        text.append(" -m multiport")
        text.append(negation: isNegated)
        switch side {
        case .source: text.append(" --sports ")
        case .destination: text.append(" --dports ")
        case .either: text.append(" --ports ")
        }
        for (index, range) in ports.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            range.write(to: &text)
        }
    }

    fileprivate init(_ side: Side, _ use: OptionUse) throws(RuleFault) {
        let list = use.argument
        var ports: [PortRange] = []
        var places = 0
        try list.bytes.forEachPart(separator: UInt8(ascii: ",")) { part throws(RuleFault) in
            if let colon = part.firstIndex(of: UInt8(ascii: ":")) {
                let range = PortRange(
                    first: try list.port(part[0..<colon]), last: try list.port(part.dropFirst(colon + 1)))
                guard range.first < range.last else {
                    throw list.fault(expected: "ranges of ports from the lower to the higher")
                }
                ports.append(range)
                places += 2
            } else {
                ports.append(PortRange(try list.port(part)))
                places += 1
            }
            guard places <= 15 else { throw list.fault(expected: "at most 15 ports, a range counted as two") }
        }
        self.init(side, ports, isNegated: use.isNegated)
    }
}

extension MatchDefinition {
    static let multiport = MatchDefinition(
        "multiport",
        options: [
            ExtensionOption("source-ports", 0, negatable: true), ExtensionOption("sports", 0, negatable: true),
            ExtensionOption("destination-ports", 1, negatable: true), ExtensionOption("dports", 1, negatable: true),
            ExtensionOption("ports", 2, negatable: true),
        ]
    ) { arguments throws(RuleFault) in
        try arguments.exclude(0, 1)
        try arguments.exclude(0, 2)
        try arguments.exclude(1, 2)
        let match: MultiportMatch
        if let use = arguments[0] {
            match = try MultiportMatch(.source, use)
        } else if let use = arguments[1] {
            match = try MultiportMatch(.destination, use)
        } else if let use = arguments[2] {
            match = try MultiportMatch(.either, use)
        } else {
            throw arguments.missing("--sports, --dports or --ports")
        }
        guard let above = arguments.protocol, !above.isNegated, [6, 17, 33, 132, 136].contains(above.number) else {
            throw RuleFault(
                at: arguments.place.offset, found: "multiport without a protocol that has ports",
                expected: "-p tcp, udp, udplite, sctp or dccp in the same rule")
        }
        return .multiport(match)
    }
}
