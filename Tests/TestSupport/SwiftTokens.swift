/// A word or sign of Swift source, for what can be said of sources without a compiler.
public struct SwiftToken: Sendable, Hashable {
    public let text: String
    /// Its line, from 1.
    public let line: Int

    /// Whether it can be a name; keywords are words too.
    public var isWord: Bool {
        guard let first = text.utf8.first else { return false }
        return SwiftTokens.isWordByte(first) && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
    }
}

/// Splits Swift source into words and signs. Comments are left out, and of string literals all but what is interpolated.
/// Regular expression literals are not known: sources have none.
public struct SwiftTokens {
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var tokens: [SwiftToken] = []

    private init(_ source: String) { bytes = Array(source.utf8) }

    public static func of(_ source: String) -> [SwiftToken] {
        var reader = SwiftTokens(source)
        reader.read(untilParenthesis: false)
        return reader.tokens
    }

    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }

    private func byte(_ offset: Int = 0) -> UInt8 { index + offset < bytes.count ? bytes[index + offset] : 0 }

    private func starts(with text: String, at offset: Int = 0) -> Bool {
        bytes.dropFirst(index + offset).starts(with: text.utf8)
    }

    /// Reads to the end, or to the parenthesis that ends an interpolation.
    private mutating func read(untilParenthesis: Bool) {
        var depth = 0
        while index < bytes.count {
            if skipSpaceOrComment() { continue }
            if let hashes = startOfString() {
                readString(hashes)
            } else if Self.isWordByte(byte()) {
                let start = index
                while Self.isWordByte(byte()) { index += 1 }
                append(start)
            } else {
                if byte() == UInt8(ascii: "(") { depth += 1 }
                if byte() == UInt8(ascii: ")") {
                    depth -= 1
                    if untilParenthesis, depth < 0 {
                        index += 1
                        return
                    }
                }
                index += 1
                append(index - 1)
            }
        }
    }

    private mutating func append(_ start: Int) {
        tokens.append(SwiftToken(text: String(decoding: bytes[start..<index], as: UTF8.self), line: line))
    }

    private mutating func skipSpaceOrComment() -> Bool {
        switch byte() {
        case UInt8(ascii: "\n"):
            line += 1
            index += 1
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "`"): index += 1
        case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"):
            while index < bytes.count, byte() != UInt8(ascii: "\n") { index += 1 }
        case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"):
            var depth = 0
            repeat {
                if starts(with: "/*") { depth += 1 }
                if starts(with: "*/") { depth -= 1 }
                if byte() == UInt8(ascii: "\n") { line += 1 }
                index += starts(with: "/*") || starts(with: "*/") ? 2 : 1
            } while depth > 0 && index < bytes.count
        default: return false
        }
        return true
    }

    /// The number of `#` before a string literal that begins here; nil if none does.
    private func startOfString() -> Int? {
        var hashes = 0
        while byte(hashes) == UInt8(ascii: "#") { hashes += 1 }
        return byte(hashes) == UInt8(ascii: "\"") ? hashes : nil
    }

    private mutating func readString(_ hashes: Int) {
        let marks = starts(with: "\"\"\"", at: hashes) ? "\"\"\"" : "\""
        let sharps = String(repeating: "#", count: hashes)
        index += hashes + marks.utf8.count
        let (end, interpolation) = (marks + sharps, sharps + "(")
        while index < bytes.count {
            switch byte() {
            case UInt8(ascii: "\"") where starts(with: end):
                index += end.utf8.count
                return
            case UInt8(ascii: "\\") where starts(with: interpolation, at: 1):
                index += 1 + interpolation.utf8.count
                read(untilParenthesis: true)
            case UInt8(ascii: "\\") where starts(with: sharps, at: 1):
                // What follows a backslash ends nothing.
                index += 2 + hashes
            case UInt8(ascii: "\n"):
                line += 1
                index += 1
            default: index += 1
            }
        }
    }
}
