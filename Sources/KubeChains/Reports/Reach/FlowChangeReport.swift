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
        let place = FlowWords.place(change.frontend)
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
            write(change.flow, nodes(of: change, upgrade), &label, to: &report)
        }
        if !upgrade.notes.isEmpty {
            report.emptyLine()
            report.line(.init("with the versions", .heading))
        }
        for note in upgrade.notes { report.line("  ", words: sentence(note)) }
        return report.text
    }

    /// The nodes of a change.
    static func nodes(of change: Upgrade.Change, _ upgrade: Upgrade) -> String {
        if change.nodes.count == upgrade.nodeCount, upgrade.nodeCount > 1 { return "on all \(upgrade.nodeCount) nodes" }
        return "on \(listed(Array(change.nodes.prefix(3)), of: change.nodes.count))"
    }

    /// A note with its version and sources.
    static func sentence(_ note: DatedChange) -> String {
        let release = note.isPlanned ? "1.\(note.since), planned" : "from 1.\(note.since) on"
        return "\(release): \(note.text) (\(note.sources.joined(separator: ", ")))"
    }

    /// Whose connections to what.
    static func heading(of change: FlowComparison.Change, on nodes: String?) -> String {
        let kind = change.kind == .nodePort ? "node port " : ""
        return "\(kind)\(FlowWords.place(change.frontend)) from \(FlowWords.words(change.senders.origin))"
            + (nodes.map { ", \($0)" } ?? "")
    }

    private static func write(
        _ change: FlowComparison.Change, _ nodes: String?, _ label: inout String, to report: inout ReportText
    ) {
        let next = "\(change.name)/\(change.name.transport.name)"
        if next != label { report.line(.init(next, .heading)) }
        label = next
        report.line("  ", words: heading(of: change, on: nodes))
        report.line(.init("    before   \(FlowWords.sentence(change.before))", .removed))
        report.line(.init("    after    \(FlowWords.sentence(change.after))", .added))
        if let example = change.senders.example {
            report.line(words: "    example  \(example) to \(FlowWords.place(change.frontend))")
        }
    }
}
