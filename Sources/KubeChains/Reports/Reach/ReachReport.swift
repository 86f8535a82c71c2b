public import KubeChainsBytes
internal import KubeChainsJSON
public import KubeProxy
internal import NetAddress

/// The reports of `reach`.
public enum ReachReport {
    /// The flows as JSON: `kubechains/reach/v1`.
    public static func json(_ results: [NodeFlows]) -> String {
        JSONValue.object([
            ("schema", .string("kubechains/reach/v1")), ("results", .array(results.map { json($0) })),
        ]).text
    }

    private static func json(_ result: NodeFlows) -> JSONValue {
        var flows: [JSONValue] = []
        for frontend in result.frontends {
            for address in frontend.addresses {
                flows += frontend.flows.map { flow in
                    .object([
                        ("from", FlowWords.json(flow.senders)),
                        (
                            "to",
                            .object([
                                ("address", .string(address.description)), ("port", .integer(Int(frontend.port))),
                                ("protocol", .string(frontend.name.transport.name.description)),
                                ("kind", .string(frontend.kind.rawValue)),
                                ("servicePort", .string(frontend.name.description)),
                            ])
                        ),
                        ("outcome", FlowWords.json(flow.outcome)),
                        (
                            "example",
                            .object([
                                ("from", flow.senders.example.map { .string($0.description) }),
                                ("to", .string(AddressText(address, port: frontend.port).description)),
                            ])
                        ),
                    ])
                }
            }
        }
        return .object([
            ("node", result.node.map { .string($0) }), ("family", .string(result.family.name)),
            ("kubeProxy", result.version?.json), ("flows", .array(flows)),
            (
                "unserved",
                .array(
                    result.unserved.map { flow in
                        .object(FlowWords.json(flow.kind, flow.addresses) + [("outcome", FlowWords.json(flow.outcome))])
                    })
            ),
        ])
    }

    /// The flows as a picture of each Service port.
    public static func svg(_ results: [NodeFlows]) -> String { FlowPicture.svg(FlowGraphs(results)) }

    /// The flows as a table for each Service port: to, from, result, what endpoints see of the source, and shares.
    ///
    /// - Parameters:
    ///   - results: the flows of each node and family.
    ///   - style: how the text is laid out.
    ///   - workers: to whom half of many tables can be given; the text is the same with and without.
    public static func text(
        _ results: [NodeFlows], _ style: TextStyle = .plain, with workers: Workers? = nil
    ) -> String {
        var report = ReportText(style)
        for result in results where !result.frontends.isEmpty || !result.unserved.isEmpty {
            if !report.text.isEmpty { report.emptyLine() }
            report.line(
                .init("\(result.family.name) on node \(result.node ?? "(no name)")", .heading),
                words: ", " + (result.version.map { "rules of \($0.phrase)" } ?? "rules of the host"))
            let middle = middle(of: result.frontends)
            if let workers, middle > 8 {
                let (latter, former) = workers.both(
                    { tables(of: result.frontends[middle...], style) },
                    { tables(of: result.frontends[..<middle], style) })
                report.add(former)
                report.add(latter)
            } else {
                report.add(tables(of: result.frontends[...], style))
            }
            if !result.unserved.isEmpty { report.emptyLine() }
            for flow in result.unserved {
                report.line(.init(FlowWords.words(flow.kind), .heading), words: ": \(FlowWords.result(flow.outcome))")
            }
        }
        return report.text
    }

    /// Where about half of the frontends are before, and none of the same Service port.
    private static func middle(of frontends: [FrontendFlows]) -> Int {
        var middle = frontends.count / 2
        while middle > 0, frontends[middle - 1].name == frontends[middle].name { middle -= 1 }
        return middle
    }

    private static func tables(of frontends: ArraySlice<FrontendFlows>, _ style: TextStyle) -> ReportText {
        var report = ReportText(style)
        var rows: [Row] = []
        for (index, frontend) in zip(frontends.indices, frontends) {
            rows += self.rows(of: frontend, below: rows)
            if index + 1 < frontends.endIndex, frontends[index + 1].name == frontend.name { continue }
            if !rows.isEmpty { write(rows, frontend.name, to: &report) }
            rows = []
        }
        return report
    }

    /// A line of a table.
    struct Row {
        let to: String
        let from: String
        let result: String
        let source: String
        let share: String
        /// Why the result is not known; nil: it is.
        var reason: String?

        /// The result in a column, without what is said below the table.
        var brief: String { reason == nil ? result : "unknown" }
    }

    /// Senders of a frontend that fare alike, in words.
    static func groups(of frontend: FrontendFlows) -> [(outcome: FlowOutcome, from: String)] {
        var groups: [(outcome: FlowOutcome, senders: [SenderSet])] = []
        for flow in frontend.flows where flow.senders.origin.comes(to: frontend.kind) {
            let outcome = FlowWords.shown(flow.outcome)
            if let position = groups.firstIndex(where: { $0.outcome == outcome }) {
                groups[position].senders.append(flow.senders)
            } else {
                groups.append((outcome, [flow.senders]))
            }
        }
        let isEverybody = groups.count == 1 && !frontend.addresses[0].isLoopback
        return groups.map { group in
            let senders = FlowWords.text(group.senders, among: frontend.flows.map(\.senders))
            return (group.outcome, isEverybody ? "everybody" : senders)
        }
    }

    /// Senders that fare alike share a row. A node port is named without addresses; below it, those where it fares otherwise.
    static func rows(of frontend: FrontendFlows, below others: [Row]) -> [Row] {
        let nodePort = "node port \(frontend.port)"
        let isNodePort = frontend.kind == .nodePort && !frontend.addresses[0].isLoopback
        let place =
            isNodePort && !others.contains { $0.to == nodePort }
            ? nodePort
            : frontend.addresses.map { AddressText($0, port: frontend.port).description }.joined(separator: ", ")
        return groups(of: frontend).enumerated().map { index, group in
            Row(
                to: index == 0 ? place : "", from: group.from, result: FlowWords.result(group.outcome),
                source: FlowWords.source(group.outcome), share: FlowWords.share(group.outcome),
                reason: FlowWords.reason(group.outcome))
        }
    }

    private static func write(_ rows: [Row], _ name: ServicePortName, to report: inout ReportText) {
        report.emptyLine()
        report.line(.init("\(name)/\(name.transport.name)", .heading))
        let head = Row(to: "TO", from: "FROM", result: "RESULT", source: "SOURCE IP", share: "SHARE")
        let all = [head] + rows
        func width(_ column: (Row) -> String) -> Int { all.reduce(0) { max($0, TextLayout.columns(column($1))) } }
        var widths = (to: width { $0.to }, result: width { $0.brief }, source: width { $0.source })
        let share = width { $0.share }
        // Where addresses are long, each has a line of its own, so that who sends has room.
        let isWide = widths.to + widths.result + widths.source + share > report.style.width - 30
        if isWide { widths.to = 2 }
        for row in all {
            var lead = "  "
            func add(_ cell: String, _ width: Int) { lead += TextLayout.padded(cell, width + 2) }
            if isWide, !row.to.isEmpty { report.line(.init("  "), words: row.to, hanging: 4, isProse: true) }
            add(isWide ? "" : row.to, widths.to)
            add(row.brief, widths.result)
            add(row.source, widths.source)
            add(row.share, share)
            // Who sends comes last, since it may be long.
            report.line(.init(lead), words: row.from, hanging: TextLayout.columns(lead), isProse: true)
        }
        var said: Set<String> = []
        for reason in rows.compactMap(\.reason) where said.insert(reason).inserted {
            report.line(.init("  "), words: "unknown: \(reason)", isProse: true)
        }
    }
}
