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
    /// `diff --flows`: what differs for packets between two snapshots.
    func compareFlows(_ sources: [SnapshotSource], _ console: Console) throws(CommandFailure) -> ExitCode {
        guard output.form != .unified else {
            throw DiffOptions.usage("-o unified shows rules; --flows has no such form")
        }
        for source in sources where !source.isSnapshot {
            throw .input(
                "\(source.name): error: these are rules; --flows compares snapshots. "
                    + "'kubechains trace' follows single packets through rules")
        }
        let before = try readSnapshot([sources[0]]).flows(shaping.families)
        console.say(before.diagnostics)
        let right = try readRight(sources[1])
        let after = try right.flows(shaping.families)
        console.say(after.diagnostics)
        let comparisons = zip(before.flows, after.flows).map { FlowComparison($0, $1) }
        let changes = comparisons.flatMap(\.changes)
        let unserved = comparisons.flatMap(\.unserved)
        let text =
            switch output.form {
            case .json: FlowChangeReport.json(changes, unserved: unserved)
            case .junit, .sarif, .github:
                FlowChangeReport.findings(
                    changes, unserved: unserved, in: right.snapshot, version: Tool.number
                ).text(output.form) ?? ""
            default: FlowChangeReport.text(changes, unserved: unserved, output.style)
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
