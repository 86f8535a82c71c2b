internal import KubeChainsBytes

/// `-m addrtype`: what kind of address the kernel's routing tables say it is. iptables-extensions(8), addrtype.
public struct AddressTypeMatch: Sendable, Hashable {
    /// A set of address types.
    public struct Types: OptionSet, Sendable, Hashable {
        public let rawValue: UInt16

        /// A match of the source, the destination or both.
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        /// `UNSPEC`: no address, such as 0.0.0.0.
        public static let unspec = Types(rawValue: 1 << 0)
        /// `UNICAST`.
        public static let unicast = Types(rawValue: 1 << 1)
        /// `LOCAL`: an address of the host.
        public static let local = Types(rawValue: 1 << 2)
        /// `BROADCAST`.
        public static let broadcast = Types(rawValue: 1 << 3)
        /// `ANYCAST`.
        public static let anycast = Types(rawValue: 1 << 4)
        /// `MULTICAST`.
        public static let multicast = Types(rawValue: 1 << 5)
        /// `BLACKHOLE`: a route drops packets without an answer.
        public static let blackhole = Types(rawValue: 1 << 6)
        /// `UNREACHABLE`: a route answers that the destination cannot be reached.
        public static let unreachable = Types(rawValue: 1 << 7)
        /// `PROHIBIT`: a route answers that the destination is prohibited.
        public static let prohibit = Types(rawValue: 1 << 8)
        /// `THROW`: the routing table passes the look-up on.
        public static let `throw` = Types(rawValue: 1 << 9)
        /// `NAT`.
        public static let nat = Types(rawValue: 1 << 10)
        /// `XRESOLVE`.
        public static let xresolve = Types(rawValue: 1 << 11)

        fileprivate static let names: [StaticString] = [
            "UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT",
            "THROW", "NAT", "XRESOLVE",
        ]
    }

    /// `--limit-iface-in` or `--limit-iface-out`: only addresses of the interface in question count.
    public enum Interface: Sendable, Hashable {
        /// The interface by which the packet came in, or leaves.
        case incoming, outgoing
    }

    /// The types that the source may have; nil for any.
    public var source: Types?
    /// Whether the source must not be of one of the types.
    public var isSourceNegated: Bool
    /// The types that the destination may have; nil for any.
    public var destination: Types?
    /// Whether the destination must not be of one of the types.
    public var isDestinationNegated: Bool
    /// The interface to which the look-up is limited (`--limit-iface-in`, `--limit-iface-out`); nil: none.
    public var interface: Interface?

    /// A match of the source, the destination or both.
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
