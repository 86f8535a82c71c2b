internal import Iptables
internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress
internal import Nftables

/// What a packet is traced through: the rules of iptables, tables of nftables, or both.
struct TraceInput {
    /// The rules of iptables; nil: there are none.
    private(set) var rules: Ruleset?
    /// The tables of nftables; nil: there are none.
    private(set) var tables: [NftTable]?
    /// The addresses of the host; nil: not known.
    private(set) var hostAddresses: [IPAddress]?
    private(set) var diagnostics: [Diagnostic] = []
    /// The version of kube-proxy whose rules a snapshot is traced through; nil: the rules are a host's.
    private(set) var version: VersionChoice?

    /// The plan of a snapshot.
    private(set) var plan: NodePlan?

    /// Plans a snapshot, for the family of the packet.
    ///
    /// - Parameter dumps: the host's rules in place of those that kube-proxy would make; the snapshot has its addresses then.
    init(
        _ sources: [SnapshotSource], replacing dumps: [SnapshotSource], _ query: TraceQuery, _ options: TraceOptions
    ) throws(CommandFailure) {
        var prepared = try options.readSnapshot(sources)
        if dumps.isEmpty { try prepared.requireServices(since: "so there are no rules to trace") }
        prepared.settings.family = query.destination.family
        let plan: NodePlan
        switch prepared.settings.mode {
        case _ where !dumps.isEmpty: plan = try prepared.plan()
        case .nftables:
            let nftables = try prepared.nftablesPlan()
            plan = nftables.plan
            tables = [nftables.table]
            diagnostics = prepared.snapshot.diagnostics(.notice, nftables.notices)
        case .iptables, .ipvs:
            plan = try prepared.plan()
            rules = IptablesPlan(plan).hostRules
        }
        self.plan = plan
        hostAddresses = plan.node.hostAddresses
        if dumps.isEmpty { version = plan.version }
        diagnostics = prepared.diagnostics + prepared.snapshot.diagnostics(.warning, plan.warnings) + diagnostics
        if !dumps.isEmpty {
            try read(dumps, query)
            warn(query)
        }
    }

    /// Reads the dumps of one host: what iptables-save prints, and what nft lists.
    init(
        dumps sources: [SnapshotSource], _ query: TraceQuery, _ options: TraceOptions
    ) throws(CommandFailure) {
        hostAddresses = options.shaping.settings.hostAddresses
        try read(sources, query)
        warn(query)
    }

    private mutating func read(_ sources: [SnapshotSource], _ query: TraceQuery) throws(CommandFailure) {
        for source in sources {
            switch source.content {
            case .nftables: tables = (tables ?? []) + (try source.requireNftablesTables())
            case .iptables, .snapshot:
                guard rules == nil else {
                    throw TraceOptions.usage(
                        "the rules of iptables are one INPUT, but \(source.name) holds more of them")
                }
                let read = try RulesInput.readRules(source, query.destination.family, needsAllTables: true)
                diagnostics += read.warningOfIPVSMode(source.name).map { [$0] } ?? []
                rules = read
            }
        }
        if rules != nil, let tables {
            // These are the rules that iptables-save prints.
            self.tables = tables.filter { !$0.isOfIptables }
        }
    }

    /// Warns about rules that make a trace unreliable.
    private mutating func warn(_ query: TraceQuery) {
        var warnings: [String] = []
        if hostAddresses == nil {
            warnings.append("no --node-address is given, so any address may be the host's; give each of them")
        }
        if let rules, tables == nil, !rules.meetsPackets {
            warnings.append("no built-in chain has a rule, so packets meet none; give all that iptables-save prints")
        }
        if rules == nil, let tables, TracedTables(tables).hasNoBaseChain {
            warnings.append("no chain has a hook, so packets meet none; give all that 'nft list ruleset' prints")
        }
        if rules?.warnsOfLegacyTables == true {
            warnings.append("the host has rules of the legacy backend too, which packets meet besides these")
        }
        diagnostics += warnings.map { Diagnostic(.warning, $0) }
    }

    /// Sends the packet through the rules.
    func trace(_ query: TraceQuery) throws(TraceError) -> PacketTrace {
        guard let tables else {
            return try PacketTrace(query, through: IndexedRules(rules ?? Ruleset(family: .ipv4, tables: [])))
        }
        return try PacketTrace(query, through: TracedTables(tables), and: rules.map { IndexedRules($0) })
    }
}
