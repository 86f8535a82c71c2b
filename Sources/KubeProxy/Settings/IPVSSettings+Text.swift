internal import NetAddress

/// Settings from text, from a flag or a configuration file.
extension IPVSSettings {
    /// Takes a scheduler's name; the empty text stands for the default.
    public mutating func setScheduler(_ text: String) throws(SettingError) {
        guard let scheduler = text.isEmpty ? .rr : IPVSScheduler(rawValue: text) else {
            let known = IPVSScheduler.allCases.map(\.rawValue).joined(separator: ", ")
            throw SettingError("invalid IPVS scheduler '\(text)': expected one of \(known)")
        }
        self.scheduler = scheduler
    }

    /// Takes CIDRs with commas between them; none in the empty text.
    public mutating func setExcludeCIDRs(_ text: String) throws(SettingError) {
        let texts = text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false)
        excludeCIDRs = try ProxySettings.prefixes(texts)
    }

    /// Takes `masquerading`, `gatewaying` or `tunneling`.
    public mutating func setForwarding(_ text: String) throws(SettingError) {
        guard let method = ForwardingMethod(rawValue: text) else {
            let known = ForwardingMethod.allCases.map(\.rawValue).joined(separator: ", ")
            throw SettingError("invalid forwarding method '\(text)': expected one of \(known)")
        }
        forwarding = method
    }

    /// Takes what `uname -r` prints, such as `6.1` or `5.10.0-32-cloud-amd64`.
    public mutating func setKernelVersion(_ text: String) throws(SettingError) {
        let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        let digits = parts.dropFirst().first?.prefix { $0.isASCII && $0.isNumber } ?? ""
        guard let major = Int(parts[0]), let minor = Int(digits), (0...9999).contains(major), minor <= 9999 else {
            throw SettingError("invalid kernel version '\(text)': expected one such as 6.1 or 5.10.0-32-amd64")
        }
        kernelVersion = KernelVersion(major, minor)
    }

    /// A duration as Go writes it (`time.ParseDuration`), which must not be negative.
    public static func timeout(_ text: String) throws(SettingError) -> Duration {
        guard let nanoseconds = GoDuration.nanoseconds(text) else {
            throw SettingError("invalid duration '\(text)': expected one such as 15m0s, 30s or 1h2m3s")
        }
        guard nanoseconds >= 0 else {
            throw SettingError("'\(text)' is negative: expected a duration of 0s, which leaves the host's, or more")
        }
        return .nanoseconds(nanoseconds)
    }
}

/// Go's way of writing durations: decimal numbers, each with a unit.
private enum GoDuration {
    /// The duration in nanoseconds; nil if the text is invalid, or needs more than 64 bits.
    static func nanoseconds(_ text: String) -> Int64? {
        var rest = text[...]
        let isNegative = rest.hasPrefix("-")
        if isNegative || rest.hasPrefix("+") { rest.removeFirst() }
        if rest == "0" { return 0 }
        guard !rest.isEmpty else { return nil }
        var total: Int64 = 0
        while !rest.isEmpty {
            let whole = takeDigits(&rest)
            var fraction: Substring = ""
            if rest.hasPrefix(".") {
                rest.removeFirst()
                fraction = takeDigits(&rest)
            }
            guard !whole.isEmpty || !fraction.isEmpty, let unit = takeUnit(&rest) else { return nil }
            guard let count = whole.isEmpty ? 0 : Int64(whole) else { return nil }
            let (product, isTooMuch) = count.multipliedReportingOverflow(by: unit)
            // A fraction of less than a nanosecond is cut off. Eighteen digits say all that is left.
            let part = fraction.isEmpty ? 0 : Double("0.\(fraction.prefix(18))").map { Int64($0 * Double(unit)) } ?? 0
            let (sum, overflows) = product.addingReportingOverflow(part)
            let (next, isOver) = total.addingReportingOverflow(sum)
            guard !isTooMuch, !overflows, !isOver else { return nil }
            total = next
        }
        return isNegative ? -total : total
    }

    private static func takeDigits(_ rest: inout Substring) -> Substring {
        let digits = rest.prefix { ("0"..."9").contains($0) }
        rest = rest[digits.endIndex...]
        return digits
    }

    /// The unit that stands before the next number, in nanoseconds.
    private static func takeUnit(_ rest: inout Substring) -> Int64? {
        let name = rest.prefix { $0 != "." && !("0"..."9").contains($0) }
        rest = rest[name.endIndex...]
        switch name {
        case "ns": return 1
        case "us", "\u{B5}s", "\u{3BC}s": return 1000
        case "ms": return 1_000_000
        case "s": return 1_000_000_000
        case "m": return 60_000_000_000
        case "h": return 3_600_000_000_000
        default: return nil
        }
    }
}
