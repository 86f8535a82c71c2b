internal import KubeChainsBytes

/// A change of a mark: the bits of the mask are cleared, then the value's bits are flipped. All of `--set-mark`,
/// `--and-mark`, `--or-mark`, `--xor-mark` and `--set-xmark` are of this form.
public struct MarkChange: Sendable, Hashable {
    /// The bits to set, or to turn over.
    public let value: UInt32
    /// The bits to clear first.
    public let mask: UInt32

    /// A change: bits of `mask` are cleared, and `value` is then combined by exclusive or.
    public init(value: UInt32, mask: UInt32) {
        self.value = value
        self.mask = mask
    }

    /// The mark that the change makes of another.
    public func applied(to mark: UInt32) -> UInt32 { (mark & ~mask) ^ value }

    func write(to text: inout TextWriter) {
        text.append(" --set-xmark ")
        text.append(hexadecimal: value)
        text.append(UInt8(ascii: "/"))
        text.append(hexadecimal: mask)
    }

    /// The options, numbered 0…4; MARK and CONNMARK share them.
    static let options: [ExtensionOption] = [
        ExtensionOption("set-xmark", 0), ExtensionOption("set-mark", 1), ExtensionOption("or-mark", 2),
        ExtensionOption("xor-mark", 3), ExtensionOption("and-mark", 4),
    ]

    /// The change that one of the options names; nil if none is used.
    fileprivate init?(_ arguments: ExtensionArguments, others: Range<UInt8> = 0..<0) throws(RuleFault) {
        for first in UInt8(0)..<5 where arguments.has(first) {
            for second in UInt8(first + 1)..<5 { try arguments.exclude(first, second) }
            for other in others { try arguments.exclude(first, other) }
        }
        if let use = arguments[0] {
            let (value, mask) = try use.argument.markAndMask()
            self.init(value: value, mask: mask)
        } else if let use = arguments[1] {
            let (value, mask) = try use.argument.markAndMask()
            self.init(value: value, mask: value | mask)
        } else if let use = arguments[2] {
            let bits = try use.argument.uint32("bits of a mark")
            self.init(value: bits, mask: bits)
        } else if let use = arguments[3] {
            self.init(value: try use.argument.uint32("bits of a mark"), mask: 0)
        } else if let use = arguments[4] {
            self.init(value: 0, mask: ~(try use.argument.uint32("bits of a mark")))
        } else {
            return nil
        }
    }
}

/// `-j CONNMARK`: iptables-extensions(8), CONNMARK.
public struct ConnectionMarkTarget: Sendable, Hashable {
    /// What is done with the two marks.
    public enum Operation: Sendable, Hashable {
        /// Changes the connection's mark.
        case set(MarkChange)
        /// Copies the packet's mark to the connection: of the packet's the bits in `packetMask`, into those in
        /// `connectionMask`.
        case save(packetMask: UInt32, connectionMask: UInt32)
        /// Copies the connection's mark to the packet.
        case restore(packetMask: UInt32, connectionMask: UInt32)
    }

    /// Where bits are moved.
    public enum Shift: Sendable, Hashable {
        /// To higher, or to lower bits.
        case left, right
    }

    /// What is done.
    public var operation: Operation
    /// How far the mark is shifted besides: 0…32.
    public var shiftBits: UInt8
    /// Where bits are moved.
    public var shift: Shift

    /// An operation, with bits moved or not.
    public init(_ operation: Operation, shift: Shift = .left, bits: UInt8 = 0) {
        self.operation = operation
        self.shift = bits == 0 ? .left : shift
        shiftBits = bits
    }

    func write(to text: inout TextWriter) {
        text.append(" -j CONNMARK")
        switch operation {
        case .set(let change):
            change.write(to: &text)
        case .save(let packetMask, let connectionMask):
            write(" --save-mark --nfmask ", packetMask, connectionMask, to: &text)
        case .restore(let packetMask, let connectionMask):
            write(" --restore-mark --nfmask ", packetMask, connectionMask, to: &text)
        }
        guard shiftBits != 0 else { return }
        text.append(shift == .left ? " --left-shift-mark " : " --right-shift-mark ")
        text.append(decimal: UInt64(shiftBits))
    }

    private func write(
        _ option: StaticString, _ packetMask: UInt32, _ connectionMask: UInt32, to text: inout TextWriter
    ) {
        text.append(option)
        text.append(hexadecimal: packetMask)
        text.append(" --ctmask ")
        text.append(hexadecimal: connectionMask)
    }
}

extension TargetDefinition {
    static let mark = TargetDefinition("MARK", options: MarkChange.options) { arguments throws(RuleFault) in
        guard let change = try MarkChange(arguments) else { throw arguments.missing("--set-xmark") }
        return .mark(change)
    }

    static let connmark = TargetDefinition(
        "CONNMARK",
        options: MarkChange.options + [
            ExtensionOption("save-mark", 5, arity: 0), ExtensionOption("restore-mark", 6, arity: 0),
            ExtensionOption("ctmask", 7), ExtensionOption("nfmask", 8), ExtensionOption("mask", 9),
            ExtensionOption("left-shift-mark", 10), ExtensionOption("right-shift-mark", 11),
        ]
    ) { arguments throws(RuleFault) in
        try arguments.exclude(5, 6)
        try arguments.exclude(9, 7)
        try arguments.exclude(9, 8)
        var packetMask = UInt32.max
        var connectionMask = UInt32.max
        if let use = arguments[7] { connectionMask = try use.argument.uint32("a mask") }
        if let use = arguments[8] { packetMask = try use.argument.uint32("a mask") }
        if let use = arguments[9] {
            packetMask = try use.argument.uint32("a mask")
            connectionMask = packetMask
        }
        let operation: ConnectionMarkTarget.Operation
        if let change = try MarkChange(arguments, others: 5..<7) {
            operation = .set(change)
        } else if arguments.has(5) {
            operation = .save(packetMask: packetMask, connectionMask: connectionMask)
        } else if arguments.has(6) {
            operation = .restore(packetMask: packetMask, connectionMask: connectionMask)
        } else {
            throw arguments.missing("an operation such as --save-mark")
        }
        var shift = ConnectionMarkTarget.Shift.left
        var bits: UInt8 = 0
        var offset = -1
        for (id, direction) in [(UInt8(10), ConnectionMarkTarget.Shift.left), (11, .right)] {
            guard let use = arguments[id], use.offset > offset else { continue }
            (shift, offset) = (direction, use.offset)
            bits = UInt8(try use.argument.number(0...32, "a number of bits"))
        }
        return .connmark(ConnectionMarkTarget(operation, shift: shift, bits: bits))
    }
}
