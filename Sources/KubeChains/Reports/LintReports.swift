package import KubeChainsJSON
package import KubeProxy

/// What `lint` writes.
package enum LintReports {
    package static func json(_ findings: [LintFinding], _ places: [Diagnostic.Place?]) -> JSONValue {
        .object([
            ("schema", .string("kubechains/lint/v1")),
            (
                "findings",
                .array(
                    zip(findings, places).map { finding, place in
                        .object([
                            ("id", .string(finding.id)), ("severity", .string(finding.severity.rawValue)),
                            ("servicePort", finding.label.map { .string($0.servicePort) }),
                            ("protocol", finding.label.map { .string($0.transport) }),
                            ("object", finding.object.map { .string($0) }),
                            ("family", finding.family.map { .string($0.name) }),
                            ("file", place.map { .string($0.file) }), ("line", place.map { .integer($0.line) }),
                            ("message", .string(finding.message)), ("remedy", .string(finding.remedy)),
                        ])
                    })
            ),
        ])
    }

    package static func text(_ findings: [LintFinding], _ places: [Diagnostic.Place?]) -> String {
        var text = ""
        for (finding, place) in zip(findings, places) {
            let position = place.map { "\($0.file):\($0.line): " } ?? ""
            let subject = finding.label.map { "\($0.servicePort)/\($0.transport)" } ?? finding.object
            let family = finding.family.map { "\($0.name): " } ?? ""
            text += "\(position)\(finding.severity.rawValue): \(subject.map { $0 + ": " } ?? "")\(family)"
            text += "\(finding.message) [\(finding.id)]\n    remedy: \(finding.remedy)\n"
        }
        let count = findings.count
        return text + (count == 0 ? "no findings\n" : "\(count) finding\(count == 1 ? "" : "s")\n")
    }

    /// All rules with what they look for.
    package static var rules: String {
        LintRule.all.map { rule in
            "\(rule.name) (\(rule.severity.rawValue)\(rule.mode.map { ", in \($0) mode" } ?? ""))\n    "
                + TextLayout.wrapped(rule.explanation, indent: 4, width: 100) + "\n    remedy: "
                + TextLayout.wrapped(rule.remedy, indent: 12, width: 100) + "\n"
        }.joined(separator: "\n")
    }
}
