internal import KubeChainsBytes

/// The 16 characters that identify the chains of a Service port or an endpoint.
public struct ChainHash: Sendable, Hashable, Comparable {
    /// The first eight characters, the first of them in the highest bits.
    let first: UInt64
    /// The last eight characters.
    let second: UInt64

    /// No hash yet.
    init() { self.init(first: 0, second: 0) }

    init(first: UInt64, second: UInt64) {
        self.first = first
        self.second = second
    }

    /// The hash that begins a digest: its first 80 bits in base32 (RFC 4648).
    init(_ digest: SHA256.Prefix) {
        first = ChainHash.base32(digest.first >> 24)
        second = ChainHash.base32((digest.first & 0xFF_FFFF) << 16 | UInt64(digest.next))
    }

    /// The hash of some bytes.
    init(of bytes: Span<UInt8>) { self.init(SHA256.prefix(of: bytes)) }

    /// Eight characters for 40 bits, the first in the highest.
    private static func base32(_ bits: UInt64) -> UInt64 {
        // Halves, quarters and eighths move apart until each byte holds five bits.
        var groups = (bits & 0xFF_FFF0_0000) << 12 | bits & 0xF_FFFF
        groups = (groups & 0x000F_FC00_000F_FC00) << 6 | groups & 0x0000_03FF_0000_03FF
        groups = (groups & 0x03E0_03E0_03E0_03E0) << 3 | groups & 0x001F_001F_001F_001F
        // 0 to 25 are letters, 26 to 31 the digits from 2 on.
        let isDigit = (groups &+ 0x6666_6666_6666_6666) >> 7 & 0x0101_0101_0101_0101
        return groups &+ 0x4141_4141_4141_4141 &- isDigit &* (0x41 + 26 - 0x32)
    }

    public static func < (left: ChainHash, right: ChainHash) -> Bool {
        (left.first, left.second) < (right.first, right.second)
    }
}
