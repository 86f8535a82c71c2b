// The standard library's substring search pulls in a parser of regular expressions, which would make up a ninth
// of a static binary.

extension StringProtocol {
    /// The parts before and after the first occurrence of a text, byte for byte; nil if it does not occur.
    package func parts(around text: String) -> (before: SubSequence, after: SubSequence)? {
        var start = utf8.startIndex
        while start < utf8.endIndex {
            if utf8[start...].starts(with: text.utf8) {
                return (self[..<start], self[utf8.index(start, offsetBy: text.utf8.count)...])
            }
            start = utf8.index(after: start)
        }
        return nil
    }

    /// Whether this string contains a text, byte for byte.
    package func contains(text: String) -> Bool { parts(around: text) != nil }
}
