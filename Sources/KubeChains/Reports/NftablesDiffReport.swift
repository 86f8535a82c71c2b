package import KubeChainsJSON
package import KubeProxy

/// The reports of `diff` in nftables mode.
package enum NftablesDiffReport {
    package static func json(_ comparison: NftablesComparison) -> JSONValue {
        .object([
            ("schema", .string("kubechains/diff/v1")), ("same", .boolean(comparison.isSame)),
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

    package static func text(_ comparison: NftablesComparison, isBrief: Bool) -> String {
        var text = ""
        for port in comparison.servicePorts {
            text += "\(port.label.servicePort)/\(port.label.transport): \(port.change.rawValue)\n"
            if !isBrief { text += port.details.map(lines).joined() }
        }
        if !comparison.other.isEmpty {
            text += isBrief ? "rules of no Service: changed\n" : "rules of no Service:\n"
            if !isBrief { text += comparison.other.map(lines).joined() }
        }
        return text
    }

    private static func lines(_ difference: NftablesDifference) -> String {
        let what = "\(difference.kind.rawValue) \(difference.object)"
        func line(_ mark: String, _ text: String?) -> String {
            text.map { "  \(mark) \(what)\($0.isEmpty ? "" : ": \($0)")\n" } ?? ""
        }
        return line("-", difference.expected) + line("+", difference.actual)
    }
}
