internal import KubeChainsBytes
internal import NetAddress

/// `-m sctp`: iptables-extensions(8), sctp.
public struct SCTPMatch: Sendable, Hashable {
    /// `--sport`.
    public var source: PortMatch?
    /// `--dport`.
    public var destination: PortMatch?
    /// `--chunk-types`.
    public var chunks: SCTPChunksMatch?

    /// A match of ports and chunks.
    public init(source: PortMatch? = nil, destination: PortMatch? = nil, chunks: SCTPChunksMatch? = nil) {
        self.source = source
        self.destination = destination
        self.chunks = chunks
    }

    func write(to text: inout TextWriter) {
        text.append(" -m sctp")
        source?.write(" --sport ", to: &text)
        destination?.write(" --dport ", to: &text)
        chunks?.write(to: &text)
    }
}

/// `[!] --chunk-types any|all|only LIST`.
public struct SCTPChunksMatch: Sendable, Hashable {
    /// How many of a packet's chunks must be of the types.
    public enum Scope: Sendable, Hashable, CaseIterable {
        /// One, all of the types, or no chunk of other types.
        case any, all, only

        var name: StaticString {
            switch self {
            case .any: "any"
            case .all: "all"
            case .only: "only"
            }
        }
    }

    /// A chunk type, with the flags that must be on or off.
    public struct Chunk: Sendable, Hashable {
        /// The chunk's type (RFC 9260).
        public let type: UInt8
        /// The flags that count.
        public var flagMask: UInt8 = 0
        /// Which of these must be set.
        public var flags: UInt8 = 0
    }

    /// How many of the chunks must match.
    public let scope: Scope
    /// The types by number, each once; nil for all.
    public let chunks: [Chunk]?
    /// Whether the packet must not match.
    public let isNegated: Bool

    /// The types and the letters of their flags, the highest bit first.
    private static let types: [(name: StaticString, number: UInt8, letters: StaticString)] = [
        ("DATA", 0, "----IUBE"), ("INIT", 1, ""), ("INIT_ACK", 2, ""), ("SACK", 3, ""), ("HEARTBEAT", 4, ""),
        ("HEARTBEAT_ACK", 5, ""), ("ABORT", 6, "-------T"), ("SHUTDOWN", 7, ""), ("SHUTDOWN_ACK", 8, ""),
        ("ERROR", 9, ""), ("COOKIE_ECHO", 10, ""), ("COOKIE_ACK", 11, ""), ("ECN_ECNE", 12, ""), ("ECN_CWR", 13, ""),
        ("SHUTDOWN_COMPLETE", 14, "-------T"), ("I_DATA", 64, "----IUBE"), ("RE_CONFIG", 130, ""), ("PAD", 132, ""),
        ("ASCONF", 193, ""), ("ASCONF_ACK", 128, ""), ("FORWARD_TSN", 192, ""), ("I_FORWARD_TSN", 194, ""),
    ]

    init(_ use: OptionUse) throws(RuleFault) {
        guard let scope = Scope.allCases.first(where: { use.argument.bytes.equalsIgnoringCase($0.name) }) else {
            throw use.argument.fault(expected: "any, all or only")
        }
        self.scope = scope
        isNegated = use.isNegated
        let list = use.second
        if list.bytes.equalsIgnoringCase("ALL") {
            chunks = nil
            return
        }
        var chunks: [Chunk] = []
        if !list.bytes.equalsIgnoringCase("NONE") {
            try list.bytes.forEachPart(separator: UInt8(ascii: ",")) { part throws(RuleFault) in
                if part.isEmpty { return }
                let colon = part.firstIndex(of: UInt8(ascii: ":")) ?? part.count
                guard let type = Self.types.first(where: { part[0..<colon].equalsIgnoringCase($0.name) }) else {
                    throw list.fault(expected: "SCTP chunk types such as DATA,INIT")
                }
                let index = chunks.firstIndex { $0.type == type.number } ?? chunks.endIndex
                if index == chunks.endIndex { chunks.append(Chunk(type: type.number)) }
                for position in min(colon + 1, part.count)..<part.count {
                    let letter = part[position]
                    guard let bit = type.letters.bit(ofFlag: letter) else {
                        throw list.fault(expected: "flags of the chunk type \(type.name)")
                    }
                    chunks[index].flagMask |= 1 << bit
                    if letter & 0x20 == 0 { chunks[index].flags |= 1 << bit }
                }
            }
        }
        self.chunks = chunks.sorted { $0.type < $1.type }
    }

    func write(to text: inout TextWriter) {
        text.append(negation: isNegated)
        text.append(" --chunk-types ")
        text.append(scope.name)
        text.append(UInt8(ascii: " "))
        guard let chunks else { return text.append("ALL") }
        if chunks.isEmpty { text.append("NONE") }
        for (index, chunk) in chunks.enumerated() {
            guard let type = Self.types.first(where: { $0.number == chunk.type }) else { continue }
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text.append(type.name)
            if chunk.flagMask != 0 { text.append(UInt8(ascii: ":")) }
            for bit in stride(from: UInt8(7), through: 0, by: -1) where chunk.flagMask >> bit & 1 == 1 {
                let letter = type.letters.letter(ofBit: bit)
                text.append(chunk.flags >> bit & 1 == 1 ? letter : letter | 0x20)
            }
        }
    }
}

extension StaticString {
    fileprivate func bit(ofFlag letter: UInt8) -> UInt8? {
        guard utf8CodeUnitCount == 8, letter != UInt8(ascii: "-") else { return nil }
        return (0..<UInt8(8)).first { self.letter(ofBit: $0) == letter & ~0x20 }
    }

    fileprivate func letter(ofBit bit: UInt8) -> UInt8 { unsafe utf8Start[7 - Int(bit)] }
}

extension MatchDefinition {
    static let sctp = MatchDefinition(
        "sctp", options: portOptions + [ExtensionOption("chunk-types", 2, arity: 2, negatable: true)]
    ) { arguments throws(RuleFault) in
        try arguments.require(TransportProtocol.sctp.number)
        var match = SCTPMatch()
        match.source = try PortMatch(arguments[0])
        match.destination = try PortMatch(arguments[1])
        if let use = arguments[2] { match.chunks = try SCTPChunksMatch(use) }
        return .sctp(match)
    }
}
