internal import Iptables
public import KubeChainsJSON
public import KubeProxy

extension FindingsReport {
    /// The findings of `lint`.
    ///
    /// - Parameters:
    ///   - findings: the findings, in the order of the report.
    ///   - places: where each finding's object stands; nil where it stands nowhere.
    ///   - version: the version of the program.
    public init(lint findings: [LintFinding], _ places: [Diagnostic.Place?], version: String) {
        self.init(
            command: "lint", version: version,
            rules: LintRule.all.map {
                .init(id: $0.name, severity: $0.severity, explanation: $0.explanation, remedy: $0.remedy)
            },
            findings: zip(findings, places).map { finding, place in
                let subject = finding.label?.text ?? finding.object
                let family = finding.family.map { "\($0.name): " } ?? ""
                return ReportedFinding(
                    id: finding.id, severity: finding.severity, subject: subject, message: family + finding.message,
                    remedy: finding.remedy, file: place?.file, line: place?.line)
            })
    }

    /// The findings of `audit`.
    ///
    /// - Parameters:
    ///   - findings: the findings, in the order of the report.
    ///   - dump: the name of the dump that they are about.
    ///   - version: the version of the program.
    public init(audit findings: [AuditFinding], _ dump: String, version: String) {
        self.init(
            command: "audit", version: version,
            rules: AuditFinding.Identifier.allCases.map {
                .init(id: $0.rawValue, severity: $0.usualSeverity, explanation: $0.explanation)
            },
            findings: findings.map { finding in
                ReportedFinding(
                    id: finding.id.rawValue, severity: finding.severity, subject: finding.label?.text,
                    message: finding.effect, remedy: ([finding.remedy] + finding.commands).joined(separator: "\n"),
                    file: finding.file ?? dump,
                    line: finding.line > 0 ? finding.line : nil)
            })
    }

    /// The differences of `diff` as findings: one for each Service port, and one for each rule of no Service.
    ///
    /// - Parameters:
    ///   - comparison: the differences.
    ///   - actual: the actual side.
    ///   - version: the version of the program.
    public init(diff comparison: RuleComparison, actual: ComparedInput, version: String) {
        let ports = comparison.servicePorts.map { port in
            DifferencePart(port).finding("", actual: actual)
        }
        let others = comparison.other.map { entry in
            let parts = [entry.expected.map { "expected \($0)" }, entry.actual.map { "found \($0)" }]
            return ReportedFinding(
                id: "other-rule", severity: .warning, subject: "\(entry.table) \(entry.chain)",
                message: parts.compactMap(\.self).joined(separator: ", "), remedy: "", file: actual.name)
        }
        self.init(command: "diff", version: version, rules: FindingsReport.rulesOfDiff, findings: ports + others)
    }

    /// The same of nftables mode.
    package init(diff comparison: NftablesComparison, actual: ComparedInput, version: String) {
        let findings = DifferencePart.all(of: comparison).map { $0.finding("", actual: actual) }
        self.init(command: "diff", version: version, rules: FindingsReport.rulesOfDiff, findings: findings)
    }

    /// What `diff` looks for.
    static var rulesOfDiff: [ReportedFinding.Rule] {
        [
            .init(
                id: "service-added", severity: .warning,
                explanation: "Only the actual side has rules of the Service port."),
            .init(
                id: "service-removed", severity: .warning,
                explanation: "Only the expected side has rules of the Service port."),
            .init(
                id: "service-changed", severity: .warning,
                explanation: "The two sides treat the Service port differently."),
            .init(id: "other-rule", severity: .warning, explanation: "A rule of no Service differs."),
        ]
    }
}

extension ServicePortLabel {
    /// `namespace/service:port/protocol`.
    var text: String { servicePort + (transport.isEmpty ? "" : "/\(transport)") }
}
