internal import Iptables
internal import KubeProxy

/// What differs in the rules of one Service port, or in those of no Service, in words.
struct DifferencePart: Sendable, Hashable {
    /// One difference in a line.
    struct Line: Sendable, Hashable {
        /// What happened to it.
        let change: ServicePortDifference.Change
        /// What differs, and how.
        let text: String
    }

    /// The Service port; nil: the rules of no Service.
    let label: ServicePortLabel?
    /// What happened to all of it.
    let change: ServicePortDifference.Change
    /// The policies that differ: the causes of other differences.
    private let policies: [Line]
    /// What differs; one difference may take two lines.
    private let differences: [[Line]]

    /// What differs, policies first.
    var lines: [Line] { policies + differences.flatMap(\.self) }
    /// The number of differences.
    var count: Int { differences.count }

    /// What differs, as the head of its lines says it.
    var title: String { label?.text ?? "rules of no Service" }

    /// The parts of a comparison, by Service port; those of no Service are last.
    static func all(of comparison: RuleComparison) -> [DifferencePart] {
        comparison.servicePorts.map { DifferencePart($0) }
            + others(comparison.other.map { lines($0.table, $0.expected, $0.actual) })
    }

    /// What differs in a Service port's rules of iptables mode.
    init(_ port: ServicePortDifference) {
        self.init(
            port.label, port.change, port.policyChanges.map(DifferencePart.line),
            port.details.map(DifferencePart.lines))
    }

    private init(
        _ label: ServicePortLabel?, _ change: ServicePortDifference.Change, _ policies: [Line],
        _ differences: [[Line]]
    ) {
        self.label = label
        self.change = change
        self.policies = policies
        self.differences = differences
    }

    /// The parts of a comparison of nftables mode.
    static func all(of comparison: NftablesComparison) -> [DifferencePart] {
        func lines(_ difference: NftablesDifference) -> [Line] {
            DifferencePart.lines(
                "\(difference.kind.rawValue) \(difference.object)", difference.expected, difference.actual)
        }
        return comparison.servicePorts.map {
            DifferencePart($0.label, $0.change, $0.policyChanges.map(line), $0.details.map(lines))
        }
            + others(comparison.other.map(lines))
    }

    private static func others(_ differences: [[Line]]) -> [DifferencePart] {
        differences.isEmpty ? [] : [DifferencePart(nil, .changed, [], differences)]
    }

    private static func line(_ policy: PolicyChange) -> Line {
        let evidence = policy.evidence.map { " (\($0))" } ?? ""
        return Line(
            change: .changed, text: "\(policy.policy.rawValue): \(policy.expected) -> \(policy.actual)\(evidence)")
    }

    private static func lines(_ detail: RuleDetail) -> [Line] {
        let what = "\(DiffReport.word(detail.kind)) \(detail.subject.text)"
        if let expected = detail.expectedText, let actual = detail.actualText {
            return [Line(change: .changed, text: "\(what): \(expected) -> \(actual)")]
        }
        return lines(what, detail.expectedText, detail.actualText)
    }

    /// What one side has, and what the other has instead.
    private static func lines(_ what: String, _ expected: String?, _ actual: String?) -> [Line] {
        [(ServicePortDifference.Change.removed, expected), (.added, actual)].compactMap { change, text in
            text.map { Line(change: change, text: $0.isEmpty ? what : "\(what): \($0)") }
        }
    }
}

extension DifferencePart {
    /// What all parts of a Service port have, in the order of the first of them; nil: nothing.
    static func common(to parts: [DifferencePart]) -> DifferencePart? {
        guard let first = parts.first else { return nil }
        func shared(_ own: KeyPath<DifferencePart, [[Line]]>) -> [[Line]] {
            // What a part has twice stays where it is.
            let counts = parts.map { Dictionary($0[keyPath: own].map { ($0, 1) }, uniquingKeysWith: +) }
            return first[keyPath: own].filter { difference in counts.allSatisfy { $0[difference] == 1 } }
        }
        return DifferencePart(first.label, first.change, shared(\.causes).flatMap(\.self), shared(\.differences))
            .unlessEmpty
    }

    /// What a part has besides what all have; nil: nothing.
    func without(_ common: DifferencePart) -> DifferencePart? {
        let (policies, differences) = (Set(common.policies), Set(common.differences))
        return DifferencePart(
            label, change, self.policies.filter { !policies.contains($0) },
            self.differences.filter { !differences.contains($0) }
        ).unlessEmpty
    }

    private var causes: [[Line]] { policies.map { [$0] } }
    private var unlessEmpty: DifferencePart? { policies.isEmpty && differences.isEmpty ? nil : self }
}

extension DifferencePart {
    /// The same as a finding.
    ///
    /// - Parameters:
    ///   - scope: the nodes that have it, in words; empty: those that the whole report is about.
    ///   - actual: the actual side.
    func finding(_ scope: String, actual: ComparedInput) -> ReportedFinding {
        let place = label.flatMap { actual.place(of: $0.service) }
        let details = lines.map(\.sentence).joined(separator: "; ")
        let head = scope.isEmpty ? change.rawValue : "\(change.rawValue) \(scope)"
        return ReportedFinding(
            id: label == nil ? "other-rule" : "service-\(change.rawValue)", severity: .warning, subject: title,
            message: details.isEmpty ? head : "\(head): \(details)", remedy: "",
            file: place?.file ?? actual.name, line: place?.line)
    }
}

extension DifferencePart.Line {
    /// The line behind its mark, as the text of `diff` has it.
    var span: ReportText.Span {
        switch change {
        case .changed: .init("  ~ \(text)")
        case .removed: .init("  - \(text)", .removed)
        case .added: .init("  + \(text)", .added)
        }
    }

    /// The same without a mark, for formats that have no lines.
    var sentence: String {
        switch change {
        case .changed: text
        case .removed: "\(text) is gone"
        case .added: "\(text) is new"
        }
    }
}
