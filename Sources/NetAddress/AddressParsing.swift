internal import KubeChainsBytes

// Text becomes addresses as kube-proxy reads them: Go's `netutils.ParseIPSloppy` and `ParseCIDRSloppy`, the parsers of
// Go before 1.17. Leading zeros are decimal (`10.0.0.010` is 10.0.0.10), zones are refused, an embedded dotted quad may
// end an IPv6 address.

extension IPAddress {
    /// Parses an address; nil if the text is not one.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        self.init(parsing: bytes.span)
    }

    /// Parses an address from ASCII bytes; nil if they are not one.
    public init?(parsing text: Span<UInt8>) {
        for index in text.indices {
            if text[index] == UInt8(ascii: ".") {
                guard let bits = parseIPv4(text, from: 0) else { return nil }
                self.init(ipv4: bits)
                return
            }
            if text[index] == UInt8(ascii: ":") {
                guard let (high, low) = parseIPv6(text, to: text.count) else { return nil }
                self.init(high: high, low: low)
                return
            }
        }
        return nil
    }
}

extension IPPrefix {
    /// Parses a range in CIDR notation; nil if the text is not one.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        self.init(parsing: bytes.span)
    }

    /// Parses a range in CIDR notation from ASCII bytes; nil if they are not one. A range inside `::ffff:0:0/96`
    /// is the IPv4 range that it maps.
    public init?(parsing text: Span<UInt8>) {
        var slash = 0
        while slash < text.count, text[slash] != UInt8(ascii: "/") { slash += 1 }
        guard slash < text.count, let (length, end) = parseDecimal(text, from: slash + 1), end == text.count else {
            return nil
        }
        if let bits = parseIPv4(text, from: 0, to: slash) {
            guard length <= 32 else { return nil }
            self.init(IPAddress(ipv4: bits), length: length)
            return
        }
        guard let (high, low) = parseIPv6(text, to: slash), length <= 128 else { return nil }
        let address = IPAddress(high: high, low: low)
        if address.family == .ipv6 {
            self.init(address, length: length)
        } else if length >= 96 {
            self.init(address, length: length - 96)
        } else {
            // The mask is shorter than the ::ffff part, so this is an ordinary IPv6 network.
            let mask: UInt64 = length <= 64 ? 0 : ~0 << UInt64(128 - length)
            self.init(IPAddress(high: 0, low: (0xFFFF_0000_0000 | address.low) & mask), length: length)
        }
    }
}

/// The number that begins at a position, and where its digits end. Numbers of 0xFFFFFF and more are refused, as in Go.
private func parseDecimal(_ text: Span<UInt8>, from start: Int) -> (value: Int, end: Int)? {
    var value = 0
    var index = start
    while index < text.count, isDigit(text[index]) {
        value = value * 10 + Int(text[index] - UInt8(ascii: "0"))
        if value >= 0xFFFFFF { return nil }
        index += 1
    }
    return index > start ? (value, index) : nil
}

private func parseIPv4(_ text: Span<UInt8>, from start: Int, to end: Int? = nil) -> UInt32? {
    let end = end ?? text.count
    var bits: UInt32 = 0
    var index = start
    for octet in 0..<4 {
        if octet > 0 {
            guard index < end, text[index] == UInt8(ascii: ".") else { return nil }
            index += 1
        }
        guard let (value, next) = parseDecimal(text, from: index), value <= 255 else { return nil }
        bits = bits << 8 | UInt32(value)
        index = next
    }
    return index == end ? bits : nil
}

/// The 16-bit group that begins at a position, and where its digits end.
private func parseGroup(_ text: Span<UInt8>, from start: Int, to end: Int) -> (value: UInt64, end: Int)? {
    var value: UInt64 = 0
    var index = start
    while index < end {
        guard let digit = hexadecimalDigit(text[index]) else { break }
        value = value << 4 | digit
        if value >= 0xFFFFFF { return nil }
        index += 1
    }
    return index > start && value <= 0xFFFF ? (value, index) : nil
}

private func parseIPv6(_ text: Span<UInt8>, to end: Int) -> (high: UInt64, low: UInt64)? {
    var groups = InlineArray<8, UInt64>(repeating: 0)
    var count = 0
    var ellipsis: Int?
    var index = 0
    func isColon(_ position: Int) -> Bool { position < end && text[position] == UInt8(ascii: ":") }

    if isColon(0), isColon(1) {
        ellipsis = 0
        index = 2
        if index == end { return (0, 0) }
    }
    while count < 8 {
        guard let (value, next) = parseGroup(text, from: index, to: end) else { return nil }
        if next < end, text[next] == UInt8(ascii: ".") {
            // A dotted quad ends the address.
            guard ellipsis != nil || count == 6, count <= 6, let bits = parseIPv4(text, from: index, to: end) else {
                return nil
            }
            groups[count] = UInt64(bits >> 16)
            groups[count + 1] = UInt64(bits & 0xFFFF)
            count += 2
            index = end
            break
        }
        groups[count] = value
        count += 1
        index = next
        if index == end { break }
        guard isColon(index), index + 1 < end else { return nil }
        index += 1
        if isColon(index) {
            guard ellipsis == nil else { return nil }
            ellipsis = count
            index += 1
            if index == end { break }
        }
    }
    guard index == end else { return nil }
    if count < 8 {
        guard let ellipsis else { return nil }
        let missing = 8 - count
        for position in stride(from: count - 1, through: ellipsis, by: -1) {
            groups[position + missing] = groups[position]
        }
        for position in ellipsis..<(ellipsis + missing) {
            groups[position] = 0
        }
    } else if ellipsis != nil {
        return nil
    }
    let high = groups[0] << 48 | groups[1] << 32 | groups[2] << 16 | groups[3]
    let low = groups[4] << 48 | groups[5] << 32 | groups[6] << 16 | groups[7]
    return (high, low)
}
