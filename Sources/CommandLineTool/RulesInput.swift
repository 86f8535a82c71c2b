internal import Iptables
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// One side of a comparison, read: a snapshot with its plan, or rules.
struct RulesInput {
    let side: RuleComparison.Side
    /// The version of kube-proxy whose rules a snapshot was planned for; nil for rules.
    var version: VersionChoice?
    /// Diagnostics of reading and planning a snapshot.
    let diagnostics: [Diagnostic]
    /// The snapshot; nil: it is rules.
    var snapshot: ClusterSnapshot?

    /// Reads two files and detects their kind: JSON begins with a brace. A snapshot beside rules is planned for their
    /// family, unless the command line names one.
    static func readPair(
        _ sources: [SnapshotSource], _ options: DiffOptions
    ) throws(CommandFailure) -> (RulesInput, RulesInput) {
        let (one, other) = (sources[0], sources[1])
        let family = options.shaping.family ?? one.headerFamily ?? other.headerFamily
        if family != nil || one.looksLikeJSON && other.looksLikeJSON {
            // Each can be read independently of the other.
            let (left, right) = System.workers.both(
                { result(one, family, options) }, { result(other, family, options) })
            return (try left.get(), try right.get())
        }
        if one.looksLikeJSON {
            let right = try read(other, nil, options)
            return (try read(one, right.side.family, options), right)
        }
        let left = try read(one, nil, options)
        return (left, try read(other, left.side.family, options))
    }

    private static func result(
        _ source: SnapshotSource, _ family: AddressFamily?, _ options: DiffOptions
    ) -> Result<RulesInput, CommandFailure> {
        Result { () throws(CommandFailure) in try read(source, family, options) }
    }

    private static func read(
        _ source: SnapshotSource, _ family: AddressFamily?, _ options: DiffOptions
    ) throws(CommandFailure) -> RulesInput {
        guard source.looksLikeJSON else {
            let rules = try readRules(source, family)
            return RulesInput(
                side: RuleComparison.Side(rules), diagnostics: rules.warningOfIPVSMode(source.name).map { [$0] } ?? [])
        }
        var prepared = try options.readSnapshot([source])
        try prepared.requireObjects(in: source.name)
        if let family { prepared.settings.family = family }
        guard prepared.settings.mode == .iptables else {
            throw .input(
                "\(source.name): error: its configuration asks for mode \(prepared.settings.mode.rawValue); "
                    + "give --proxy-mode to say which rules are compared")
        }
        let plan = try prepared.iptablesPlan()
        return RulesInput(
            side: RuleComparison.Side(plan, keepsComments: options.isStrict), version: plan.plan.version,
            diagnostics: prepared.diagnostics + prepared.snapshot.diagnostics(.warning, plan.plan.warnings),
            snapshot: prepared.snapshot)
    }

    /// Reads the text of iptables-save or one for iptables-restore. A dump that lacks a table since iptables cannot show it is
    /// refused.
    ///
    /// - Parameter needsAllTables: whether that holds for any table, and not only for those that kube-proxy writes rules to.
    static func readRules(
        _ source: SnapshotSource, _ family: AddressFamily?, needsAllTables: Bool = false
    ) throws(CommandFailure) -> Ruleset {
        let rules: Ruleset
        do throws(RulesetError) {
            rules = try source.withBytes { bytes throws(RulesetError) in try Ruleset(parsing: bytes, family: family) }
        } catch {
            throw .input("\(source.name):\(error.line):\(error.column): error: \(error.message)")
        }
        if let hidden = rules.hiddenTable(ofAll: needsAllTables) {
            throw .input("\(source.name):\(hidden.line):1: error: \(rules.refusal(of: hidden))")
        }
        return rules
    }
}

extension SnapshotSource {
    /// The family that the header of rules names; nil where there is none.
    var headerFamily: AddressFamily? {
        looksLikeJSON ? nil : withBytes { bytes in Ruleset.headerFamily(of: bytes) }
    }
}

extension Ruleset {
    /// A warning where kube-proxy runs in IPVS mode, so that rules do not show what becomes of Services.
    func warningOfIPVSMode(_ name: String) -> Diagnostic? {
        guard holdsChains(only: .ipvs), !holdsChains(only: .iptables) else { return nil }
        return Diagnostic(
            .warning,
            "\(name) is of a node on which kube-proxy runs in IPVS mode: Services are virtual servers there, which 'ipvsadm -Sn' "
                + "prints, and not rules")
    }
}
