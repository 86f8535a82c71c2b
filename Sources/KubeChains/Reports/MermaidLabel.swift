internal import KubeChainsBytes

/// A mermaid label.
enum MermaidLabel {
    /// The lines as a quoted label, with mermaid's special characters as entities, such as `#quot;`.
    static func text(_ lines: [String]) -> String {
        let escaped = lines.map { line in
            line.escapingInvisible().reduce(into: "") { text, character in
                switch character {
                case "\"": text += "#quot;"
                case "#": text += "#35;"
                case "<": text += "#lt;"
                case ">": text += "#gt;"
                case "&": text += "#amp;"
                case "`": text += "#96;"
                default: text.append(character)
                }
            }
        }
        return "\"\(escaped.joined(separator: "<br/>"))\""
    }
}
