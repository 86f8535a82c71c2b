/// An IPv4 or IPv6 address.
///
/// An IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) is an IPv4 address in every respect, as it is to Go's `net.IP` and so to
/// kube-proxy.
public struct IPAddress: Sendable, Hashable {
    /// The upper 64 bits of an IPv6 address; 0 for IPv4.
    package let high: UInt64
    /// The lower 64 bits of an IPv6 address; the 32 bits of an IPv4 address.
    @usableFromInline package let low: UInt64
    /// The address's family.
    public let family: AddressFamily

    /// The IPv4 address with these 32 bits, the first octet in the highest.
    public init(ipv4 bits: UInt32) {
        high = 0
        low = UInt64(bits)
        family = .ipv4
    }

    /// The address with these 128 bits. An IPv4-mapped one becomes the IPv4 address.
    public init(high: UInt64, low: UInt64) {
        let isMapped = high == 0 && low >> 32 == 0xFFFF
        self.high = high
        self.low = isMapped ? low & 0xFFFF_FFFF : low
        family = isMapped ? .ipv4 : .ipv6
    }

    /// `127.0.0.1` or `::1`.
    public static func loopback(_ family: AddressFamily) -> IPAddress {
        family == .ipv4 ? IPAddress(ipv4: 0x7F00_0001) : IPAddress(high: 0, low: 1)
    }

    /// Whether the address is in `127.0.0.0/8`, or `::1`.
    public var isLoopback: Bool {
        family == .ipv4 ? low >> 24 == 127 : high == 0 && low == 1
    }

    /// The number of bytes of an IPv4 address's canonical text.
    @inlinable package var ipv4TextCount: Int {
        @inline(__always)
        func length(_ shift: UInt64) -> Int {
            let octet = low >> shift & 0xFF
            return (octet > 9 ? 1 : 0) + (octet > 99 ? 1 : 0)
        }
        return 7 + length(24) + length(16) + length(8) + length(0)
    }

    /// Whether the address is `0.0.0.0` or `::`.
    public var isUnspecified: Bool { high == 0 && low == 0 }

    /// The address with all bits after the first `length` cleared.
    ///
    /// - Parameter length: 0 to the family's bit width.
    func masked(to length: Int) -> IPAddress {
        if family == .ipv4 {
            let mask: UInt32 = length == 0 ? 0 : ~0 << UInt32(32 - length)
            return IPAddress(ipv4: UInt32(truncatingIfNeeded: low) & mask)
        }
        let highMask: UInt64 = length == 0 ? 0 : length >= 64 ? ~0 : ~0 << UInt64(64 - length)
        let lowMask: UInt64 = length <= 64 ? 0 : ~0 << UInt64(128 - length)
        return IPAddress(high: high & highMask, low: low & lowMask)
    }
}

extension IPAddress: CustomStringConvertible {
    /// The canonical text: dotted decimal, or RFC 5952's shortest lower-case form.
    public var description: String { text.description }

    /// The canonical text, as ``description``, without a heap allocation.
    public var text: AddressText {
        var text = AddressText()
        text.append(self)
        return text
    }
}
