internal import Iptables
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// One side of a comparison, read: a snapshot with its plan, or rules.
final class RulesInput: Sendable {
    let side: RuleComparison.Side
    /// The version of kube-proxy whose rules a snapshot was planned for; nil for rules.
    let version: VersionChoice?
    /// Diagnostics of reading and planning a snapshot.
    let diagnostics: [Diagnostic]
    /// The snapshot; nil: it is rules.
    let snapshot: ClusterSnapshot?

    /// Reads two files and detects their kind: JSON begins with a brace. A snapshot beside rules is planned for their
    /// family, unless the command line names one.
    static func readPair(
        _ sources: [SnapshotSource], _ options: DiffOptions
    ) throws(CommandFailure) -> (RulesInput, RulesInput) {
        let (one, other) = (sources[0], sources[1])
        let family = options.shaping.family ?? one.headerFamily ?? other.headerFamily
        if let family, one.looksLikeJSON != other.looksLikeJSON {
            guard one.looksLikeJSON else { return try read(one, beside: other, family, options) }
            let (rules, snapshot) = try read(other, beside: one, family, options)
            return (snapshot, rules)
        }
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
        let (prepared, plan) = try readPlan(source, family, options)
        return RulesInput(prepared, plan, RuleComparison.Side(plan, keepsComments: options.isStrict))
    }

    /// Reads a dump beside the snapshot with which it is compared.
    private static func read(
        _ dump: SnapshotSource, beside source: SnapshotSource, _ family: AddressFamily, _ options: DiffOptions
    ) throws(CommandFailure) -> (dump: RulesInput, snapshot: RulesInput) {
        let (chains, planning) = System.workers.both(
            { SavedChains(dump.bytes) },
            { Result { () throws(CommandFailure) in try readPlan(source, family, options) } })
        let (prepared, plan) = try planning.get()
        let rules = try readRules(dump, chains, beside: plan, keepsComments: options.isStrict)
        let sides = RuleComparison.Side.sides(rules)
        let warning = rules.warningOfIPVSMode(dump.name)
        return (
            RulesInput(side: sides.dump, diagnostics: warning.map { [$0] } ?? []),
            RulesInput(prepared, plan, sides.plan)
        )
    }

    private static func readPlan(
        _ source: SnapshotSource, _ family: AddressFamily?, _ options: DiffOptions
    ) throws(CommandFailure) -> (PreparedSnapshot, IptablesPlan) {
        var prepared = try options.readSnapshot([source])
        try prepared.requireObjects(in: source.name)
        if let family { prepared.settings.family = family }
        guard prepared.settings.mode == .iptables else {
            throw .input(
                "\(source.name): error: its configuration asks for mode \(prepared.settings.mode.rawValue); "
                    + "give --proxy-mode to say which rules are compared")
        }
        return (prepared, try prepared.iptablesPlan())
    }

    private convenience init(_ prepared: PreparedSnapshot, _ plan: IptablesPlan, _ side: RuleComparison.Side) {
        self.init(
            side: side, version: plan.plan.version,
            diagnostics: prepared.diagnostics + prepared.snapshot.diagnostics(.warning, plan.plan.warnings),
            snapshot: prepared.snapshot)
    }

    private init(
        side: RuleComparison.Side, version: VersionChoice? = nil, diagnostics: [Diagnostic],
        snapshot: ClusterSnapshot? = nil
    ) {
        self.side = side
        self.version = version
        self.diagnostics = diagnostics
        self.snapshot = snapshot
    }

    /// Reads the text of iptables-save or one for iptables-restore. A dump that lacks a table since iptables cannot show it is
    /// refused.
    ///
    /// - Parameter needsAllTables: whether that holds for any table, and not only for those that kube-proxy writes rules to.
    static func readRules(
        _ source: SnapshotSource, _ family: AddressFamily?, needsAllTables: Bool = false
    ) throws(CommandFailure) -> Ruleset {
        let rules = try reading(source) { () throws(RulesetError) in
            try source.withBytes { bytes throws(RulesetError) in try Ruleset(parsing: bytes, family: family) }
        }
        try refuseHiddenTable(of: rules, source, ofAll: needsAllTables)
        return rules
    }

    /// Reads a dump and composes a plan's rules, both without what is the same byte for byte.
    ///
    /// - Parameter chains: those of the dump.
    static func readRules(
        _ source: SnapshotSource, _ chains: SavedChains?, beside plan: IptablesPlan, keepsComments: Bool = false
    ) throws(CommandFailure) -> DumpBesidePlan {
        let dump = try reading(source) { () throws(RulesetError) in
            try DumpBesidePlan(
                parsing: source.bytes, chains, beside: plan, keepsComments: keepsComments, with: System.workers)
        }
        source.hasBeenRead(0..<source.count)
        try refuseHiddenTable(of: dump.actual, source, ofAll: false)
        return dump
    }

    private static func reading<Rules>(
        _ source: SnapshotSource, _ body: () throws(RulesetError) -> Rules
    ) throws(CommandFailure) -> Rules {
        do throws(RulesetError) {
            return try body()
        } catch {
            throw .input("\(source.name):\(error.line):\(error.column): error: \(error.message)")
        }
    }

    private static func refuseHiddenTable(
        of rules: Ruleset, _ source: SnapshotSource, ofAll needsAllTables: Bool
    ) throws(CommandFailure) {
        guard let hidden = rules.hiddenTable(ofAll: needsAllTables) else { return }
        throw .input("\(source.name):\(hidden.line):1: error: \(rules.refusal(of: hidden))")
    }
}

extension SnapshotSource {
    /// The family that the header of rules names; nil where there is none.
    var headerFamily: AddressFamily? {
        looksLikeJSON ? nil : withBytes { bytes in Ruleset.headerFamily(of: bytes) }
    }
}

extension DumpBesidePlan {
    /// The same as of rules.
    func warningOfIPVSMode(_ name: String) -> Diagnostic? {
        leavesOutServices ? nil : actual.warningOfIPVSMode(name)
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
