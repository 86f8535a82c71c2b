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
        guard output.form == .text || output.form == .json else {
            throw DiffOptions.usage("--flows is written as text or json")
        }
        let changes: [FlowComparison.Change]
        if sources.allSatisfy(\.isSnapshot) {
            let before = try readSnapshot([sources[0]]).flows(shaping.families)
            console.say(before.diagnostics)
            let after = try readRight(sources[1]).flows(shaping.families)
            console.say(after.diagnostics)
            changes = zip(before.flows, after.flows).flatMap { FlowComparison($0.frontends, $1.frontends).changes }
        } else {
            let result = try flowChanges(sources) { () throws(CommandFailure) in try readRight(sources[1]) }
            console.say(result.diagnostics)
            changes = result.changes
        }
        try OutputFile.write(
            output.form == .json ? FlowChangeReport.json(changes) : FlowChangeReport.text(changes, output.style),
            to: output.file)
        return changes.isEmpty ? .success : .findings
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
