internal import KubeChainsBytes
public import NetAddress

/// An address as the kernel keeps it: bits of one family.
///
/// Other than an ``IPAddress``, an IPv4-mapped IPv6 address stays an IPv6 address, and so ip6tables prints it.
public struct RawAddress: Sendable, Hashable {
    /// The upper 64 bits of an IPv6 address; 0 for IPv4.
    package let high: UInt64
    /// The lower 64 bits of an IPv6 address; the 32 bits of an IPv4 address.
    package let low: UInt64
    /// The address's family.
    public let family: AddressFamily

    package init(high: UInt64, low: UInt64, family: AddressFamily) {
        self.high = high
        self.low = low
        self.family = family
    }

    /// The address's bits, for rules of its family.
    public init(_ address: IPAddress) {
        self.init(high: address.high, low: address.low, family: address.family)
    }

    /// The address; an IPv4-mapped one becomes an IPv4 address.
    public var address: IPAddress {
        family == .ipv4 ? IPAddress(ipv4: UInt32(truncatingIfNeeded: low)) : IPAddress(high: high, low: low)
    }

    /// The mask whose first `length` bits are set: 0…32 or 0…128.
    static func mask(length: Int, family: AddressFamily) -> RawAddress {
        if family == .ipv4 {
            let bits: UInt32 = length <= 0 ? 0 : ~0 << UInt32(32 - min(length, 32))
            return RawAddress(high: 0, low: UInt64(bits), family: family)
        }
        let high: UInt64 = length <= 0 ? 0 : length >= 64 ? ~0 : ~0 << UInt64(64 - length)
        let low: UInt64 = length <= 64 ? 0 : ~0 << UInt64(128 - min(length, 128))
        return RawAddress(high: high, low: low, family: family)
    }

    /// The number of leading ones, if all other bits are zero; nil for any other mask.
    var prefixLength: Int? {
        let length =
            family == .ipv4
            ? (~UInt32(truncatingIfNeeded: low)).leadingZeroBitCount
            : (~high).leadingZeroBitCount == 64 ? 64 + (~low).leadingZeroBitCount : (~high).leadingZeroBitCount
        return RawAddress.mask(length: length, family: family) == self ? length : nil
    }

    /// The bits that are set in both.
    func and(_ mask: RawAddress) -> RawAddress {
        RawAddress(high: high & mask.high, low: low & mask.low, family: family)
    }

    var isZero: Bool { high == 0 && low == 0 }
}

extension RawAddress {
    /// The address that these bytes write, as `inet_pton` reads it for IPv6, and for IPv4 as iptables reads it
    /// (`xtables_numeric_to_ipaddr`): numbers of any base, and `10.1` is 10.1.0.0. Host names are not looked up.
    ///
    /// - Parameter isMask: whether all four numbers must be there.
    init?(parsing text: ByteView, family: AddressFamily, isMask: Bool = false) {
        guard let (high, low) = family == .ipv4 ? parseIPv4(text, isMask: isMask) : parseIPv6(text) else { return nil }
        self.init(high: high, low: low, family: family)
    }
}

private func parseIPv4(_ text: ByteView, isMask: Bool) -> (high: UInt64, low: UInt64)? {
    var bits: UInt64 = 0
    var index = 0
    for octet in 0..<4 {
        // The common case, up to three decimal digits without a leading zero, first.
        let start = index
        var value: UInt64 = 0
        while isDigit(text[index]), index - start < 3 {
            value = value * 10 + UInt64(text[index] - UInt8(ascii: "0"))
            index += 1
        }
        let isPlain = index > start && (text[start] != UInt8(ascii: "0") || index == start + 1)
        let ends = index == text.count || text[index] == UInt8(ascii: ".")
        if !isPlain || !ends {
            guard let (number, end) = text.leadingNumber(from: start) else { return nil }
            (value, index) = (number, end)
        }
        guard value <= 255 else { return nil }
        bits |= value << UInt64(24 - octet * 8)
        if index == text.count {
            return octet == 3 || !isMask ? (0, bits) : nil
        }
        guard octet < 3, text[index] == UInt8(ascii: ".") else { return nil }
        index += 1
    }
    return nil
}

private func parseIPv6(_ text: ByteView) -> (high: UInt64, low: UInt64)? {
    var groups = InlineArray<8, UInt64>(repeating: 0)
    var count = 0
    var gap: Int?
    var index = 0
    let colon = UInt8(ascii: ":")
    if text[0] == colon {
        guard text[1] == colon else { return nil }
        gap = 0
        index = 2
    }
    while index < text.count {
        guard count < 8 else { return nil }
        let start = index
        var value: UInt64 = 0
        while let digit = hexadecimalDigit(text[index]), index - start < 4 {
            value = value << 4 | digit
            index += 1
        }
        if text[index] == UInt8(ascii: "."), count <= 6 {
            guard let quad = parseDottedQuad(text.dropFirst(start)) else { return nil }
            groups[count] = quad >> 16
            groups[count + 1] = quad & 0xFFFF
            count += 2
            index = text.count
            break
        }
        guard index > start else { return nil }
        groups[count] = value
        count += 1
        if index == text.count { break }
        guard text[index] == colon, index + 1 < text.count else { return nil }
        index += 1
        if text[index] == colon {
            guard gap == nil else { return nil }
            gap = count
            index += 1
        }
    }
    if let gap {
        guard count < 8 else { return nil }
        let missing = 8 - count
        for position in stride(from: count - 1, through: gap, by: -1) { groups[position + missing] = groups[position] }
        for position in gap..<(gap + missing) { groups[position] = 0 }
    } else if count != 8 {
        return nil
    }
    let high = groups[0] << 48 | groups[1] << 32 | groups[2] << 16 | groups[3]
    let low = groups[4] << 48 | groups[5] << 32 | groups[6] << 16 | groups[7]
    return (high, low)
}

/// Four decimal numbers without leading zeros, as `inet_pton` wants them.
private func parseDottedQuad(_ text: ByteView) -> UInt64? {
    var bits: UInt64 = 0
    var octets = 0
    var isValid = true
    text.forEachPart(separator: UInt8(ascii: ".")) { part in
        let value = part.number(in: 0...255, isDecimal: true)
        let isPlain = isDigit(part[0]) && (part[0] != UInt8(ascii: "0") || part.count == 1)
        if let value, isPlain { bits = bits << 8 | value } else { isValid = false }
        octets += 1
    }
    return isValid && octets == 4 ? bits : nil
}

extension RawAddress {
    /// Appends the address as glibc's `inet_ntop` writes it: for IPv6 RFC 5952, with the last 32 bits of an IPv4-mapped or
    /// IPv4-compatible address in dotted decimal.
    func write(to text: inout TextWriter) {
        if family == .ipv6, high == 0, low >> 32 == 0xFFFF || (low >> 32 == 0 && low >> 16 != 0) {
            text.append(low >> 32 == 0 ? "::" : "::ffff:")
            text.append(IPAddress(ipv4: UInt32(truncatingIfNeeded: low)).text)
        } else {
            text.append(address.text)
        }
    }

    /// Appends the mask after an address: a slash and the prefix length, or the mask itself where it is no prefix.
    func writeMask(to text: inout TextWriter) {
        text.append(UInt8(ascii: "/"))
        if let length = prefixLength {
            text.append(decimal: UInt64(length))
        } else {
            write(to: &text)
        }
    }
}
