internal import KubeChainsBytes

/// `-m addrtype`: what kind of address the kernel's routing tables say it is. iptables-extensions(8), addrtype.
public struct AddressTypeMatch: Sendable, Hashable {
    /// A set of address types.
    public struct Types: OptionSet, Sendable, Hashable {
        public let rawValue: UInt16

        public init(rawValue: UInt16) { self.rawValue = rawValue }

        public static let unspec = Types(rawValue: 1 << 0)
        public static let unicast = Types(rawValue: 1 << 1)
        public static let local = Types(rawValue: 1 << 2)
        public static let broadcast = Types(rawValue: 1 << 3)
        public static let anycast = Types(rawValue: 1 << 4)
        public static let multicast = Types(rawValue: 1 << 5)
        public static let blackhole = Types(rawValue: 1 << 6)
        public static let unreachable = Types(rawValue: 1 << 7)
        public static let prohibit = Types(rawValue: 1 << 8)
        public static let `throw` = Types(rawValue: 1 << 9)
        public static let nat = Types(rawValue: 1 << 10)
        public static let xresolve = Types(rawValue: 1 << 11)

        fileprivate static let names: [StaticString] = [
            "UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT",
            "THROW", "NAT", "XRESOLVE",
        ]
    }

    /// `--limit-iface-in` or `--limit-iface-out`: only addresses of the interface in question count.
    public enum Interface: Sendable, Hashable {
        case incoming, outgoing
    }

    /// The types that the source may have; nil for any.
    public var source: Types?
    public var isSourceNegated: Bool
    /// The types that the destination may have; nil for any.
    public var destination: Types?
    public var isDestinationNegated: Bool
    public var interface: Interface?

    public init(
        source: Types? = nil, isSourceNegated: Bool = false, destination: Types? = nil,
        isDestinationNegated: Bool = false, interface: Interface? = nil
    ) {
        self.source = source
        self.isSourceNegated = isSourceNegated
        self.destination = destination
        self.isDestinationNegated = isDestinationNegated
        self.interface = interface
    }

    func write(to text: inout TextWriter) {
        text.append(" -m addrtype")
        if let source {
            text.append(negation: isSourceNegated)
            text.append(" --src-type ")
            text.append(UInt32(source.rawValue), of: Types.names)
        }
        if let destination {
            text.append(negation: isDestinationNegated)
            text.append(" --dst-type ")
            text.append(UInt32(destination.rawValue), of: Types.names)
        }
        switch interface {
        case .incoming: text.append(" --limit-iface-in")
        case .outgoing: text.append(" --limit-iface-out")
        case nil: break
        }
    }
}

extension MatchDefinition {
    static let addrtype = MatchDefinition(
        "addrtype",
        options: [
            ExtensionOption("dst-type", 1, negatable: true), ExtensionOption("src-type", 0, negatable: true),
            ExtensionOption("limit-iface-in", 2, arity: 0), ExtensionOption("limit-iface-out", 3, arity: 0),
        ]
    ) { arguments throws(RuleFault) in
        var match = AddressTypeMatch()
        if let use = arguments[0] {
            match.source = try AddressTypeMatch.Types(use.argument)
            match.isSourceNegated = use.isNegated
        }
        if let use = arguments[1] {
            match.destination = try AddressTypeMatch.Types(use.argument)
            match.isDestinationNegated = use.isNegated
        }
        guard match.source != nil || match.destination != nil else {
            throw arguments.missing("--src-type or --dst-type")
        }
        try arguments.exclude(2, 3)
        match.interface = arguments.has(2) ? .incoming : arguments.has(3) ? .outgoing : nil
        return .addrtype(match)
    }
}

extension AddressTypeMatch.Types {
    fileprivate init(_ list: Token) throws(RuleFault) {
        self.init(rawValue: UInt16(try list.nameSet(Self.names, "types of addresses")))
    }
}
