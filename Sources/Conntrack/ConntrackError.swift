internal import KubeChainsBytes

/// A list of connections that cannot be used: where, what was found there, what was expected, and what to do.
public struct ConntrackError: Error, Sendable, Hashable {
    /// The kind of an error.
    public enum Code: Sendable, Hashable {
        /// The text is no list of connections at all.
        case notConnections
        /// The text ends within an entry or the list.
        case truncated
        /// An entry that the kernel does not have.
        case invalidEntry
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

extension ConntrackError: CustomStringConvertible {
    /// `line:column: error: message`; the file's name, which this module does not know, belongs before it.
    public var description: String { "\(line):\(column): error: \(message)" }
}

/// An error while reading the text; its line and column are computed only when it is reported.
struct ConntrackFault: Error {
    /// What to do where an entry cannot be read.
    static let takeAgain = "take the list again: 'conntrack -L' as root"

    var code = ConntrackError.Code.invalidEntry
    /// The byte's offset from the beginning of the text.
    let offset: Int
    let found: String
    let expected: String
    var remedy = ConntrackFault.takeAgain

    /// The error with its place in the text.
    func error(in text: ByteView) -> ConntrackError {
        var line = 1
        var lineStart = 0
        for index in 0..<min(offset, text.count) where text[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        return ConntrackError(
            code: code, line: line, column: offset - lineStart + 1, found: found, expected: expected, remedy: remedy)
    }
}

extension ByteView {
    /// A range in quotes for a message, cut where it is long, and what is no letter escaped.
    func quoted(_ range: Range<Int>) -> String {
        let text = range.count > 60 ? self[range.lowerBound..<range.lowerBound + 60].string + "…" : self[range].string
        return "\"\(text.escapingInvisible())\""
    }
}
