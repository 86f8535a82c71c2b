internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// The options of one side of a comparison: `--right`.
private struct SideOptions: ShapesRules {
    static let command = "diff"
    static let modes = ProxyMode.allCases

    var operands: [String] = []
    var shaping = ShapingOptions()

    static var groups: [OptionGroup<SideOptions>] { [.shaping, .nftables, .ipvs] }
}

extension DiffOptions {
    /// `diff --flows`: what differs for packets between two snapshots or hosts' rules.
    func compareFlows(_ sources: [SnapshotSource], _ console: Console) throws(CommandFailure) -> ExitCode {
        guard output.form != .unified else {
            throw DiffOptions.usage("-o unified shows rules; --flows has no such form")
        }
        var comparisons: [FlowComparison]
        let snapshot: ClusterSnapshot?
        if sources.allSatisfy(\.isSnapshot) {
            let before = try readSnapshot([sources[0]]).flows(shaping.families)
            console.say(before.diagnostics)
            let right = try readRight(sources[1])
            let after = try right.flows(shaping.families)
            console.say(after.diagnostics)
            comparisons = zip(before.flows, after.flows).map { FlowComparison($0, $1) }
            for (index, plans) in zip(before.plans, after.plans).enumerated() {
                try input { () throws(SnapshotError) in
                    try comparisons[index].nameRules(.plan(plans.0), .plan(plans.1))
                }
            }
            snapshot = right.snapshot
        } else {
            let result = try compareRules(sources) { () throws(CommandFailure) in try readRight(sources[1]) }
            console.say(result.diagnostics)
            (comparisons, snapshot) = (result.comparisons, result.snapshot)
        }
        let changes = comparisons.flatMap(\.changes)
        let unserved = comparisons.flatMap(\.unserved)
        let text: String
        switch output.form {
        case .json: text = FlowChangeReport.json(changes, unserved: unserved)
        case .junit, .sarif, .github:
            guard let snapshot else {
                throw DiffOptions.usage("-o \(output.form) names the objects of a snapshot; both inputs are rules")
            }
            text =
                FlowChangeReport.findings(changes, unserved: unserved, in: snapshot, version: Tool.number).text(
                    output.form) ?? ""
        default: text = FlowChangeReport.text(changes, unserved: unserved, output.style)
        }
        try OutputFile.write(text, to: output.file)
        return changes.isEmpty && unserved.isEmpty ? .success : .findings
    }

    /// Reads the second side: with the same options, and those of `--right` after them.
    private func readRight(_ source: SnapshotSource) throws(CommandFailure) -> PreparedSnapshot {
        let words = rightOptions.split(separator: " ").map(String.init)
        var side = SideOptions()
        side.shaping = shaping
        switch try ArgumentParser<SideOptions>().parse(words) {
        case .help: break
        case .options(let right):
            guard right.operands.isEmpty else {
                throw DiffOptions.usage("--right takes options, but '\(right.operands[0])' is none")
            }
            side.shaping = shaping.followed(by: right.shaping)
        }
        return try side.readSnapshot([source])
    }
}
