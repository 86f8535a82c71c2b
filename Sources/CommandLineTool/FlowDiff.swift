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
        guard !isBrief, !isStrict, !ignoresEndpoints, !isStatistics else {
            throw DiffOptions.usage("--flows compares connections; leave --brief, --strict, --ignore and --stat out")
        }
        var comparisons: [FlowComparison]
        let snapshots: [ClusterSnapshot]
        if sources.allSatisfy(\.isSnapshot) {
            // Each side takes a processor of its own.
            let (actual, expected) = System.workers.both(
                {
                    Result { () throws(CommandFailure) in
                        let right = try readRight(sources[1])
                        return (right, try right.flows(shaping.families))
                    }
                },
                {
                    Result { () throws(CommandFailure) in
                        let left = try readLeft(sources[0])
                        return (left, try left.flows(shaping.families))
                    }
                })
            let (left, before) = try expected.get()
            console.say(before.diagnostics)
            let (right, after) = try actual.get()
            console.say(after.diagnostics)
            comparisons = zip(before.flows, after.flows).map { FlowComparison($0, $1) }
            for (index, plans) in zip(before.plans, after.plans).enumerated() {
                try input { () throws(SnapshotError) in
                    try comparisons[index].nameRules(.plan(plans.0), .plan(plans.1))
                }
            }
            snapshots = [left.snapshot, right.snapshot]
            System.keep((left, before, right, after))
        } else {
            let result = try compareRules(sources)
            console.say(result.diagnostics)
            (comparisons, snapshots) = (result.comparisons, result.snapshots)
        }
        let all = comparisons.flatMap(\.changes)
        let scope = try scope(snapshots, others: all.map(\.name.qualifiedService))
        let changes = scope.isEverything ? all : all.filter { scope.contains($0.name.qualifiedService) }
        // What is sent beside frontends is about no Service.
        let unserved = scope.isEverything ? comparisons.flatMap(\.unserved) : []
        let text: String
        switch output.form {
        case _ where isQuiet: text = ""
        case .json: text = FlowChangeReport.json(changes, unserved: unserved)
        case .junit, .sarif, .github:
            guard let snapshot = snapshots.last else {
                throw DiffOptions.usage("-o \(output.form) names the objects of a snapshot; both inputs are rules")
            }
            text =
                FlowChangeReport.findings(changes, unserved: unserved, in: snapshot, version: Tool.number).text(
                    output.form, of: sources[1].name) ?? ""
        default: text = FlowChangeReport.text(changes, unserved: unserved, output.style)
        }
        try OutputFile.write(text, to: output.file)
        return changes.isEmpty && unserved.isEmpty ? .success : .findings
    }

    /// Reads the first side.
    func readLeft(_ source: SnapshotSource) throws(CommandFailure) -> PreparedSnapshot {
        let prepared = try readSnapshot([source])
        try prepared.requireObjects(in: source.name)
        return prepared
    }

    /// Reads the second side: with the same options, and those of `--right` after them.
    func readRight(_ source: SnapshotSource) throws(CommandFailure) -> PreparedSnapshot {
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
        let prepared = try side.readSnapshot([source])
        try prepared.requireObjects(in: source.name)
        return prepared
    }
}
