internal import KubeChainsBytes
internal import NetAddress

/// A short value that stands for the rules of a node: nodes with equal digests have equal texts.
///
/// It is made of the decisions that the texts follow from, not of the texts, so that it costs next to nothing (80 bits of
/// SHA-256).
public struct RulesDigest: Sendable, Hashable {
    fileprivate var first: UInt64
    fileprivate var next: UInt16

    /// The digest of a message.
    init(_ message: DigestMessage) { (first, next) = SHA256.prefix(of: message.bytes.span) }
}

extension RulesDigest: CustomStringConvertible {
    /// 20 hexadecimal digits.
    public var description: String { hexadecimal(first, digits: 16) + hexadecimal(next, digits: 4) }
}

/// A sum of digests, from which one can be taken out again. It does not depend on their order: each digest's message says
/// what it is about.
struct DigestSum: Sendable, Hashable {
    private var first: UInt64 = 0
    private var next: UInt64 = 0

    static func += (sum: inout DigestSum, digest: RulesDigest) {
        sum.first &+= digest.first
        sum.next &+= UInt64(digest.next)
    }

    static func -= (sum: inout DigestSum, digest: RulesDigest) {
        sum.first &-= digest.first
        sum.next &-= UInt64(digest.next)
    }

    func append(to message: inout DigestMessage) {
        message.append(first)
        message.append(next)
    }
}

/// The bytes that a digest is made of. Whatever has no fixed length begins with its length, so that no two lists of values
/// give the same bytes.
struct DigestMessage {
    private(set) var bytes: [UInt8] = []

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    mutating func append(_ byte: UInt8) { bytes.append(byte) }

    mutating func append(_ value: Bool) { bytes.append(value ? 1 : 0) }

    mutating func append(_ value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func append(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value))
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    }

    mutating func append(_ count: Int) { append(UInt64(count)) }

    mutating func append(_ digest: RulesDigest) {
        append(digest.first)
        append(digest.next)
    }

    mutating func append(_ text: String) { append(Array(text.utf8)) }

    mutating func append(_ text: [UInt8]) {
        append(text.count)
        bytes += text
    }

    mutating func append(_ address: IPAddress) {
        append(address.family == .ipv4)
        append(address.high)
        append(address.low)
    }

    mutating func append(_ prefix: IPPrefix) {
        append(prefix.network)
        append(UInt8(prefix.length))
    }

    mutating func append(_ addresses: [IPAddress]) {
        append(addresses.count)
        for address in addresses { append(address) }
    }

    mutating func append(_ prefixes: [IPPrefix]) {
        append(prefixes.count)
        for prefix in prefixes { append(prefix) }
    }

    mutating func append(_ texts: [String]) {
        append(texts.count)
        for text in texts { append(text) }
    }
}
