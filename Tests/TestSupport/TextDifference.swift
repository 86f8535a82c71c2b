/// The first line in which a text differs from the expected one; nil: they are equal.
public func firstDifference(_ text: String, _ expected: String) -> String? {
    if Array(text.utf8) == Array(expected.utf8) { return nil }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let others = expected.split(separator: "\n", omittingEmptySubsequences: false)
    for (number, (line, other)) in zip(lines, others).enumerated() where line != other {
        return "line \(number + 1): \(line), expected \(other)"
    }
    return "\(lines.count) lines, expected \(others.count)"
}
