internal import Iptables
package import KubeChainsJSON
package import KubeProxy

/// The reports of `diff`.
package enum DiffReport {
    package static func json(_ comparison: RuleComparison) -> JSONValue {
        .object([
            ("schema", .string("kubechains/diff/v1")), ("same", .boolean(comparison.isSame)),
            ("servicePorts", .array(comparison.servicePorts.map { json($0) })),
            ("other", .array(comparison.other.map { json($0) })),
        ])
    }

    private static func json(_ port: ServicePortDifference) -> JSONValue {
        .object([
            ("servicePort", .string(port.label.servicePort)), ("protocol", .string(port.label.transport)),
            ("change", .string(port.change.rawValue)), ("details", .array(port.details.map { json($0) })),
        ])
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

    package static func text(_ comparison: RuleComparison, isBrief: Bool) -> String {
        var text = ""
        for port in comparison.servicePorts {
            text +=
                "\(port.label.servicePort)\(port.label.transport.isEmpty ? "" : "/" + port.label.transport): \(port.change.rawValue)\n"
            if isBrief { continue }
            for detail in port.details { text += line(detail) }
        }
        if !comparison.other.isEmpty {
            text += isBrief ? "rules of no Service: changed\n" : "rules of no Service:\n"
        }
        if isBrief { return text }
        for entry in comparison.other {
            if let expected = entry.expected { text += "  - \(entry.table): \(expected)\n" }
            if let actual = entry.actual { text += "  + \(entry.table): \(actual)\n" }
        }
        return text
    }

    private static func line(_ detail: RuleDetail) -> String {
        let what = "\(word(detail.kind)) \(detail.subject.text)"
        switch (detail.expectedText, detail.actualText) {
        case (let expected?, let actual?): return "  ~ \(what): \(expected) -> \(actual)\n"
        case (let expected?, nil): return "  - \(what): \(expected)\n"
        case (nil, let actual?): return "  + \(what): \(actual)\n"
        case (nil, nil): return ""
        }
    }

    private static func word(_ kind: RuleDetail.Kind) -> String {
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
    package static func unified(
        _ comparison: RuleComparison, _ left: RuleComparison.Side, _ right: RuleComparison.Side, _ leftName: String,
        _ rightName: String, isStrict: Bool
    ) -> String {
        if comparison.isSame { return "" }
        var text = "--- \(leftName)\n+++ \(rightName)\n"
        for chain in RuleComparison.changedChains(left, right, isStrict: isStrict) {
            text += "@@ \(chain.table) \(chain.name) @@\n"
            text += hunks(chain.expected, chain.actual)
        }
        return text
    }

    /// The lines of two texts: common ones within three of a change, removed and added ones.
    private static func hunks(_ old: [String], _ new: [String]) -> String {
        let difference = new.difference(from: old)
        let removed = Set(difference.removals.map { change in change.offset })
        let added = Set(difference.insertions.map { change in change.offset })
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
        var text = ""
        var isGap = false
        for (index, line) in lines.enumerated() {
            let near = lines[max(0, index - 3)...min(lines.count - 1, index + 3)]
            if near.contains(where: { $0.mark != " " }) {
                if isGap { text += "...\n" }
                isGap = false
                text += "\(line.mark)\(line.text)\n"
            } else {
                isGap = true
            }
        }
        return text
    }
}

extension CollectionDifference.Change {
    fileprivate var offset: Int {
        switch self {
        case .insert(let offset, _, _), .remove(let offset, _, _): offset
        }
    }
}
