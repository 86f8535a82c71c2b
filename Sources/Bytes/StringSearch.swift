// The standard library's search for whole texts comes with a parser of regular expressions, which would make up a ninth
// of a static binary.

extension StringProtocol {
    /// What stands before and after a text where it stands first, byte for byte; nil where it does not stand at all.
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

    /// Whether a text stands somewhere in this one, byte for byte.
    package func contains(text: String) -> Bool { parts(around: text) != nil }
}
