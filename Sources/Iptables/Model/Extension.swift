internal import KubeChainsBytes
internal import NetAddress

/// An option of a match or a target: its name, and what follows it.
struct ExtensionOption: Sendable {
    /// The name without the dashes.
    let name: StaticString
    /// Its number within the extension, below 32; synonyms share one.
    let id: UInt8
    /// The number of words that follow.
    let arity: UInt8
    /// Whether `!` may stand before it.
    let negatable: Bool

    init(_ name: StaticString, _ id: UInt8, arity: UInt8 = 1, negatable: Bool = false) {
        self.name = name
        self.id = id
        self.arity = arity
        self.negatable = negatable
    }
}

/// How the options of a match are read. The value writes itself.
struct MatchDefinition: Sendable {
    let name: StaticString
    /// Other names of the same match.
    let synonyms: [StaticString]
    /// The families that have it.
    let families: [AddressFamily]
    let options: [ExtensionOption]
    let read: @Sendable (ExtensionArguments) throws(RuleFault) -> Match

    init(
        _ name: StaticString, synonyms: [StaticString] = [], families: [AddressFamily] = AddressFamily.allCases,
        options: [ExtensionOption], read: @escaping @Sendable (ExtensionArguments) throws(RuleFault) -> Match
    ) {
        self.name = name
        self.synonyms = synonyms
        self.families = families
        self.options = options
        self.read = read
    }

    /// All matches that are modelled; those that kube-proxy writes first, since they are looked for one by one.
    static let all: [MatchDefinition] = [
        .comment, .tcp, .statistic, .udp, .recent, .addrtype, .mark, .conntrack, .nfacct, .sctp, .state, .connmark,
        .multiport, .set, .physdev, .limit, .rpfilter, .icmp, .icmp6,
    ]

    private static let names = all.map(\.name)

    /// The position in ``all`` of the match with a name.
    static func index(named name: ByteView, _ family: AddressFamily) -> Int? {
        let index = names.firstIndex { name == $0 } ?? all.firstIndex { $0.synonyms.contains { name == $0 } }
        guard let index, all[index].families.contains(family) else { return nil }
        return index
    }

    /// The position of the match that `-p` with this number brings along when one of its options is used.
    static func index(impliedBy protocolNumber: UInt8, _ family: AddressFamily) -> Int? {
        let name: StaticString
        switch protocolNumber {
        case 1: name = "icmp"
        case 58: name = "icmp6"
        default:
            guard let transport = TransportProtocol(number: protocolNumber) else { return nil }
            name = transport.name
        }
        return all.firstIndex { $0.name.isEqual(to: name) && $0.families.contains(family) }
    }
}

/// How the options of a target are read.
struct TargetDefinition: Sendable {
    let name: StaticString
    let options: [ExtensionOption]
    let read: @Sendable (ExtensionArguments) throws(RuleFault) -> Target

    init(
        _ name: StaticString, options: [ExtensionOption] = [],
        read: @escaping @Sendable (ExtensionArguments) throws(RuleFault) -> Target
    ) {
        self.name = name
        self.options = options
        self.read = read
    }

    /// All targets that are modelled.
    static let all: [TargetDefinition] = [
        TargetDefinition("ACCEPT") { _ in .accept },
        TargetDefinition("DROP") { _ in .drop },
        TargetDefinition("RETURN") { _ in .return },
        TargetDefinition("QUEUE") { _ in .queue },
        TargetDefinition("TRACE") { _ in .trace },
        .dnat, .mark, .masquerade, .reject, .snat, .redirect, .connmark, .log, .nflog, .ct, .notrack, .tcpmss,
    ]

    private static let names = all.map(\.name)

    /// The position in ``all`` of the target with a name.
    static func index(named name: ByteView) -> Int? { names.firstIndex { name == $0 } }

    /// Targets of iptables 1.8.9 that are not modelled. A jump to any other name goes to a chain.
    private static let unmodelled: [StaticString] = [
        "AUDIT", "CHECKSUM", "CLASSIFY", "CLUSTERIP", "CONNSECMARK", "DNPT", "DSCP", "ECN", "HL", "HMARK", "IDLETIMER",
        "LED", "NETMAP", "NFQUEUE", "RATEEST", "SECMARK", "SET", "SNPT", "SYNPROXY", "TCPOPTSTRIP", "TEE", "TOS",
        "TPROXY", "TTL", "ULOG",
    ]

    static func isUnmodelled(_ name: ByteView) -> Bool { unmodelled.contains { name == $0 } }
}

extension StaticString {
    fileprivate func isEqual(to other: StaticString) -> Bool {
        utf8CodeUnitCount == other.utf8CodeUnitCount && "\(self)" == "\(other)"
    }
}

/// An option as a rule uses it.
struct OptionUse {
    /// The extension's place among those of the rule.
    let owner: Int
    let id: UInt8
    let isNegated: Bool
    /// Where the option begins in the text.
    let offset: Int
    /// The word after it; the option itself where none belongs to it.
    let argument: Token
    /// The second word after it; the option itself where none belongs to it.
    let second: Token
}

/// The input for reading a match or a target: its options in a rule, and the parts of the rule it depends on.
struct ExtensionArguments {
    let uses: [OptionUse]
    let owner: Int
    /// The word after `-m` or `-j`, or the `-p` that brought the match along.
    let place: Token
    let family: AddressFamily
    let `protocol`: ProtocolMatch?
    let strings: StringTable

    /// The use of an option; no option of the modelled extensions can be used twice.
    @inline(__always)
    subscript(id: UInt8) -> OptionUse? {
        for index in uses.indices where uses[index].owner == owner && uses[index].id == id { return uses[index] }
        return nil
    }

    @inline(__always)
    func has(_ id: UInt8) -> Bool { self[id] != nil }

    /// The fault of using two options that exclude each other.
    func exclude(_ first: UInt8, _ second: UInt8) throws(RuleFault) {
        guard let one = self[first], let other = self[second] else { return }
        let later = one.offset > other.offset ? one : other
        throw RuleFault(
            at: later.offset, found: "two options that exclude each other", expected: "one of them",
            remedy: "leave one of them out; iptables refuses both together")
    }

    /// Makes sure that the rule has `-p` of this protocol; the kernel refuses the match or target without it.
    func require(_ number: UInt8) throws(RuleFault) {
        guard self.protocol != ProtocolMatch(number), let name = ProtocolNames.name(of: number) else { return }
        throw RuleFault(
            at: place.offset, found: "\(place.quoted) without -p \(name)", expected: "-p \(name) in the same rule")
    }

    /// The fault of a missing option.
    func missing(_ expected: String) -> RuleFault {
        RuleFault(
            at: place.offset, found: "\(place.quoted) by itself", expected: expected,
            remedy: "add the option; iptables refuses the rule without it")
    }
}
