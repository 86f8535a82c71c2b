internal import Iptables
internal import KubeChainsJSON
internal import KubeProxy

extension FlowChangeReport {
    /// The rules that a change's example packet meets on one side only, without their numbers, which other rules change.
    static func json(_ rules: FlowComparison.DifferingRules) -> JSONValue {
        func array(_ steps: [TraceStep]) -> JSONValue {
            .array(
                steps.map { step in
                    .object([
                        ("table", .string(step.table)), ("chain", .string(step.chain)), ("text", .string(step.text)),
                        ("element", step.element.map { .string($0) }),
                    ])
                })
        }
        return .object([("before", array(rules.before)), ("after", array(rules.after))])
    }

    /// The same as lines.
    static func lines(of rules: FlowComparison.DifferingRules?) -> [(text: String, isBefore: Bool)] {
        guard let rules else { return [] }
        return rules.before.map { ("- \($0.table): \($0.line)", true) }
            + rules.after.map { ("+ \($0.table): \($0.line)", false) }
    }
}
