internal import KubeChainsJSON
public import KubeObjects
public import KubeProxy
internal import NetAddress

extension FlowChangeReport {
    /// What `diff --flows` found as a report for programs: a finding for each change.
    ///
    /// - Parameters:
    ///   - changes: the changes.
    ///   - unserved: the changes beside frontends.
    ///   - snapshot: the snapshot that has the Services, for their places; what it does not have stands nowhere.
    ///   - version: the version of the program.
    public static func findings(
        _ changes: [FlowComparison.Change], unserved: [FlowComparison.UnservedChange] = [],
        in snapshot: ClusterSnapshot, version: String
    ) -> FindingsReport {
        let places = places(of: changes.map(\.name), in: snapshot)
        return FindingsReport(
            command: "diff", version: version, rules: [flowChanged],
            findings: zip(changes, places).map { finding($0, on: nil, in: $1) } + unserved.map { finding($0) })
    }

    /// What `upgrade` found as a report for programs: a finding for each change, and one of severity info for each note.
    public static func findings(_ upgrade: Upgrade, in snapshot: ClusterSnapshot, version: String) -> FindingsReport {
        let places = places(of: upgrade.changes.map(\.flow.name), in: snapshot)
        let changes = zip(upgrade.changes, places).map { change, place in
            finding(change.flow, at: change.addresses, on: nodes(of: change, upgrade), in: place)
        }
        func findings(_ rule: ReportedFinding.Rule, _ sentences: [String]) -> [ReportedFinding] {
            sentences.map { .init(id: rule.id, severity: rule.severity, subject: nil, message: $0, remedy: "") }
        }
        let leftOvers = upgrade.modeChanges.filter { $0.kind == .leftOver }
        let notes =
            findings(noted, upgrade.notes.map { sentence($0) }) + findings(modeEffect, modeSentences(upgrade))
            + findings(leftOver, leftOvers.map { sentence($0) })
        return FindingsReport(
            command: "upgrade", version: version, rules: [flowChanged, noted, modeEffect, leftOver],
            findings: changes + upgrade.unserved.map { finding($0.change) } + notes)
    }

    private static let flowChanged = ReportedFinding.Rule(
        id: "flow-changed", severity: .warning, explanation: "Connections fare otherwise afterwards.")

    private static let noted = ReportedFinding.Rule(
        id: "dated-change", severity: .info,
        explanation: "Something comes with the versions on the way, or is announced.")

    private static let modeEffect = ReportedFinding.Rule(
        id: "mode-effect", severity: .info, explanation: "The other mode brings something that flows do not show.")

    private static let leftOver = ReportedFinding.Rule(
        id: "left-over", severity: .info,
        explanation: "The old mode leaves something on nodes, or another version cleans it.")

    private static func finding(_ change: FlowComparison.UnservedChange) -> ReportedFinding {
        let lines = sentences(change)
        return ReportedFinding(
            id: flowChanged.id, severity: flowChanged.severity, subject: FlowWords.words(change.kind),
            message: "before: \(lines.before); after: \(lines.after)", remedy: "")
    }

    private static func finding(
        _ change: FlowComparison.Change, at addresses: [IPAddress] = [], on nodes: String?, in place: Diagnostic.Place?
    ) -> ReportedFinding {
        let example = change.example.map { ", such as from \($0)" } ?? ""
        return ReportedFinding(
            id: flowChanged.id, severity: flowChanged.severity,
            subject: "\(change.name)/\(change.name.transport.name)",
            message: heading(of: change, at: addresses, on: nodes) + example
                + ": before: \(FlowWords.sentence(change.before)); after: "
                + FlowWords.sentence(change.after),
            details: lines(of: change.rules).map(\.text), remedy: "", file: place?.file, line: place?.line)
    }

    /// Where the Services of these Service ports stand.
    private static func places(of names: [ServicePortName], in snapshot: ClusterSnapshot) -> [Diagnostic.Place?] {
        let services = Dictionary(
            snapshot.services.map { ($0.qualifiedName, $0) }, uniquingKeysWith: { first, _ in first })
        let messages = names.map { name in
            PlacedMessage(message: "", location: services[name.qualifiedService]?.location)
        }
        return snapshot.diagnostics(.warning, messages).map(\.place)
    }
}
