internal import KubeChainsBytes

/// Rules text that cannot be used: where, what was found there, what was expected, and what to do.
public struct RulesetError: Error, Sendable, Hashable {
    /// The kind of an error.
    public enum Code: Sendable, Hashable {
        /// The text is not UTF-8, or has a NUL in it.
        case encoding
        /// It is no rules text at all.
        case notRules
        /// The text ends within a table, or lacks lines.
        case damaged
        /// A line that iptables takes and this library does not.
        case unsupported
        /// A line that iptables refuses too.
        case refused
    }

    /// What is wrong, to switch on.
    public let code: Code
    /// The line, from 1.
    public let line: Int
    /// The column in bytes, from 1.
    public let column: Int
    /// What was found there, such as `"70000"` or `the end of the text`.
    public let found: String
    /// What should stand there, such as `a port from 0 to 65535`.
    public let expected: String
    /// What the reader can do about it.
    public let remedy: String

    /// The sentence without the place.
    public var message: String { "found \(found), expected \(expected): \(remedy)" }
}

extension RulesetError: CustomStringConvertible {
    /// `line:column: error: message`; the file's name, which this module does not know, belongs before it.
    public var description: String { "\(line):\(column): error: \(message)" }
}

/// An error while reading the text; its line and column are computed only when it is reported.
struct RuleFault: Error {
    let code: RulesetError.Code
    /// The byte's offset from the beginning of the text.
    let offset: Int
    let found: String
    let expected: String
    let remedy: String

    /// What to do where iptables would refuse the line as well.
    static let refused = "iptables refuses this too; correct the rule"

    init(
        code: RulesetError.Code = .refused, at offset: Int, found: String, expected: String,
        remedy: String = RuleFault.refused
    ) {
        self.code = code
        self.offset = offset
        self.found = found
        self.expected = expected
        self.remedy = remedy
    }

    /// The error with its place in the text.
    func error(in text: ByteView) -> RulesetError {
        var line = 1
        var lineStart = 0
        let end = min(offset, text.count)
        for index in 0..<end where text[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        return RulesetError(
            code: code, line: line, column: offset - lineStart + 1, found: found, expected: expected, remedy: remedy)
    }
}
