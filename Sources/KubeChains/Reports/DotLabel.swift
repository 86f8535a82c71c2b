internal import KubeChainsBytes

/// A label of graphviz's language.
enum DotLabel {
    /// The lines as a quoted string.
    static func text(_ lines: [String]) -> String {
        let escaped = lines.map { line in
            line.escapingInvisible().reduce(into: "") { text, character in
                text += character == "\"" || character == "\\" ? "\\\(character)" : String(character)
            }
        }
        return "\"\(escaped.joined(separator: "\\n"))\""
    }
}
