internal import KubeChainsBytes

/// `[!] --mark VALUE/MASK` of `-m mark` (the packet's mark) and `-m connmark` (the connection's).
public struct MarkMatch: Sendable, Hashable {
    /// The mark's value in the bits that count.
    public let value: UInt32
    /// The bits that count.
    public let mask: UInt32
    /// Whether the packet must not match.
    public let isNegated: Bool

    /// A match of a mark; without a mask all bits count.
    public init(_ value: UInt32, mask: UInt32 = .max, isNegated: Bool = false) {
        self.value = value
        self.mask = mask
        self.isNegated = isNegated
    }

    /// Whether a packet with this mark fits, negation counted.
    public func contains(_ mark: UInt32) -> Bool { (mark & mask == value) != isNegated }

    func write(to text: inout TextWriter) {
        text.append(negation: isNegated)
        text.append(" --mark ")
        text.append(hexadecimal: value)
        guard mask != .max else { return }
        text.append(UInt8(ascii: "/"))
        text.append(hexadecimal: mask)
    }

    fileprivate init(_ arguments: ExtensionArguments) throws(RuleFault) {
        guard let use = arguments[0] else { throw arguments.missing("--mark") }
        let (value, mask) = try use.argument.markAndMask()
        self.init(value, mask: mask, isNegated: use.isNegated)
    }
}

extension MatchDefinition {
    static let mark = MatchDefinition("mark", options: [ExtensionOption("mark", 0, negatable: true)]) {
        arguments throws(RuleFault) in
        .mark(try MarkMatch(arguments))
    }

    static let connmark = MatchDefinition("connmark", options: [ExtensionOption("mark", 0, negatable: true)]) {
        arguments throws(RuleFault) in
        .connmark(try MarkMatch(arguments))
    }
}
