internal import KubeChainsBytes

/// A DNS label (RFC 1123): 1 to 63 of `a-z`, `0-9` and `-`, with no `-` at either end.
///
/// Namespaces, Services and named ports have such names. They never need quoting in iptables text, so no name in a
/// snapshot can end a quote or begin a rule.
public struct DNSLabel: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The name.
    public let text: String

    /// The label; nil if the text is not a valid one.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard DNSLabel.isValid(bytes.span) else { return nil }
        self.text = text
    }

    /// A label whose bytes are known to be valid.
    package init(validated text: String) { self.text = text }

    public static func < (left: DNSLabel, right: DNSLabel) -> Bool { left.text < right.text }

    public var description: String { text }

    package static func isValid(_ bytes: Span<UInt8>) -> Bool { isLabel(bytes, 0..<bytes.count) }

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
    /// The name.
    public let text: String

    /// The subdomain; nil if the text is not a valid one.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard DNSSubdomain.isValid(bytes.span) else { return nil }
        self.text = text
    }

    package init(validated text: String) { self.text = text }

    public static func < (left: DNSSubdomain, right: DNSSubdomain) -> Bool { left.text < right.text }

    public var description: String { text }

    package static func isValid(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count <= 253 else { return false }
        var start = 0
        for index in 0...bytes.count where index == bytes.count || bytes[index] == UInt8(ascii: ".") {
            guard DNSLabel.isLabel(bytes, start..<index, limit: 253) else { return false }
            start = index + 1
        }
        return true
    }
}
