internal import KubeChainsBytes

/// `-m limit --limit RATE --limit-burst N`: fits up to so many packets in a time. iptables-extensions(8), limit.
public struct LimitMatch: Sendable, Hashable {
    /// The mean time between packets in units of 0.1 ms, as the kernel keeps it.
    public let period: UInt32
    /// How many packets fit at once.
    public let burst: UInt32

    /// A limit of one packet each `period`, of which `burst` may come at once.
    public init(period: UInt32, burst: UInt32 = 5) {
        self.period = period
        self.burst = burst
    }

    private static let units: [(name: StaticString, saved: StaticString, period: UInt32)] = [
        ("day", "day", 864_000_000), ("hour", "hour", 36_000_000), ("minute", "min", 600_000),
        ("second", "sec", 10_000),
    ]

    /// The period of a rate such as `5/minute`, per second without a unit.
    fileprivate static func period(of rate: Token) throws(RuleFault) -> UInt32 {
        let bytes = rate.bytes
        let slash = bytes.firstIndex(of: UInt8(ascii: "/"))
        var unit: UInt32? = 10_000
        if let slash {
            let name = bytes.dropFirst(slash + 1)
            // iptables asks for the shortest unit first, so that `m` is a minute.
            unit = name.isEmpty ? nil : units.last { name.abbreviates($0.name) }?.period
        }
        guard let unit, let (count, _) = bytes[0..<(slash ?? bytes.count)].leadingNumber(isDecimal: true), count > 0
        else {
            throw rate.fault(expected: "a rate such as 5/second, 5/minute, 5/hour or 5/day")
        }
        guard count <= UInt64(unit) else {
            throw rate.fault(expected: "a rate of at most 10000 packets in a second")
        }
        return unit / UInt32(count)
    }

    func write(to text: inout TextWriter) {
        text.append(" -m limit --limit ")
        var index = 1
        while index < Self.units.count {
            let unit = Self.units[index].period
            if period > unit || unit / period < unit % period { break }
            index += 1
        }
        text.append(decimal: UInt64(Self.units[index - 1].period / max(period, 1)))
        text.append(UInt8(ascii: "/"))
        text.append(Self.units[index - 1].saved)
        guard burst != 5 else { return }
        text.append(" --limit-burst ")
        text.append(decimal: UInt64(burst))
    }
}

extension MatchDefinition {
    static let limit = MatchDefinition(
        "limit", options: [ExtensionOption("limit", 0), ExtensionOption("limit-burst", 1)]
    ) { arguments throws(RuleFault) in
        // Without --limit the rate is 3/hour.
        var period: UInt32 = 12_000_000
        if let use = arguments[0] { period = try LimitMatch.period(of: use.argument) }
        var burst: UInt32 = 5
        if let use = arguments[1] {
            burst = UInt32(try use.argument.number(0...10_000, "a number of packets"))
        }
        return .limit(LimitMatch(period: period, burst: burst))
    }
}
