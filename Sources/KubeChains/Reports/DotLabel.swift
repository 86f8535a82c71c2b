internal import KubeChainsBytes

/// A label of graphviz's language.
enum DotLabel {
    /// The lines as a quoted string.
    static func text(_ lines: [String]) -> String {
        let escaped = lines.map { line in
            line.escapingInvisible().escaping { $0 == "\"" || $0 == "\\" ? "\\\($0)" : nil }
        }
        return "\"\(escaped.joined(separator: "\\n"))\""
    }
}
