package import KubeChainsJSON
package import KubeProxy

/// The reports of `audit`.
package enum AuditReport {
    package static func json(_ findings: [AuditFinding]) -> JSONValue {
        .object([
            ("schema", .string("kubechains/audit/v1")),
            (
                "findings",
                .array(
                    findings.map { finding in
                        .object([
                            ("id", .string(finding.id.rawValue)), ("severity", .string(finding.severity.rawValue)),
                            ("servicePort", finding.label.map { .string($0.servicePort) }),
                            ("protocol", finding.label.map { .string($0.transport) }),
                            ("line", finding.line > 0 ? .integer(finding.line) : nil),
                            ("rule", finding.rule.map { .string($0) }),
                            ("effect", .string(finding.effect)), ("remedy", .string(finding.remedy)),
                        ])
                    })
            ),
        ])
    }

    package static func text(_ findings: [AuditFinding], _ dump: String) -> String {
        var text = ""
        for finding in findings {
            let place = finding.line > 0 ? "\(dump):\(finding.line): " : ""
            let label =
                finding.label.map { "\($0.servicePort)\($0.transport.isEmpty ? "" : "/" + $0.transport): " } ?? ""
            text += "\(place)\(finding.severity.rawValue): \(label)\(finding.effect) [\(finding.id.rawValue)]\n"
            if let rule = finding.rule { text += "    rule:   \(rule)\n" }
            text += "    remedy: \(finding.remedy)\n"
        }
        let count = findings.count
        return text + (count == 0 ? "no findings\n" : "\(count) finding\(count == 1 ? "" : "s")\n")
    }
}
