internal import KubeSnapshot
internal import NetAddress
internal import Netfilter
internal import ServiceChains

/// One side of a comparison, read: a snapshot with its plan, or rules.
struct RulesInput {
    let side: RuleComparison.Side
    /// What reading and planning a snapshot had to say.
    let diagnostics: [Diagnostic]

    /// Reads two files, told apart by their content: JSON begins with a brace. Beside rules a snapshot is planned for their
    /// family, unless the command line names one.
    static func readPair(
        _ paths: [String], _ invocation: Invocation
    ) throws(CommandFailure) -> (RulesInput, RulesInput) {
        var sources: [SnapshotSource] = []
        for path in paths { sources.append(try InputFile.open(path)) }
        var family = invocation.gives("family") ? invocation.settings.family : nil
        var rulesets: [Ruleset?] = []
        for source in sources {
            let ruleset = source.looksLikeJSON ? nil : try readRules(source, family)
            rulesets.append(ruleset)
            family = family ?? ruleset?.family
        }
        return (
            try make(sources[0], rulesets[0], family, invocation), try make(sources[1], rulesets[1], family, invocation)
        )
    }

    private static func make(
        _ source: SnapshotSource, _ ruleset: Ruleset?, _ family: AddressFamily?, _ invocation: Invocation
    ) throws(CommandFailure) -> RulesInput {
        if let ruleset { return RulesInput(side: RuleComparison.Side(ruleset), diagnostics: []) }
        var prepared = try invocation.readSnapshot([source])
        if let family { prepared.settings.family = family }
        let plan = try input { () throws(SnapshotError) in try ServicePlan(prepared.snapshot, prepared.settings) }
        return RulesInput(
            side: RuleComparison.Side(plan, keepsComments: invocation.isStrict),
            diagnostics: prepared.diagnostics + prepared.snapshot.diagnostics(.warning, plan.warnings))
    }

    /// Reads the text of iptables-save or one for iptables-restore.
    static func readRules(_ source: SnapshotSource, _ family: AddressFamily?) throws(CommandFailure) -> Ruleset {
        do throws(RulesetError) {
            return try source.withBytes { bytes throws(RulesetError) in try Ruleset(parsing: bytes, family: family) }
        } catch {
            throw .input("\(source.name):\(error.line):\(error.column): error: \(error.message)")
        }
    }
}
