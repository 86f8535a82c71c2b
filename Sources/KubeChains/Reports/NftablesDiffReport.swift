package import KubeChainsJSON
package import KubeProxy

/// The reports of `diff` in nftables mode.
package enum NftablesDiffReport {
    package static func json(_ comparison: NftablesComparison, _ versions: ComparedVersions) -> JSONValue {
        .object(
            [
                ("schema", .string("kubechains/diff/v1")), ("same", .boolean(comparison.isSame)),
                ("kubeProxy", versions.json),
            ] + members(comparison))
    }

    /// The keys `servicePorts` and `other`.
    static func members(_ comparison: NftablesComparison) -> [(key: String, value: JSONValue?)] {
        [
            (
                "servicePorts",
                .array(
                    comparison.servicePorts.map { port in
                        .object([
                            ("servicePort", .string(port.label.servicePort)),
                            ("protocol", .string(port.label.transport)), ("change", .string(port.change.rawValue)),
                            ("policies", DiffReport.json(port.policyChanges)),
                            ("details", .array(port.details.map { json($0, [("subject", $0.object)]) })),
                        ])
                    })
            ),
            (
                "other",
                .array(comparison.other.map { json($0, [("table", comparison.table), ("chain", $0.object)]) })
            ),
        ]
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
        DiffReport.text(DifferencePart.all(of: comparison), versions, isBrief: isBrief, style)
    }

    package static func statistics(_ comparison: NftablesComparison, _ style: TextStyle = .plain) -> String {
        DiffReport.statistics(DifferencePart.all(of: comparison), style)
    }
}
