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
            ("from", example.senders.example.map { .string($0.description) }),
            ("to", .string(example.to.description)), ("outcome", FlowWords.json(example.outcome)),
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
            guard let example = result.counterexample else {
                report.line(words: "       nothing is sent: no such sender or no such frontend on these nodes")
                continue
            }
            let sender =
                example.senders.example.map { "\($0), \(FlowWords.words(example.senders.origin))," } ?? "somebody"
            report.line(
                words: "       on \(example.node ?? "the node"), from \(sender) to \(example.to): "
                    + FlowWords.sentence(example.outcome))
        }
        let failed = results.count { !$0.holds }
        report.line(
            words: failed == 0
                ? "\(counted(results.count, "check")) \(results.count == 1 ? "holds" : "hold")"
                : "\(failed) of \(counted(results.count, "check")) \(failed == 1 ? "fails" : "fail")")
        return report.text
    }
}
