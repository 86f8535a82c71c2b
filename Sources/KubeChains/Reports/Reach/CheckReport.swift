internal import KubeChainsBytes
internal import KubeChainsJSON
public import KubeProxy

/// The reports of `check`.
public enum CheckReport {
    /// The results as JSON: `kubechains/check/v1`.
    public static func json(_ results: [FlowCheckResult]) -> String {
        JSONValue.object([
            ("schema", .string("kubechains/check/v1")),
            (
                "checks",
                .array(
                    results.map { result in
                        .object([
                            ("name", .string(result.check.name)), ("holds", .boolean(result.holds)),
                            ("flows", .integer(result.flows)),
                            ("counterexample", result.counterexample.map { json($0) }),
                        ])
                    })
            ),
        ]).text
    }

    private static func json(_ example: FlowCheck.Counterexample) -> JSONValue {
        .object([
            ("node", example.node.map { .string($0) }),
            ("from", example.sender.map { .string($0.description) }),
            ("to", .string(FlowWords.place(example.frontend))), ("outcome", FlowWords.json(example.outcome)),
            ("rules", .array(example.rules.map { TraceReport.json($0) })),
        ])
    }

    /// A line for each check, and the packet for which it does not hold.
    public static func text(_ results: [FlowCheckResult], _ style: TextStyle = .plain) -> String {
        var report = ReportText(style)
        for result in results {
            if result.holds {
                report.line(.init("holds  ", .added), words: result.check.name)
                continue
            }
            report.line(.init("fails  ", .removed), words: result.check.name)
            report.line(words: "       " + sentence(result))
            for step in result.counterexample?.rules ?? [] { report.line("         \(TraceReport.line(of: step))") }
        }
        let failed = results.count { !$0.holds }
        report.line(
            words: failed == 0
                ? "\(counted(results.count, "check")) \(results.count == 1 ? "holds" : "hold")"
                : "\(failed) of \(counted(results.count, "check")) \(failed == 1 ? "fails" : "fail")")
        return report.text
    }

    /// The packet for which a check does not hold, and what becomes of it.
    private static func sentence(_ result: FlowCheckResult) -> String {
        guard let example = result.counterexample else {
            return "nothing is sent: no such sender or no such frontend on these nodes"
        }
        let sender = example.sender.map { "\($0), \(FlowWords.words(example.senders.origin))," } ?? "somebody"
        return "on \(example.node ?? "the node"), from \(sender) to \(FlowWords.place(example.frontend)): "
            + FlowWords.sentence(example.outcome)
    }

    /// The checks as a report for programs, in which each check is a rule, and each that fails a finding.
    ///
    /// - Parameters:
    ///   - results: what came of the checks.
    ///   - file: the name of the document that has the checks.
    ///   - version: the version of the program.
    public static func findings(_ results: [FlowCheckResult], in file: String, version: String) -> FindingsReport {
        FindingsReport(
            command: "check", version: version,
            rules: results.map { .init(id: $0.check.name, severity: .error, explanation: explanation($0.check)) },
            findings: results.filter { !$0.holds }.map { result in
                ReportedFinding(
                    id: result.check.name, severity: .error, subject: nil,
                    message: sentence(result) + "; expected \(result.check.expect.rawValue)",
                    details: (result.counterexample?.rules ?? []).map { TraceReport.line(of: $0) }, remedy: "",
                    file: file,
                    line: result.check.line)
            },
            rulesAreTests: true)
    }

    /// What a check expects.
    private static func explanation(_ check: FlowCheck) -> String {
        let nodes = check.nodes.map { " on " + listed($0) } ?? ""
        return "\(check.name): expects \(check.expect.rawValue)\(nodes)"
    }
}
