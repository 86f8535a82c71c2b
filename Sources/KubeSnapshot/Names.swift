/// A DNS label (RFC 1123): 1 to 63 of `a-z`, `0-9` and `-`, with no `-` at either end.
///
/// Namespaces, Services and named ports have such names. Nothing in one needs quoting in iptables text, so nothing in a
/// snapshot's names can end a quote or begin a rule.
public struct DNSLabel: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let text: String

    /// The label; nil if the text is none.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard DNSLabel.isValid(bytes.span) else { return nil }
        self.text = text
    }

    /// A label whose bytes are known to be valid.
    init(validated text: String) { self.text = text }

    public static func < (left: DNSLabel, right: DNSLabel) -> Bool { left.text < right.text }

    public var description: String { text }

    static func isValid(_ bytes: Span<UInt8>) -> Bool { isLabel(bytes, 0..<bytes.count) }

    fileprivate static func isLabel(_ bytes: Span<UInt8>, _ range: Range<Int>, limit: Int = 63) -> Bool {
        guard !range.isEmpty, range.count <= limit else { return false }
        for index in range {
            let byte = bytes[index]
            let isInner = index > range.lowerBound && index < range.upperBound - 1
            guard isDigit(byte) || byte &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "-") && isInner else {
                return false
            }
        }
        return true
    }
}

/// A DNS subdomain (RFC 1123): labels joined by dots, at most 253 bytes. Nodes have such names.
public struct DNSSubdomain: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let text: String

    /// The subdomain; nil if the text is none.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard DNSSubdomain.isValid(bytes.span) else { return nil }
        self.text = text
    }

    init(validated text: String) { self.text = text }

    public static func < (left: DNSSubdomain, right: DNSSubdomain) -> Bool { left.text < right.text }

    public var description: String { text }

    static func isValid(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count <= 253 else { return false }
        var start = 0
        for index in 0...bytes.count where index == bytes.count || bytes[index] == UInt8(ascii: ".") {
            guard DNSLabel.isLabel(bytes, start..<index, limit: 253) else { return false }
            start = index + 1
        }
        return true
    }
}

/// Strings that come again and again, such as the names of nodes, each held once.
struct NameTable {
    private var slots: [String?] = Array(repeating: nil, count: 64)
    private var count = 0
    private let seed = UInt64.random(in: .min ... .max)

    /// The string of these bytes. Up to 15 bytes fit into a string itself; longer ones are shared.
    mutating func string(_ bytes: Span<UInt8>) -> String {
        if bytes.count <= 15 { return String(copying: bytes) }
        if count * 2 >= slots.count { grow() }
        let slot = slot(for: bytes)
        if let known = slots[slot] { return known }
        let string = String(copying: bytes)
        slots[slot] = string
        count += 1
        return string
    }

    /// Where these bytes stand, or the free slot where they would.
    private func slot(for bytes: Span<UInt8>) -> Int {
        var slot = Int(truncatingIfNeeded: hash(bytes)) & (slots.count - 1)
        while let candidate = slots[slot], !NameTable.equal(candidate, bytes) {
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private static func equal(_ string: String, _ bytes: Span<UInt8>) -> Bool {
        let other = string.utf8.span
        guard other.count == bytes.count else { return false }
        for index in bytes.indices where other[index] != bytes[index] { return false }
        return true
    }

    /// Seeded, so that no snapshot can be made whose names all collide.
    private func hash(_ bytes: Span<UInt8>) -> UInt64 {
        var hash = seed
        for index in bytes.indices {
            hash = (hash ^ UInt64(bytes[index])) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 32
        }
        return hash
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: nil, count: old.count * 2)
        for case let string? in old { slots[slot(for: string.utf8.span)] = string }
    }
}

extension String {
    /// The string of these UTF-8 bytes.
    init(copying bytes: Span<UInt8>) {
        unsafe self.init(unsafeUninitializedCapacity: bytes.count) { buffer in
            for index in bytes.indices { unsafe buffer[index] = bytes[index] }
            return bytes.count
        }
    }
}
