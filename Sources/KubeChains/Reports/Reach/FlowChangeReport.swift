internal import KubeChainsBytes
internal import KubeChainsJSON
public import KubeProxy
internal import NetAddress

/// The reports of `diff --flows` and `upgrade`.
public enum FlowChangeReport {
    /// What differs for packets as JSON: `kubechains/diff-flows/v1`.
    public static func json(_ changes: [FlowComparison.Change]) -> String {
        JSONValue.object([
            ("schema", .string("kubechains/diff-flows/v1")), ("same", .boolean(changes.isEmpty)),
            ("changes", .array(changes.map { .object(fields($0)) })),
        ]).text
    }

    /// What an upgrade changes as JSON: `kubechains/upgrade/v1`.
    public static func json(_ upgrade: Upgrade) -> String {
        JSONValue.object([
            ("schema", .string("kubechains/upgrade/v1")), ("from", upgrade.from.json),
            ("to", .string(upgrade.to.release)), ("mode", .string(upgrade.mode.rawValue)),
            (
                "changes",
                .array(
                    upgrade.changes.map { change in
                        .object([("nodes", .array(change.nodes.map { .string($0) }))] + fields(change.flow))
                    })
            ),
            (
                "notes",
                .array(
                    upgrade.notes.map { note in
                        .object([
                            ("since", .string("1.\(note.since)")), ("planned", .boolean(note.isPlanned)),
                            ("text", .string(note.text)), ("sources", .array(note.sources.map { .string($0) })),
                        ])
                    })
            ),
        ]).text
    }

    private static func fields(_ change: FlowComparison.Change) -> [(key: String, value: JSONValue?)] {
        let place = place(change)
        return [
            ("from", FlowWords.json(change.senders)),
            (
                "to",
                .object([
                    ("address", change.frontend.address.map { .string($0.description) }),
                    ("port", .integer(Int(change.frontend.port))),
                    ("protocol", .string(change.frontend.transport.name.description)),
                    ("kind", .string(change.kind.rawValue)), ("servicePort", .string(change.name.description)),
                ])
            ),
            ("before", FlowWords.json(change.before)), ("after", FlowWords.json(change.after)),
            (
                "example",
                .object([
                    ("from", change.senders.example.map { .string($0.description) }), ("to", .string(place)),
                ])
            ),
        ]
    }

    private static func place(_ change: FlowComparison.Change) -> String {
        guard let address = change.frontend.address else { return "port \(change.frontend.port)" }
        return AddressText(address, port: change.frontend.port).description
    }

    /// What differs for packets, by Service port: from whom, to what, before, after, and an example.
    public static func text(_ changes: [FlowComparison.Change], _ style: TextStyle = .plain) -> String {
        var report = ReportText(style)
        var label = ""
        for change in changes { write(change, nil, &label, to: &report) }
        return report.text
    }

    /// What an upgrade changes: flows, then what comes with the versions.
    public static func text(_ upgrade: Upgrade, _ style: TextStyle = .plain) -> String {
        var report = ReportText(style)
        report.line(
            .init("from \(upgrade.from.phrase) to \(upgrade.to.release), \(upgrade.mode.rawValue) mode", .heading),
            words: ": \(counted(upgrade.flowCount, "flow")) compared on \(counted(upgrade.nodeCount, "node"))")
        report.emptyLine()
        if upgrade.changes.isEmpty { report.line(words: "no connection fares otherwise") }
        var label = ""
        for change in upgrade.changes {
            let shown = change.nodes.prefix(3).joined(separator: ", ")
            let more = change.nodes.count > 3 ? " and \(change.nodes.count - 3) more" : ""
            let all = change.nodes.count == upgrade.nodeCount && upgrade.nodeCount > 1
            write(
                change.flow, all ? "on all \(upgrade.nodeCount) nodes" : "on \(shown)\(more)", &label, to: &report)
        }
        if !upgrade.notes.isEmpty {
            report.emptyLine()
            report.line(.init("with the versions", .heading))
        }
        for note in upgrade.notes {
            let release = note.isPlanned ? "1.\(note.since), planned" : "from 1.\(note.since) on"
            report.line("  ", words: "\(release): \(note.text) (\(note.sources.joined(separator: ", ")))")
        }
        return report.text
    }

    private static func write(
        _ change: FlowComparison.Change, _ nodes: String?, _ label: inout String, to report: inout ReportText
    ) {
        let next = "\(change.name)/\(change.name.transport.name)"
        if next != label { report.line(.init(next, .heading)) }
        label = next
        let origin = FlowWords.words(change.senders.origin)
        let kind = change.kind == .nodePort ? "node port " : ""
        report.line("  ", words: "\(kind)\(place(change)) from \(origin)" + (nodes.map { ", \($0)" } ?? ""))
        report.line(.init("    before   \(FlowWords.sentence(change.before))", .removed))
        report.line(.init("    after    \(FlowWords.sentence(change.after))", .added))
        if let example = change.senders.example {
            report.line(words: "    example  \(example) to \(place(change))")
        }
    }
}
