internal import KubeChainsBytes
internal import KubeChainsJSON
public import KubeProxy
internal import NetAddress

/// The reports of `diff --flows` and `upgrade`.
public enum FlowChangeReport {
    /// What differs for packets as JSON: `kubechains/diff-flows/v1`.
    public static func json(
        _ changes: [FlowComparison.Change], unserved: [FlowComparison.UnservedChange] = []
    ) -> String {
        JSONValue.object([
            ("schema", .string("kubechains/diff-flows/v1")), ("same", .boolean(changes.isEmpty && unserved.isEmpty)),
            ("changes", .array(changes.map { .object(fields($0)) })), ("unserved", .array(unserved.map { json($0) })),
        ]).text
    }

    /// What an upgrade changes as JSON: `kubechains/upgrade/v1`.
    public static func json(_ upgrade: Upgrade) -> String {
        JSONValue.object([
            ("schema", .string("kubechains/upgrade/v1")), ("from", upgrade.from.json),
            ("to", .string(upgrade.to.release)), ("mode", .string(upgrade.mode.rawValue)),
            ("oldMode", .string(upgrade.oldMode.rawValue)),
            (
                "changes",
                .array(
                    upgrade.changes.map { change in
                        .object(
                            [
                                ("nodes", .array(change.nodes.map { .string($0) })),
                                ("addresses", .array(change.addresses.map { .string($0.description) })),
                            ] + fields(change.flow)
                                + [("reason", reason(change, upgrade).map { .string($0) })])
                    })
            ),
            ("unserved", .array(upgrade.unserved.map { json($0.change) })),
            (
                "respelled",
                upgrade.respelled.map { count in
                    .object([
                        ("node", .string(count.node)), ("lines", .integer(count.lines)), ("of", .integer(count.of)),
                    ])
                }
            ),
            (
                "modeChanges",
                .array(
                    upgrade.modeChanges.map { change in
                        .object([
                            ("kind", .string(change.kind.rawValue)), ("text", .string(change.text)),
                            ("sources", .array(change.sources.map { .string($0) })),
                        ])
                    })
            ),
            (
                "modeNotes",
                .array(
                    upgrade.modeNotes.map { note in
                        .object([
                            ("kind", .string(note.difference.kind.rawValue)), ("who", .string(note.difference.who)),
                            ("before", .string(note.difference.ipvs)), ("after", .string(note.difference.iptables)),
                            ("servicePorts", .array(note.names.map { .string($0.description) })),
                        ])
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
                    ("from", change.example.map { .string($0.description) }), ("to", .string(place)),
                ])
            ), ("rules", change.rules.map { json($0) }),
        ]
    }

    /// What differs for packets, by Service port: from whom, to what, before, after, and an example. Packets that another node
    /// translates are only counted.
    public static func text(
        _ changes: [FlowComparison.Change], unserved: [FlowComparison.UnservedChange] = [], _ style: TextStyle = .plain
    ) -> String {
        var report = ReportText(style)
        var label = ""
        let shown = changes.filter { $0.senders.origin.comes(to: $0.kind) }
        for change in shown { write(change, nil, &label, to: &report) }
        write(unserved, to: &report)
        if shown.count < changes.count {
            report.line(
                words: "not shown: \(counted(changes.count - shown.count, "change")) for packets from other nodes to "
                    + "addresses of Services, which are translated there before they come here (-o json has them)")
        }
        return report.text
    }

    /// Each change once, though both families have it.
    private static func write(_ unserved: [FlowComparison.UnservedChange], to report: inout ReportText) {
        var seen: Set<String> = []
        for change in unserved {
            let lines = sentences(change)
            guard seen.insert("\(change.kind)\(lines)").inserted else { continue }
            report.line(.init(FlowWords.words(change.kind), .heading))
            report.line(.init("    before   \(lines.before)", .removed))
            report.line(.init("    after    \(lines.after)", .added))
        }
    }

    private static func json(_ change: FlowComparison.UnservedChange) -> JSONValue {
        .object(
            FlowWords.json(change.kind, change.addresses) + [
                ("before", FlowWords.json(change.before)), ("after", FlowWords.json(change.after)),
            ])
    }

    /// What an upgrade changes: flows, then what comes with the versions.
    public static func text(_ upgrade: Upgrade, _ style: TextStyle = .plain) -> String {
        var report = ReportText(style)
        report.line(
            .init("from \(upgrade.from.phrase) to \(upgrade.to.release), \(upgrade.mode.rawValue) mode", .heading),
            words: ": \(counted(upgrade.flowCount, "flow")) compared on \(counted(upgrade.nodeCount, "node"))")
        report.emptyLine()
        if upgrade.changesNothing { report.line(words: "no connection fares otherwise") }
        var label = ""
        for change in upgrade.changes {
            write(change.flow, at: change.addresses, nodes(of: change, upgrade), &label, to: &report)
            if let reason = reason(change, upgrade) {
                report.line(words: "    \(change.cause == .mode ? "with " : "since")    \(reason)")
            }
        }
        write(upgrade.unserved.map(\.change), to: &report)
        if let count = upgrade.respelled, count.lines > 0 {
            report.emptyLine()
            let others =
                upgrade.changes.isEmpty
                ? "without a change for connections" : "those of the changes above among them"
            report.line(
                words: "\(count.lines) of \(counted(count.of, "line")) of \(count.node)'s rules change, \(others)")
        }
        list("with the versions", upgrade.notes.map { sentence($0) }, in: &report)
        list("with the mode", modeSentences(upgrade), in: &report)
        list(
            "left on nodes", upgrade.modeChanges.filter { $0.kind == .leftOver }.map { sentence($0) }, in: &report)
        return report.text
    }

    private static func list(_ heading: String, _ sentences: [String], in report: inout ReportText) {
        guard !sentences.isEmpty else { return }
        report.emptyLine()
        report.line(.init(heading, .heading))
        for sentence in sentences { report.line("  ", words: sentence) }
    }

    /// What comes with the mode beside flows.
    static func modeSentences(_ upgrade: Upgrade) -> [String] {
        let notes = upgrade.modeNotes.map { note in
            let names = listed(note.names.prefix(3).map(\.description), of: note.names.count)
            return
                "\(note.difference.who): before: \(note.difference.ipvs); after: \(note.difference.iptables) (\(names))"
        }
        return upgrade.modeChanges.filter { $0.kind == .effect }.map { sentence($0) } + notes
    }

    /// Something that comes with the mode, with its sources.
    static func sentence(_ change: ModeChange) -> String {
        "\(change.text) (\(change.sources.joined(separator: ", ")))"
    }

    /// What becomes of packets beside frontends.
    static func sentences(_ change: FlowComparison.UnservedChange) -> (before: String, after: String) {
        (FlowWords.sentence(change.before), FlowWords.sentence(change.after))
    }

    /// What makes a change, with its pull requests; nil: that is not known.
    static func reason(_ change: Upgrade.Change, _ upgrade: Upgrade) -> String? {
        switch change.cause {
        case .version(let minor, let behaviors):
            let requests = Set(behaviors.flatMap(\.pullRequests)).sorted().map { "#\($0)" }
            return "1.\(minor)" + (requests.isEmpty ? "" : " (\(requests.joined(separator: ", ")))")
        case .mode: return "\(upgrade.mode.rawValue) mode" + (upgrade.mode.proposal.map { " (\($0))" } ?? "")
        case nil: return nil
        }
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
    ///
    /// - Parameter addresses: where; empty: at the frontend of the change.
    static func heading(of change: FlowComparison.Change, at addresses: [IPAddress] = [], on nodes: String?) -> String {
        let kind = change.kind == .nodePort ? "node port " : ""
        let places = addresses.prefix(3).map { AddressText($0, port: change.frontend.port).description }
        let place = places.isEmpty ? FlowWords.place(change.frontend) : listed(places, of: addresses.count)
        return "\(kind)\(place) from \(FlowWords.words(change.senders.origin))"
            + (nodes.map { ", \($0)" } ?? "")
    }

    private static func write(
        _ change: FlowComparison.Change, at addresses: [IPAddress] = [], _ nodes: String?, _ label: inout String,
        to report: inout ReportText
    ) {
        let next = "\(change.name)/\(change.name.transport.name)"
        if next != label { report.line(.init(next, .heading)) }
        label = next
        report.line("  ", words: heading(of: change, at: addresses, on: nodes))
        report.line(.init("    before   \(FlowWords.sentence(change.before))", .removed))
        report.line(.init("    after    \(FlowWords.sentence(change.after))", .added))
        if let example = change.example {
            report.line(words: "    example  \(example) to \(FlowWords.place(change.frontend))")
        }
        for (index, line) in lines(of: change.rules).enumerated() {
            let label = TextLayout.padded(index == 0 ? "rules" : "", 9)
            report.line(.init("    \(label)\(line.text)", line.isBefore ? .removed : .added))
        }
    }
}
