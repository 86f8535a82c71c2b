internal import KubeChainsBytes

/// A mermaid label.
enum MermaidLabel {
    /// The lines as a quoted label, with mermaid's special characters as entities, such as `#quot;`.
    static func text(_ lines: [String]) -> String {
        let escaped = lines.map { line in
            line.escapingInvisible().escaping { scalar in
                switch scalar {
                case "\"": "#quot;"
                case "#": "#35;"
                case "<": "#lt;"
                case ">": "#gt;"
                case "&": "#amp;"
                case "`": "#96;"
                default: nil
                }
            }
        }
        return "\"\(escaped.joined(separator: "<br/>"))\""
    }
}
