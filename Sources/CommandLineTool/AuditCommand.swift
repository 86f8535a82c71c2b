internal import Iptables
internal import KubeChains
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

struct AuditOptions: ServesAllNodes, WritesReport, ScopesServices, TakesFindingRules, WorksOnHost {
    static let command = "audit"
    static let modes: [ProxyMode] = [.iptables, .nftables, .ipvs]

    var operands: [String] = []
    var shaping = ShapingOptions()
    var output = ReportOutput()
    /// The dumps of the node's rules.
    var live: [String] = []
    var allNodes = AllNodesOptions()
    /// The folder, archive or stream with the dumps of all nodes.
    var liveFolder: String?
    /// The list of the node's connections.
    var conntrack: String?
    var host = HostOptions()
    var severity = FindingSeverity.info
    var scope = ScopeOptions()
    var rulesFile: String?
    /// Whether the dumps are taken for those of a node in IPVS mode.
    private var isOfIPVSMode = false

    var inputs: [String] { operands + live + shapingInputs + [conntrack, liveFolder, rulesFile].compactMap(\.self) }

    static var groups: [OptionGroup<AuditOptions>] {
        [
            audited, .output([.text, .json] + ReportForm.ofFindings + [.openmetrics, .jsonl]), .shaping, .nftables,
            .ipvs,
        ]
    }

    static func defaultText(of flag: ProxyFlag) -> String? {
        flag == .family ? "that of the dump, else ipv4; of connections alone those that they have" : nil
    }

    /// Where the configuration says the mode, but the dump is one that iptables-save printed.
    func refusal(of mode: ProxyMode) -> String? {
        guard mode == .ipvs, !isOfIPVSMode, !live.isEmpty else { return nil }
        return
            "in mode ipvs Services are no rules: give --proxy-mode ipvs, and with --live what 'ipvsadm -Sn', 'ipset save' and "
            + "iptables-save print"
    }

    private static var audited: OptionGroup<AuditOptions> {
        OptionGroup(
            title: "What is audited",
            options: [
                Option(
                    "live", "SAVE|host", "the node's rules; may be given twice, in IPVS mode for each program's text"
                ) {
                    options, text throws(OptionError) in options.live.append(text)
                },
                Option(
                    "live-dir", "DIR|FILE",
                    "with --all-nodes: a folder or tar archive with NODE.save, or a stream with a line '# node: NODE' before each "
                        + "node's rules"
                ) { options, text throws(OptionError) in options.liveFolder = text },
                Option(
                    "conntrack", "LIST|host",
                    "the node's connections, to find those that are translated as no rule does any more"
                ) { options, text throws(OptionError) in options.conntrack = text },
                .programPath,
                .severity { $0.severity = $1 },
            ] + Option.scope + [.rules]
                + Option.allNodes("audit every Node of the snapshot, and group findings over Nodes; with --live-dir"))
    }
}

extension Command {
    static let audit = Command(
        operands: "--live SAVE|--conntrack LIST SNAPSHOT...",
        summary: "is this node what the API says it should be",
        discussion: [
            "Compares a node's rules with a snapshot of the cluster: a finding for each thing that is wrong, with the Service "
                + "that suffers, the rule's line in the dump, what a client sees because of it, and what to do.",
            "SAVE is what iptables-save printed on the node, '-' for standard input, or the word 'host' to run iptables-save "
                + "here. Given twice, the dumps are those of the nft and the legacy backend of one node.",
            "In nftables mode it is what 'nft list ruleset' or 'nft list table' printed, with or without -j, or a text for "
                + "'nft -f'; its content tells the mode. 'host' then runs nft, if --proxy-mode nftables is given. A second "
                + "dump may be what iptables-save printed there, to find what iptables mode left.",
            "In IPVS mode (--proxy-mode ipvs, or a text of ipvsadm) it is what 'ipvsadm -Sn' or 'ipvsadm -Ln', 'ipset save', "
                + "iptables-save and 'ip -o addr' printed, each in a file of its own or one after the other; 'host' runs them. What is "
                + "not given is not compared.",
            "LIST is what 'conntrack -L', 'conntrack -L -o xml' or /proc/net/nf_conntrack printed on the node, '-' for "
                + "standard input, or the word 'host' to run conntrack here. It may be given beside --live or alone. Found are connections that go on to endpoints that do not serve, to Services that are "
                + "gone, and past a policy that has changed, each with the kube-proxy versions that leave it and the command "
                + "that deletes it.",
            "With --all-nodes every Node is audited whose rules --live-dir has: as NODE.save in a folder or a tar archive, or in "
                + "a stream, such as 'for n in NODES; do echo \"# node: $n\"; ssh $n sudo iptables-save; done' prints. Each finding "
                + "is said once, with the nodes that have it; nodes without rules are named.",
            "Exit code 0: nothing is wrong, or there is only information; 1: findings; 2: an input is at fault.",
        ]
    ) { (options: AuditOptions, console) throws(CommandFailure) in
        try options.checkAllNodes()
        if options.allNodes.isOn { return try options.auditAllNodes(console) }
        guard options.liveFolder == nil else {
            throw AuditOptions.usage("--live-dir is for --all-nodes; give that too")
        }
        guard options.output.form != .jsonl else {
            throw AuditOptions.usage("-o jsonl is for --all-nodes; give that too")
        }
        guard !options.live.isEmpty || options.conntrack != nil else {
            throw AuditOptions.usage(
                "audit needs the node's rules or connections: --live or --conntrack with a file, '-' or 'host'")
        }
        guard !options.operands.isEmpty else {
            throw AuditOptions.usage("audit needs a SNAPSHOT: a file, or '-' for standard input")
        }
        System.addProgramFolders(options.host.programFolders)
        if options.live.isEmpty, let list = options.conntrack { return try options.auditConnections(list, console) }
        let mode = options.shaping.mode
        var sources: [SnapshotSource] = []
        for live in options.live {
            let family = options.shaping.family ?? .ipv4
            sources += live == "host" ? try LiveRules.ofHost(family, mode) : [try InputFile.open(live)]
        }
        if mode == .ipvs || mode == nil && sources.contains(where: \.isOfIPVSMode) {
            return try options.auditIPVS(sources, console)
        }
        guard options.live.count <= 2 else {
            throw AuditOptions.usage("--live is given more than twice; a node has two backends")
        }
        switch ProxyMode.ofRules(sources, given: mode) {
        case .nftables: return try options.auditNftables(sources, console)
        case .iptables, .ipvs: return try options.auditIptables(sources, console)
        }
    }
}

extension AuditOptions {
    /// The options of an audit in IPVS mode.
    var inIPVSMode: AuditOptions {
        var options = self
        options.isOfIPVSMode = true
        return options
    }

    /// Audits a node whose rules are those of iptables.
    fileprivate func auditIptables(
        _ sources: [SnapshotSource], _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        let (prepared, plan, audit) =
            if let family = shaping.family ?? sources[0].headerFamily, sources.count == 1 {
                try audited(sources[0], family)
            } else {
                try audited(sources)
            }
        console.say(prepared.diagnostics + prepared.snapshot.diagnostics(.warning, plan.plan.warnings))
        let connections = try connections(audit.expected, family: plan.plan.settings.family, console)
        return try report(
            audit.findings, connections, audit.inferred, audit.version, sources[0].name, prepared,
            nothingCompared: audit.problem != nil, console)
    }

    /// Audits the dump of a node whose family is known.
    private func audited(
        _ dump: SnapshotSource, _ family: AddressFamily
    ) throws(CommandFailure) -> (PreparedSnapshot, IptablesPlan, Audit) {
        let (chains, planning) = System.workers.both(
            { SavedChains(dump.bytes) },
            {
                Result { () throws(CommandFailure) in
                    let prepared = try readSnapshot(operands)
                    return (prepared, try prepared.forAudit(family).iptablesPlan())
                }
            })
        let (prepared, plan) = try planning.get()
        let likely = plan.atFirstSight(given: prepared.given, dump.bytes, chains, with: System.workers)
        let rules = try RulesInput.readRules(dump, chains, beside: likely)
        let audit = Audit(given: prepared.given, plan, rules, with: System.workers)
        System.keep((prepared, rules, audit))
        return (prepared, plan, audit)
    }

    /// Audits a node by dumps of several backends, or by one that does not say of which family it is: then its addresses do, and
    /// the snapshot is planned for that family.
    private func audited(
        _ dumps: [SnapshotSource]
    ) throws(CommandFailure) -> (PreparedSnapshot, IptablesPlan, Audit) {
        let given = shaping.family
        let (reading, preparing) = System.workers.both(
            { Result { () throws(CommandFailure) in try readDumps(dumps, given) } },
            { Result { () throws(CommandFailure) in try readSnapshot(operands) } })
        let rules = try reading.get()
        let prepared = try preparing.get()
        let (plan, expected) = try prepared.expectation(rules[0].family)
        let audit = Audit(given: prepared.given, plan, expected, rules, with: System.workers)
        System.keep((prepared, expected, rules, audit))
        return (prepared, plan, audit)
    }

    /// Writes the findings that the command line selects.
    ///
    /// - Parameters:
    ///   - connections: the findings about connections.
    ///   - dump: the name of the dump, or of the list of connections where there is none.
    func report(
        _ rules: [AuditFinding], _ connections: [AuditFinding], _ inferred: [InferredSetting],
        _ version: VersionChoice?, _ dump: String, _ prepared: PreparedSnapshot, nothingCompared: Bool,
        _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        let all = connections.isEmpty ? rules : (rules + connections).sorted(by: Audit.precedes)
        let snapshot = prepared.snapshot
        // Where nothing was compared, it is not the name of a Service that is at fault.
        let scope =
            nothingCompared
            ? .everything : try self.scope.scope(in: [snapshot], others: all.compactMap { $0.label?.service })
        let selection = FindingSelection(all, from: severity, scope, try readRules(), in: snapshot)
        let findings = selection.shown
        let services = snapshot.services.count { scope.contains($0.qualifiedName) }
        let text: String
        switch output.form {
        case .json: text = AuditReport.json(findings, inferred, version, dump: dump)
        case .junit, .sarif, .github:
            text = FindingsReport(audit: findings, dump, version: Tool.number).text(output.form, of: dump) ?? ""
        case .openmetrics:
            let node = inferred.nodeName ?? prepared.settings.nodeName ?? snapshot.nodes.first?.name.text ?? ""
            text = AuditMetrics.text([.init(node, findings, services: nothingCompared ? nil : services)])
        default: text = AuditReport.text(findings, inferred, version, dump, output.style)
        }
        try OutputFile.write(text, to: output.file)
        guard !nothingCompared else {
            console.say(lines: [AuditOptions.incomparable(dump)])
            return .input
        }
        console.say(lines: [selection.closing(services: services, nodes: 1)])
        return findings.contains { $0.severity > .info } ? .findings : .success
    }

    /// What standard error says of a dump with which nothing could be compared.
    static func incomparable(_ dump: String) -> String {
        "\(dump): error: the dump cannot be compared; nothing was audited"
    }
}

/// Reads the dumps of one node, which are of one family.
func readDumps(
    _ sources: [SnapshotSource], _ family: AddressFamily?
) throws(CommandFailure) -> [Ruleset] {
    var dumps: [Ruleset] = []
    for source in sources {
        let dump = try RulesInput.readRules(source, family)
        if let first = dumps.first, first.family != dump.family {
            throw .input(
                "\(source.name): error: the dump is of another family than \(sources[0].name); audit one at a time")
        }
        dumps.append(dump)
    }
    return dumps
}

extension PreparedSnapshot {
    /// What the rules of a family should be, by the settings as far as they are given.
    func expectation(_ family: AddressFamily) throws(CommandFailure) -> (IptablesPlan, Ruleset) {
        let plan = try forAudit(family).iptablesPlan()
        return (plan, plan.ruleset(keepsComments: false))
    }

    /// The same for a family, if there is something to compare rules with: Services, and the Node whose rules they are.
    func forAudit(_ family: AddressFamily) throws(CommandFailure) -> PreparedSnapshot {
        try requireServices(since: "so there is nothing to compare the rules with")
        try requireNodes(since: "so nothing says which endpoints are the node's own")
        var prepared = self
        prepared.settings.family = family
        // The rules show which Node it is.
        if settings.nodeName == nil { prepared.settings.nodeName = snapshot.nodes[0].name.text }
        return prepared
    }
}

extension [InferredSetting] {
    /// The node whose rules they are.
    fileprivate var nodeName: String? {
        lazy.compactMap { if case .node(let name) = $0 { name } else { nil } }.first
    }
}
