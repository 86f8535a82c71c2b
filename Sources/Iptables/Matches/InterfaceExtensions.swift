internal import KubeChainsBytes

/// `-m physdev`: the port of a bridge that the packet came in by or goes out by. iptables-extensions(8), physdev.
public struct PhysdevMatch: Sendable, Hashable {
    /// `--physdev-in`.
    public var input: InterfaceMatch?
    /// `--physdev-out`.
    public var output: InterfaceMatch?
    /// Whether the packet must (true) or must not (false) have come in by a bridge; nil: it does not matter.
    public var isIn: Bool?
    /// Whether the packet must or must not go out by a bridge.
    public var isOut: Bool?
    /// Whether the packet must or must not be bridged, not routed.
    public var isBridged: Bool?

    /// A match without any condition yet.
    public init() {}

    func write(to text: inout TextWriter) {
        text.append(" -m physdev")
        write(isIn, " --physdev-is-in", to: &text)
        input?.write(" --physdev-in ", to: &text)
        write(isOut, " --physdev-is-out", to: &text)
        output?.write(" --physdev-out ", to: &text)
        write(isBridged, " --physdev-is-bridged", to: &text)
    }

    private func write(_ condition: Bool?, _ option: StaticString, to text: inout TextWriter) {
        guard let condition else { return }
        text.append(negation: !condition)
        text.append(option)
    }
}

/// `-m rpfilter`: a reply to the packet would go out by the interface that the packet came in by. iptables-extensions(8),
/// rpfilter.
public struct ReversePathMatch: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// By any interface.
    public static let loose = ReversePathMatch(rawValue: 1 << 0)
    /// The packet's mark counts in the search for the route.
    public static let validMark = ReversePathMatch(rawValue: 1 << 1)
    /// Packets from a local address pass.
    public static let acceptLocal = ReversePathMatch(rawValue: 1 << 2)
    /// Packets that fail fit, not those that pass.
    public static let invert = ReversePathMatch(rawValue: 1 << 3)

    func write(to text: inout TextWriter) {
        text.append(" -m rpfilter")
        if contains(.loose) { text.append(" --loose") }
        if contains(.validMark) { text.append(" --validmark") }
        if contains(.acceptLocal) { text.append(" --accept-local") }
        if contains(.invert) { text.append(" --invert") }
    }
}

extension MatchDefinition {
    static let physdev = MatchDefinition(
        "physdev",
        options: [
            ExtensionOption("physdev-in", 0, negatable: true), ExtensionOption("physdev-out", 1, negatable: true),
            ExtensionOption("physdev-is-in", 2, arity: 0, negatable: true),
            ExtensionOption("physdev-is-out", 3, arity: 0, negatable: true),
            ExtensionOption("physdev-is-bridged", 4, arity: 0, negatable: true),
        ]
    ) { arguments throws(RuleFault) in
        var match = PhysdevMatch()
        if let use = arguments[0] {
            match.input = InterfaceMatch(try use.argument.interface(in: arguments.strings), isNegated: use.isNegated)
        }
        if let use = arguments[1] {
            match.output = InterfaceMatch(try use.argument.interface(in: arguments.strings), isNegated: use.isNegated)
        }
        match.isIn = arguments[2].map { !$0.isNegated }
        match.isOut = arguments[3].map { !$0.isNegated }
        match.isBridged = arguments[4].map { !$0.isNegated }
        guard match != PhysdevMatch() else { throw arguments.missing("an option such as --physdev-in") }
        return .physdev(match)
    }

    static let rpfilter = MatchDefinition(
        "rpfilter",
        options: [
            ExtensionOption("loose", 0, arity: 0), ExtensionOption("validmark", 1, arity: 0),
            ExtensionOption("accept-local", 2, arity: 0), ExtensionOption("invert", 3, arity: 0),
        ]
    ) { arguments throws(RuleFault) in
        var match = ReversePathMatch()
        for id in UInt8(0)..<4 where arguments.has(id) { match.insert(ReversePathMatch(rawValue: 1 << id)) }
        return .rpfilter(match)
    }
}
