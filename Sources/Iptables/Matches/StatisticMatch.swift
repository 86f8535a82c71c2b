internal import KubeChainsBytes

/// `-m statistic`: fits some packets out of many. iptables-extensions(8), statistic.
public struct StatisticMatch: Sendable, Hashable {
    /// How packets are chosen.
    public enum Mode: Sendable, Hashable {
        /// Each packet with the same chance.
        case random(Chance)
        /// One packet of each `every`, the first after `packet` others.
        case nth(every: UInt32, packet: UInt32)
    }

    /// How packets are chosen.
    public let mode: Mode
    /// Whether the packet must not match.
    public let isNegated: Bool

    /// A match of some of all packets.
    public init(_ mode: Mode, isNegated: Bool = false) {
        self.mode = mode
        self.isNegated = isNegated
    }

    /// A chance as the kernel keeps it, in steps of 2⁻³¹.
    public struct Chance: Sendable, Hashable {
        /// The number of steps: 0…2³¹.
        public let steps: UInt32

        /// A probability in steps of 2⁻³¹; more than 1 counts as 1.
        public init(steps: UInt32) { self.steps = min(steps, 1 << 31) }

        /// The chance as a number from 0 to 1, exactly.
        public var value: Double { Double(steps) / 0x8000_0000 }

        /// The chance that a decimal number names, rounded as iptables does it: `lround(0x80000000 * p)`.
        init?(_ bytes: ByteView) {
            if let steps = StatisticMatch.steps(ofDecimal: bytes) {
                self.init(steps: steps)
            } else if let value = Double(bytes.string), (0...1).contains(value) {
                self.init(steps: UInt32((value * 0x8000_0000).rounded(.toNearestOrAwayFromZero)))
            } else {
                return nil
            }
        }

        /// Appends the chance with eleven decimals, rounded as `%.11f` rounds.
        func write(to text: inout TextWriter) {
            let decimals = UInt64(roundedHalfToEven(UInt128(steps) * 100_000_000_000, shiftedRight: 31))
            text.append(decimal: decimals / 100_000_000_000)
            text.append(UInt8(ascii: "."))
            text.append(decimal: decimals % 100_000_000_000, width: 11)
        }
    }

    /// The steps for a plain decimal number below 1 with up to 16 decimals, in integers; nil for any other, and where the
    /// rounding of a double could tip the balance.
    private static func steps(ofDecimal bytes: ByteView) -> UInt32? {
        guard bytes[0] == UInt8(ascii: "0"), bytes[1] == UInt8(ascii: "."), (3...18).contains(bytes.count) else {
            return nil
        }
        var decimals: UInt64 = 0
        var unit: UInt64 = 1
        for index in 2..<bytes.count {
            guard isDigit(bytes[index]) else { return nil }
            decimals = decimals * 10 + UInt64(bytes[index] - UInt8(ascii: "0"))
            unit *= 10
        }
        let (high, low) = decimals.multipliedFullWidth(by: 1 << 31)
        let (quotient, rest) = unit.dividingFullWidth((high, low))
        // The double nearest to the number is off by 2⁻⁵⁴ at most, which are 2⁻²³ steps.
        let margin = unit >> 22 + 1
        let half = unit / 2
        if rest + margin < half { return UInt32(quotient) }
        if rest > half + margin { return UInt32(quotient) + 1 }
        return nil
    }

    func write(to text: inout TextWriter) {
        text.append(" -m statistic --mode ")
        switch mode {
        case .random(let chance):
            text.append("random")
            text.append(negation: isNegated)
            text.append(" --probability ")
            chance.write(to: &text)
        case .nth(let every, let packet):
            text.append("nth")
            text.append(negation: isNegated)
            text.append(" --every ")
            text.append(decimal: UInt64(every))
            text.append(" --packet ")
            text.append(decimal: UInt64(packet))
        }
    }
}

extension MatchDefinition {
    static let statistic = MatchDefinition(
        "statistic",
        options: [
            ExtensionOption("mode", 0), ExtensionOption("probability", 1, negatable: true),
            ExtensionOption("every", 2, negatable: true), ExtensionOption("packet", 3),
        ]
    ) { arguments throws(RuleFault) in
        guard let mode = arguments[0] else { throw arguments.missing("--mode") }
        if mode.argument.bytes == "random" {
            guard let use = arguments[1] else { throw arguments.missing("--probability") }
            try arguments.exclude(1, 2)
            try arguments.exclude(1, 3)
            guard let chance = StatisticMatch.Chance(use.argument.bytes) else {
                throw use.argument.fault(expected: "a probability from 0 to 1")
            }
            return .statistic(StatisticMatch(.random(chance), isNegated: use.isNegated))
        }
        guard mode.argument.bytes == "nth" else { throw mode.argument.fault(expected: "random or nth") }
        guard let use = arguments[2], let packet = arguments[3] else {
            throw arguments.missing("--every and --packet")
        }
        try arguments.exclude(1, 2)
        let every = try use.argument.number(1...UInt64(UInt32.max), "a number of packets")
        let first = try packet.argument.number(0...every - 1, "a packet's number")
        return .statistic(
            StatisticMatch(.nth(every: UInt32(every), packet: UInt32(first)), isNegated: use.isNegated))
    }
}
