internal import KubeChainsBytes
public import KubeChainsJSON
public import KubeProxy

/// What `lint` writes.
public enum LintReports {
    /// The findings as JSON: `kubechains/lint/v1`.
    ///
    /// - Parameters:
    ///   - findings: the findings, in the order of the report.
    ///   - places: where each finding's object stands; nil where it stands nowhere.
    ///   - versions: the versions of kube-proxy whose rules were looked at, and how many Nodes have each.
    public static func json(
        _ findings: [LintFinding], _ places: [Diagnostic.Place?],
        _ versions: [(version: VersionChoice, nodes: Int)] = []
    ) -> String {
        value(findings, places, versions).text
    }

    private static func value(
        _ findings: [LintFinding], _ places: [Diagnostic.Place?], _ versions: [(version: VersionChoice, nodes: Int)]
    ) -> JSONValue {
        .object([
            ("schema", .string("kubechains/lint/v1")),
            (
                "kubeProxy",
                .array(versions.map { .object($0.version.fields + [("nodes", .integer($0.nodes))]) })
            ),
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

    /// The findings as text, each with its remedy below it.
    ///
    /// - Parameters:
    ///   - findings: the findings, in the order of the report.
    ///   - places: where each finding's object stands; nil where it stands nowhere.
    ///   - versions: the versions of kube-proxy whose rules were looked at, and how many Nodes have each.
    ///   - style: how the text is laid out.
    public static func text(
        _ findings: [LintFinding], _ places: [Diagnostic.Place?],
        _ versions: [(version: VersionChoice, nodes: Int)] = [], _ style: TextStyle = .plain
    ) -> String {
        var report = ReportText(style)
        for (finding, place) in zip(findings, places) {
            let subject = finding.label?.text ?? finding.object
            let family = finding.family.map { "\($0.name): " } ?? ""
            report.line(
                "\(place.map { "\($0.file):\($0.line): " } ?? "")", .severity(finding.severity), " ",
                words: "\(subject.map { $0 + ": " } ?? "")\(family)\(finding.message) [\(finding.id)]")
            report.remedy(finding.remedy)
        }
        report.count(
            of: findings.count,
            versions.map {
                versions.count == 1 ? $0.version.phrase : "\($0.version.phrase) on \(counted($0.nodes, "Node"))"
            })
        return report.text
    }

    /// All rules with what they look for.
    public static func rules(_ style: TextStyle = .plain) -> String {
        var report = ReportText(style)
        for (index, rule) in LintRule.all.enumerated() {
            if index > 0 { report.emptyLine() }
            report.line(
                .init(rule.name, .heading), " (\(rule.severity.rawValue)\(modes(rule)))")
            report.line("    ", words: rule.explanation, isProse: true)
            report.remedy(rule.remedy, isProse: true)
        }
        return report.text
    }

    /// The modes that a rule is about, unless it is all.
    private static func modes(_ rule: LintRule) -> String {
        guard rule.modes.count < ProxyMode.allCases.count else { return "" }
        return ", in \(rule.modes.map(\.rawValue).joined(separator: " and ")) mode"
    }
}

extension ReportText {
    /// What to do about a finding.
    mutating func remedy(_ text: String, isProse: Bool = false) {
        line("    ", Span("remedy:", .heading), " ", words: text, hanging: 12, isProse: isProse)
    }

    /// How many findings there are, and of which versions the rules are that were looked at.
    mutating func count(of findings: Int, _ versions: [String]) {
        let count = findings == 0 ? "no findings" : counted(findings, "finding")
        line(words: versions.isEmpty ? count : "\(count); rules of \(versions.joined(separator: ", "))")
    }
}
