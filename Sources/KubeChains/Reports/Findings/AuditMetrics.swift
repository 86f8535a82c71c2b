internal import KubeChainsBytes
public import KubeProxy

/// What `audit` found as metrics: OpenMetrics text, as node_exporter's textfile collector reads it.
public enum AuditMetrics {
    /// What was found on one node.
    public struct Node: Sendable {
        /// The node's name.
        public let name: String
        /// The findings.
        public let findings: [AuditFinding]
        /// The Services that were compared; nil: nothing was.
        public let services: Int?

        /// What was found on one node.
        public init(_ name: String, _ findings: [AuditFinding], services: Int?) {
            self.name = name
            self.findings = findings
            self.services = services
        }
    }

    /// A gauge of the findings by identifier, severity and node, one of the findings by severity that is 0 where there are none, and one
    /// of the Services that were compared.
    public static func text(_ nodes: [Node]) -> String {
        var text = """
            # HELP kubechains_audit_findings Findings of kubechains audit by identifier.
            # TYPE kubechains_audit_findings gauge

            """
        for node in nodes {
            for id in AuditFinding.Identifier.allCases {
                for severity in FindingSeverity.allCases {
                    let count = node.findings.count { $0.id == id && $0.severity == severity }
                    guard count > 0 else { continue }
                    let labels = labels([("id", id.rawValue), ("severity", severity.rawValue), ("node", node.name)])
                    text += "kubechains_audit_findings\(labels) \(count)\n"
                }
            }
        }
        text += """
            # HELP kubechains_audit_severity_findings Findings of kubechains audit by severity.
            # TYPE kubechains_audit_severity_findings gauge

            """
        for node in nodes {
            for severity in FindingSeverity.allCases {
                let count = node.findings.count { $0.severity == severity }
                let labels = labels([("severity", severity.rawValue), ("node", node.name)])
                text += "kubechains_audit_severity_findings\(labels) \(count)\n"
            }
        }
        text += """
            # HELP kubechains_audit_compared_services Services whose rules kubechains audit compared.
            # TYPE kubechains_audit_compared_services gauge

            """
        for node in nodes {
            text += "kubechains_audit_compared_services\(labels([("node", node.name)])) \(node.services ?? 0)\n"
        }
        return text + "# EOF\n"
    }

    private static func labels(_ all: [(name: String, value: String)]) -> String {
        let texts = all.map { label in
            var value = ""
            for scalar in label.value.unicodeScalars {
                switch scalar {
                case "\\": value += "\\\\"
                case "\"": value += "\\\""
                case "\n": value += "\\n"
                default: value.unicodeScalars.append(scalar)
                }
            }
            return "\(label.name)=\"\(value)\""
        }
        return "{\(texts.joined(separator: ","))}"
    }
}
