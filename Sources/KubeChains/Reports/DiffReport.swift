internal import Iptables
internal import KubeChainsBytes
internal import KubeChainsJSON
public import KubeProxy

/// The reports of `diff`.
public enum DiffReport {
    /// The differences as JSON: `kubechains/diff/v1`.
    ///
    /// - Parameters:
    ///   - comparison: what was compared.
    ///   - versions: whose rules were compared.
    public static func json(_ comparison: RuleComparison, _ versions: ComparedVersions = .init()) -> String {
        value(comparison, versions).text
    }

    private static func value(_ comparison: RuleComparison, _ versions: ComparedVersions) -> JSONValue {
        .object(
            [
                ("schema", .string("kubechains/diff/v1")), ("same", .boolean(comparison.isSame)),
                ("kubeProxy", versions.json),
            ] + members(comparison))
    }

    /// The keys `servicePorts` and `other`.
    static func members(_ comparison: RuleComparison) -> [(key: String, value: JSONValue?)] {
        [
            ("servicePorts", .array(comparison.servicePorts.map { json($0) })),
            ("other", .array(comparison.other.map { json($0) })),
        ]
    }

    private static func json(_ port: ServicePortDifference) -> JSONValue {
        .object([
            ("servicePort", .string(port.label.servicePort)), ("protocol", .string(port.label.transport)),
            ("change", .string(port.change.rawValue)), ("policies", json(port.policyChanges)),
            ("details", .array(port.details.map { json($0) })),
        ])
    }

    /// Nil: none differs.
    static func json(_ policies: [PolicyChange]) -> JSONValue? {
        policies.isEmpty
            ? nil
            : .array(
                policies.map {
                    .object([
                        ("policy", .string($0.policy.rawValue)), ("expected", .string($0.expected)),
                        ("actual", .string($0.actual)), ("rule", $0.evidence.map { .string($0) }),
                    ])
                })
    }

    private static func json(_ detail: RuleDetail) -> JSONValue {
        .object([
            ("kind", .string(detail.kind.rawValue)), ("subject", .string(detail.subject.text)),
            ("expected", detail.expectedText.map { .string($0) }), ("actual", detail.actualText.map { .string($0) }),
        ])
    }

    private static func json(_ entry: OtherDifference) -> JSONValue {
        .object([
            ("table", .string(entry.table)), ("chain", .string(entry.chain)),
            ("expected", entry.expected.map { .string($0) }), ("actual", entry.actual.map { .string($0) }),
        ])
    }

    /// The differences by Service port, then those of no Service; empty if there are none.
    ///
    /// - Parameters:
    ///   - comparison: what was compared.
    ///   - versions: whose rules were compared.
    ///   - isBrief: whether only the Service ports are named.
    ///   - style: how the text is laid out.
    public static func text(
        _ comparison: RuleComparison, _ versions: ComparedVersions = .init(), isBrief: Bool,
        _ style: TextStyle = .plain
    ) -> String {
        text(DifferencePart.all(of: comparison), versions, isBrief: isBrief, style)
    }

    static func text(
        _ parts: [DifferencePart], _ versions: ComparedVersions, isBrief: Bool, _ style: TextStyle
    ) -> String {
        if parts.isEmpty { return "" }
        var report = ReportText(style)
        for part in parts {
            let head = part.label == nil ? (isBrief ? ": changed" : ":") : ": \(part.change.rawValue)"
            report.line(.init(part.title, .heading), .init(head))
            if !isBrief { for line in part.lines { report.line(line.span) } }
        }
        if !isBrief { for line in versions.lines { report.line(words: line) } }
        return report.text
    }

    /// What happened to each Service port and how many details differ, and the sums.
    public static func statistics(_ comparison: RuleComparison, _ style: TextStyle = .plain) -> String {
        statistics(DifferencePart.all(of: comparison), style)
    }

    static func statistics(_ parts: [DifferencePart], _ style: TextStyle) -> String {
        if parts.isEmpty { return "" }
        var report = ReportText(style)
        let ports = parts.filter { $0.label != nil }
        for port in ports {
            report.line(
                .init(port.title, .heading), " | \(port.change.rawValue), \(counted(port.count, "difference"))")
        }
        let counts = [ServicePortDifference.Change.added, .removed, .changed].map { change in
            "\(ports.count { $0.change == change }) \(change.rawValue)"
        }
        let others = parts.first { $0.label == nil }.map { "; \(counted($0.count, "rule")) of no Service" } ?? ""
        report.line("\(counted(ports.count, "Service port")): \(counts.joined(separator: ", "))\(others)")
        return report.text
    }

    static func word(_ kind: RuleDetail.Kind) -> String {
        switch kind {
        case .address: "address"
        case .nodePort: "node port"
        case .healthCheckNodePort: "health-check node port"
        case .clusterEndpoint: "endpoint"
        case .localEndpoint: "endpoint under the local policy"
        case .externalPolicy: "external traffic,"
        case .sourceRange: "source range"
        case .verdict: "verdict for"
        case .masquerade: "masquerade"
        case .affinity: "affinity,"
        case .rule: "rule"
        }
    }

    /// The chains that differ as a unified diff of their rules in normal form.
    ///
    /// - Parameters:
    ///   - comparison: what was compared.
    ///   - left: the expected side.
    ///   - right: the actual side.
    ///   - leftName: the expected side's name, for the head.
    ///   - rightName: the actual side's name, for the head.
    ///   - isStrict: whether texts were compared.
    ///   - style: how the text is laid out.
    public static func unified(
        _ comparison: RuleComparison, _ left: RuleComparison.Side, _ right: RuleComparison.Side, _ leftName: String,
        _ rightName: String, isStrict: Bool, _ style: TextStyle = .plain
    ) -> String {
        if comparison.isSame { return "" }
        var report = ReportText(style)
        report.line(.init("--- \(leftName)", .heading))
        report.line(.init("+++ \(rightName)", .heading))
        for chain in RuleComparison.changedChains(left, right, isStrict: isStrict) {
            report.line(.init("@@ \(chain.table) \(chain.name) @@", .information))
            write(hunksOf: chain.expected, chain.actual, to: &report)
        }
        return report.text
    }

    /// The lines of two texts: common ones within three of a change, removed and added ones.
    private static func write(hunksOf old: [String], _ new: [String], to report: inout ReportText) {
        let changes = SequenceChanges(from: old, to: new)
        let (removed, added) = (Set(changes.removed), Set(changes.inserted))
        var lines: [(mark: Character, text: String)] = []
        var (left, right) = (0, 0)
        while left < old.count || right < new.count {
            if left < old.count, removed.contains(left) {
                lines.append(("-", old[left]))
                left += 1
            } else if right < new.count, added.contains(right) {
                lines.append(("+", new[right]))
                right += 1
            } else {
                lines.append((" ", old[left]))
                left += 1
                right += 1
            }
        }
        var isGap = false
        for (index, line) in lines.enumerated() {
            let near = lines[max(0, index - 3)...min(lines.count - 1, index + 3)]
            if near.contains(where: { $0.mark != " " }) {
                if isGap { report.line("...") }
                isGap = false
                report.line(
                    .init("\(line.mark)\(line.text)", line.mark == "-" ? .removed : line.mark == "+" ? .added : nil))
            } else {
                isGap = true
            }
        }
    }
}
