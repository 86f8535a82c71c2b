public import KubeChainsBytes

/// The text of an address, a prefix, or an address with a port: at most 47 bytes of ASCII, stored inline.
///
/// The bytes are stored in big-endian words, zero-filled, so that comparing words compares texts in byte order.
/// Endpoint lists are sorted in this order (kube-proxy sorts them as strings), half a million of them without a heap
/// allocation each.
public struct AddressText: Sendable {
    /// Six words of eight bytes, the first byte in the highest bits of the first word.
    @usableFromInline package internal(set) var words = InlineArray<6, UInt64>(repeating: 0)
    /// The number of bytes of the text.
    public private(set) var count = 0

    /// An empty text.
    init() {}

    /// `address:port`, with brackets around an IPv6 address: kube-proxy's text of an endpoint.
    public init(_ address: IPAddress, port: UInt16) {
        if address.family == .ipv4 {
            append(address)
        } else {
            append(byte: UInt8(ascii: "["))
            append(address)
            append(byte: UInt8(ascii: "]"))
        }
        // A colon and five digits fit into a word.
        let (digits, length) = AddressText.digits(port)
        append(UInt64(UInt8(ascii: ":")) << UInt64(length * 8) | digits, count: length + 1)
    }

    /// An address between two texts with a port behind them, such as `__10.0.0.1/80`; at most 48 bytes in all.
    ///
    /// - Parameter colon: what stands for each colon of an IPv6 address.
    public init(
        _ before: StaticString, _ address: IPAddress, colon: UInt8, _ after: StaticString, port: UInt16
    ) {
        append(before)
        let start = count
        append(address)
        if address.family == .ipv6 { replace(UInt8(ascii: ":"), by: colon, from: start) }
        append(after)
        append(decimal: port)
    }

    private mutating func append(_ literal: StaticString) {
        let bytes = unsafe UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        for index in bytes.indices { append(byte: unsafe bytes[index]) }
    }

    private mutating func replace(_ byte: UInt8, by other: UInt8, from start: Int) {
        for position in start..<count where self[position] == byte {
            words[position >> 3] ^= UInt64(byte ^ other) << UInt64(56 - (position & 7) * 8)
        }
    }

    /// The byte at a position below ``count``.
    public subscript(position: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: words[position >> 3] >> UInt64(56 - (position & 7) * 8))
    }

    @inline(__always)
    mutating func append(byte: UInt8) {
        words[count >> 3] |= UInt64(byte) << UInt64(56 - (count & 7) * 8)
        count += 1
    }

    /// Appends the lowest bytes of a word, the highest of them first.
    @inline(__always)
    private mutating func append(_ bytes: UInt64, count length: Int) {
        let place = count >> 3
        let room = 8 - (count & 7)
        if length <= room {
            words[place] |= bytes << UInt64((room - length) * 8)
        } else {
            words[place] |= bytes >> UInt64((length - room) * 8)
            words[place + 1] = bytes << UInt64((8 - length + room) * 8)
        }
        count += length
    }

    /// Appends a number.
    mutating func append(decimal value: UInt16) {
        let (digits, length) = AddressText.digits(value)
        append(digits, count: length)
    }

    /// The digits of a number as bytes, the last in the lowest, and how many there are: five at most.
    @inline(__always)
    private static func digits(_ value: UInt16) -> (bytes: UInt64, count: Int) {
        let value = UInt32(value)
        if value < 1000 { return fewDigits(value) }
        let (thousands, length) = fewDigits(value / 1000)
        return (thousands << 24 | threeDigits(value % 1000), length + 3)
    }

    /// The digits of a number below 1000.
    @inline(__always)
    private static func fewDigits(_ value: UInt32) -> (bytes: UInt64, count: Int) {
        if value >= 100 { return (threeDigits(value), 3) }
        if value >= 10 { return (threeDigits(value) & 0xFFFF, 2) }
        return (UInt64(value) | 0x30, 1)
    }

    @inline(__always)
    private static func threeDigits(_ value: UInt32) -> UInt64 {
        let tens = value / 10
        return UInt64((tens / 10) << 16 | (tens % 10) << 8 | value % 10 | 0x30_3030)
    }

    /// The text of two octets with a dot between them, and its length.
    @inline(__always)
    private static func octets(_ bits: UInt64) -> (bytes: UInt64, count: Int) {
        let (high, highLength) = fewDigits(UInt32(truncatingIfNeeded: bits >> 8) & 0xFF)
        let (low, lowLength) = fewDigits(UInt32(truncatingIfNeeded: bits) & 0xFF)
        return (
            (high << 8 | UInt64(UInt8(ascii: "."))) << UInt64(lowLength * 8) | low, highLength + lowLength + 1
        )
    }

    mutating func append(_ address: IPAddress) {
        if address.family == .ipv4 {
            // Two octets and their dots fill a word at most.
            let (first, firstLength) = AddressText.octets(address.low >> 16)
            append(first << 8 | UInt64(UInt8(ascii: ".")), count: firstLength + 1)
            let (second, secondLength) = AddressText.octets(address.low)
            append(second, count: secondLength)
        } else {
            appendIPv6(address)
        }
    }

    /// RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as
    /// `::`.
    private mutating func appendIPv6(_ address: IPAddress) {
        func group(_ index: Int) -> UInt64 {
            (index < 4 ? address.high >> UInt64(48 - index * 16) : address.low >> UInt64(112 - index * 16)) & 0xFFFF
        }
        var gap = 8..<8
        var index = 0
        while index < 8 {
            let start = index
            while index < 8, group(index) == 0 { index += 1 }
            if index - start > max(gap.count, 1) { gap = start..<index }
            index += 1
        }
        index = 0
        while index < 8 {
            if index == gap.lowerBound {
                append(byte: UInt8(ascii: ":"))
                append(byte: UInt8(ascii: ":"))
                index = gap.upperBound
                continue
            }
            if index > 0, index != gap.upperBound { append(byte: UInt8(ascii: ":")) }
            append(hexadecimal: group(index))
            index += 1
        }
    }

    private mutating func append(hexadecimal value: UInt64) {
        var shift: UInt64 = value > 0xFFF ? 12 : value > 0xFF ? 8 : value > 0xF ? 4 : 0
        while true {
            let digit = UInt8(truncatingIfNeeded: value >> shift & 0xF)
            append(byte: digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
            if shift == 0 { return }
            shift -= 4
        }
    }
}

extension AddressText: Comparable {
    /// Byte order, as `strcmp` has it.
    public static func < (left: AddressText, right: AddressText) -> Bool {
        for index in 0..<6 where left.words[index] != right.words[index] {
            return left.words[index] < right.words[index]
        }
        return false
    }

    public static func == (left: AddressText, right: AddressText) -> Bool {
        for index in 0..<6 where left.words[index] != right.words[index] {
            return false
        }
        return true
    }
}

extension AddressText: CustomStringConvertible {
    /// The text as a string.
    public var description: String {
        unsafe String(unsafeUninitializedCapacity: count) { buffer in
            for index in 0..<count { unsafe buffer[index] = self[index] }
            return count
        }
    }
}

extension TextWriter {
    /// Appends the text of an address.
    @inlinable @inline(__always)
    public mutating func append(_ text: AddressText) { append(bigEndian: text.words, count: text.count) }
}
