internal import KubeChainsBytes
internal import KubeChainsJSON
public import KubeProxy

/// The reports of `audit`.
public enum AuditReport {
    /// How many commands of a finding a text shows.
    private static let commandLimit = 10

    /// The findings as JSON: `kubechains/audit/v1`.
    ///
    /// - Parameters:
    ///   - findings: the findings, in the order of the report.
    ///   - inferred: what was not given and is read off the rules.
    ///   - version: the version of kube-proxy whose rules were expected; nil: nothing was compared.
    ///   - dump: the name of the dump, which is the file of findings at its lines.
    public static func json(
        _ findings: [AuditFinding], _ inferred: [InferredSetting], _ version: VersionChoice? = nil,
        dump: String? = nil
    ) -> String {
        JSONValue.object([
            ("schema", .string("kubechains/audit/v1")),
            ("inferred", json(inferred)), ("kubeProxy", version?.json),
            (
                "findings",
                .array(findings.map { .object(members($0, dump)) })
            ),
        ]).text
    }

    /// The members of a finding's object: those that findings of all commands have, and its own.
    ///
    /// - Parameter dump: the name of the dump whose line the finding names; nil: it stands elsewhere.
    static func members(_ finding: AuditFinding, _ dump: String? = nil) -> [(key: String, value: JSONValue?)] {
        [
            ("id", .string(finding.id.rawValue)), ("severity", .string(finding.severity.rawValue)),
            ("servicePort", finding.label.map { .string($0.servicePort) }),
            ("protocol", finding.label.map { .string($0.transport) }),
            ("file", (finding.file ?? (finding.line > 0 ? dump : nil)).map { .string($0) }),
            ("line", finding.line > 0 ? .integer(finding.line) : nil),
            ("rule", finding.rule.map { .string($0) }), ("entry", finding.entry.map { .string($0) }),
            ("message", .string(finding.effect)), ("effect", .string(finding.effect)),
            ("remedy", .string(finding.remedy)),
            ("commands", finding.commands.isEmpty ? nil : .array(finding.commands.map { .string($0) })),
        ]
    }

    /// What was read off the rules.
    static func json(_ inferred: [InferredSetting]) -> JSONValue {
        var node: String?
        var version: String?
        var settings: [(key: String, value: JSONValue?)] = []
        for setting in inferred {
            if case .node(let name) = setting {
                node = name
                continue
            }
            if case .version(let release) = setting {
                version = release
                continue
            }
            for option in setting.options { settings.append((option.name, .string(option.value ?? "true"))) }
        }
        return .object([
            ("node", node.map { .string($0) }), ("version", version.map { .string($0) }),
            ("settings", .object(settings)),
        ])
    }

    /// What was not taken from a node in IPVS mode, so that it was not compared.
    public static func words(notGiven parts: [IPVSDump.Part]) -> String {
        // Who gives no rules gives no jumps either.
        let texts = parts.filter { $0 != .jumps || !parts.contains(.rules) }.map { part in
            switch part {
            case .servers: "virtual servers ('ipvsadm -Sn')"
            case .sets: "sets ('ipset save')"
            case .rules: "rules (iptables-save)"
            case .jumps: "jumps from built-in chains (all that iptables-save prints)"
            case .addresses: "addresses ('ip -o addr')"
            }
        }
        return "not given, so not compared: \(listed(texts))"
    }

    /// The findings as text, each with its rule and its remedy below it.
    ///
    /// - Parameters:
    ///   - findings: the findings, in the order of the report.
    ///   - inferred: what was not given and is read off the rules.
    ///   - version: the version of kube-proxy whose rules were expected; nil: nothing was compared.
    ///   - dump: the name of the dump that they are about.
    ///   - style: how the text is laid out.
    public static func text(
        _ findings: [AuditFinding], _ inferred: [InferredSetting], _ version: VersionChoice? = nil, _ dump: String,
        _ style: TextStyle = .plain
    ) -> String {
        var report = ReportText(style)
        if !inferred.isEmpty {
            report.line(.init("inferred:", .heading), " \(inferred.map(\.text).joined(separator: " "))")
            for setting in inferred {
                guard let doubt = setting.doubt else { continue }
                report.line(words: "    \(setting.text), \(doubt)")
            }
        }
        var remedies: Set<String> = []
        for finding in findings {
            let place = finding.line > 0 ? "\(finding.file ?? dump):\(finding.line): " : ""
            let label = finding.label.map { "\($0.text): " } ?? ""
            report.line(
                "\(place)", .severity(finding.severity), " ",
                words: "\(label)\(finding.effect) [\(finding.id.rawValue)]")
            if let rule = finding.rule { report.line("    ", .init("rule:", .heading), "   \(rule)") }
            if let entry = finding.entry { report.line("    ", .init("entry:", .heading), "  \(entry)") }
            // A remedy that several findings share is said once, below the first of them.
            if remedies.insert(finding.remedy).inserted { report.remedy(finding.remedy) }
            for command in finding.commands.prefix(commandLimit) {
                report.line("    ", .init("run:", .heading), "    \(command)")
            }
            if finding.commands.count > commandLimit {
                report.line("            and \(finding.commands.count - commandLimit) more, which -o json lists")
            }
        }
        report.count(of: findings.count, version.map { [$0.phrase] } ?? [])
        return report.text
    }
}
