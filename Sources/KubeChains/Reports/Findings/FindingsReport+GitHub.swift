internal import KubeChainsBytes
internal import KubeProxy

extension FindingsReport {
    /// A workflow command of GitHub Actions for each finding, which becomes an annotation at its file and line.
    public var github: String {
        findings.map { finding in
            let command =
                switch finding.severity {
                case .error: "error"
                case .warning: "warning"
                case .info: "notice"
                }
            var properties: [String] = []
            if let file = finding.file { properties.append("file=" + FindingsReport.property(file)) }
            if let line = finding.line { properties.append("line=\(line)") }
            properties.append("title=" + FindingsReport.property("kubechains \(self.command): \(finding.id)"))
            let remedy = finding.remedy.isEmpty ? "" : "\nremedy: \(finding.remedy)"
            let message = FindingsReport.escaped(finding.body + remedy, isProperty: false)
            return "::\(command) \(properties.joined(separator: ","))::\(message)\n"
        }.joined()
    }

    private static func property(_ text: String) -> String { escaped(text, isProperty: true) }

    /// A text as workflow commands take it: a line's end would end the command, and a comma or colon a property.
    private static func escaped(_ text: String, isProperty: Bool) -> String {
        text.escaping { scalar in
            switch scalar {
            case "%": "%25"
            case "\r": "%0D"
            case "\n": "%0A"
            case ":" where isProperty: "%3A"
            case "," where isProperty: "%2C"
            case _ where scalar.isInvisible: String(scalar).escapingInvisible()
            default: nil
            }
        }
    }
}
