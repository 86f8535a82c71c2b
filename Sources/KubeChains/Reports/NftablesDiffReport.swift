package import KubeChainsJSON
package import KubeProxy

/// The reports of `diff` in nftables mode.
package enum NftablesDiffReport {
    package static func json(_ comparison: NftablesComparison, _ versions: ComparedVersions) -> JSONValue {
        .object([
            ("schema", .string("kubechains/diff/v1")), ("same", .boolean(comparison.isSame)),
            ("kubeProxy", versions.json),
            (
                "servicePorts",
                .array(
                    comparison.servicePorts.map { port in
                        .object([
                            ("servicePort", .string(port.label.servicePort)),
                            ("protocol", .string(port.label.transport)), ("change", .string(port.change.rawValue)),
                            ("details", .array(port.details.map { json($0, [("subject", $0.object)]) })),
                        ])
                    })
            ),
            (
                "other",
                .array(comparison.other.map { json($0, [("table", comparison.table), ("chain", $0.object)]) })
            ),
        ])
    }

    private static func json(_ difference: NftablesDifference, _ place: [(String, String)]) -> JSONValue {
        let sides: [(String, JSONValue?)] = [
            ("expected", difference.expected.map { .string($0) }), ("actual", difference.actual.map { .string($0) }),
        ]
        let names: [(String, JSONValue?)] = place.map { ($0.0, .string($0.1)) }
        return .object([("kind", .string(difference.kind.rawValue))] + names + sides)
    }

    package static func text(
        _ comparison: NftablesComparison, _ versions: ComparedVersions, isBrief: Bool, _ style: TextStyle = .plain
    ) -> String {
        if comparison.isSame { return "" }
        var report = ReportText(style)
        for port in comparison.servicePorts {
            report.line(.init(port.label.text, .heading), ": \(port.change.rawValue)")
            if !isBrief { for difference in port.details { write(difference, to: &report) } }
        }
        if !comparison.other.isEmpty {
            report.line(.init("rules of no Service", .heading), isBrief ? ": changed" : ":")
            if !isBrief { for difference in comparison.other { write(difference, to: &report) } }
        }
        if !isBrief { for line in versions.lines { report.line(words: line) } }
        return report.text
    }

    private static func write(_ difference: NftablesDifference, to report: inout ReportText) {
        let what = "\(difference.kind.rawValue) \(difference.object)"
        func line(_ mark: String, _ text: String?, _ paint: TextPaint) {
            guard let text else { return }
            report.line(.init("  \(mark) \(what)\(text.isEmpty ? "" : ": \(text)")", paint))
        }
        line("-", difference.expected, .removed)
        line("+", difference.actual, .added)
    }
}
