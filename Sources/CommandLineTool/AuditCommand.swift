internal import Iptables
internal import KubeChains
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

struct AuditOptions: ShapesRules, WritesReport, ScopesServices, TakesFindingRules {
    static let command = "audit"
    static let modes: [ProxyMode] = [.iptables, .nftables]

    var operands: [String] = []
    var shaping = ShapingOptions()
    var output = ReportOutput()
    /// The dumps of the node's rules.
    var live: [String] = []
    var severity = FindingSeverity.info
    var scope = ScopeOptions()
    var rulesFile: String?

    var inputs: [String] { operands + live + shapingInputs + (rulesFile.map { [$0] } ?? []) }

    static var groups: [OptionGroup<AuditOptions>] {
        [audited, .output([.text, .json] + ReportForm.ofFindings + [.openmetrics]), .shaping, .nftables]
    }

    static func defaultText(of flag: ProxyFlag) -> String? {
        flag == .family ? "that of the dump, else ipv4" : nil
    }

    private static var audited: OptionGroup<AuditOptions> {
        OptionGroup(
            title: "What is audited",
            options: [
                Option("live", "SAVE|host", "the node's rules; may be given twice") {
                    options, text throws(OptionError) in options.live.append(text)
                },
                .severity { $0.severity = $1 },
            ] + Option.scope + [.rules])
    }
}

extension Command {
    static let audit = Command(
        operands: "--live SAVE SNAPSHOT...",
        summary: "is this node what the API says it should be",
        discussion: [
            "Compares a node's rules with a snapshot of the cluster: a finding for each thing that is wrong, with the Service "
                + "that suffers, the rule's line in the dump, what a client sees because of it, and what to do.",
            "SAVE is what iptables-save printed on the node, '-' for standard input, or the word 'host' to run iptables-save "
                + "here. Given twice, the dumps are those of the nft and the legacy backend of one node.",
            "In nftables mode it is what 'nft list ruleset' or 'nft list table' printed, with or without -j, or a text for "
                + "'nft -f'; its content tells the mode. 'host' then runs nft, if --proxy-mode nftables is given. A second "
                + "dump may be what iptables-save printed there, to find what iptables mode left.",
            "Exit code 0: nothing is wrong, or there is only information; 1: findings; 2: an input is at fault.",
        ]
    ) { (options: AuditOptions, console) throws(CommandFailure) in
        guard !options.live.isEmpty else {
            throw AuditOptions.usage("audit needs the node's rules: --live with a file, '-' or 'host'")
        }
        guard options.live.count <= 2 else {
            throw AuditOptions.usage("--live is given more than twice; a node has two backends")
        }
        guard !options.operands.isEmpty else {
            throw AuditOptions.usage("audit needs a SNAPSHOT: a file, or '-' for standard input")
        }
        let mode = options.shaping.mode
        var sources: [SnapshotSource] = []
        for live in options.live {
            let family = options.shaping.family ?? .ipv4
            sources += live == "host" ? try LiveRules.ofHost(family, mode) : [try InputFile.open(live)]
        }
        switch ProxyMode.ofRules(sources, given: mode) {
        case .nftables: return try options.auditNftables(sources, console)
        case .iptables, .ipvs: return try options.auditIptables(sources, console)
        }
    }
}

extension AuditOptions {
    /// Audits a node whose rules are those of iptables.
    fileprivate func auditIptables(
        _ sources: [SnapshotSource], _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        // Without a header the addresses determine the family; the snapshot is planned for that of the dump.
        let given = shaping.family
        let known = given ?? sources[0].headerFamily
        let (reading, planning) = System.workers.both(
            { Result { () throws(CommandFailure) in try readDumps(sources, given) } },
            {
                Result { () throws(CommandFailure) -> (PreparedSnapshot, (IptablesPlan, Ruleset)?) in
                    let prepared = try readSnapshot(operands)
                    guard let known else { return (prepared, nil) }
                    return (prepared, try prepared.expectation(known))
                }
            })
        let dumps = try reading.get()
        let (prepared, early) = try planning.get()
        let (plan, rules) = if let early { early } else { try prepared.expectation(dumps[0].family) }
        let audit = Audit(given: prepared.given, plan, rules, dumps, with: System.workers)
        System.keep((prepared, plan, rules, dumps, audit))
        console.say(prepared.diagnostics + prepared.snapshot.diagnostics(.warning, plan.plan.warnings))
        return try report(
            audit.findings, audit.inferred, audit.version, sources, prepared, nothingCompared: audit.problem != nil,
            console)
    }

    /// Writes the findings that the command line selects.
    func report(
        _ all: [AuditFinding], _ inferred: [InferredSetting], _ version: VersionChoice?, _ sources: [SnapshotSource],
        _ prepared: PreparedSnapshot, nothingCompared: Bool, _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        let snapshot = prepared.snapshot
        // Where nothing was compared, it is not the name of a Service that is at fault.
        let scope =
            nothingCompared
            ? .everything : try self.scope.scope(in: [snapshot], others: all.compactMap { $0.label?.service })
        let selection = FindingSelection(all, from: severity, scope, try readRules(), in: snapshot)
        let findings = selection.shown
        let text: String
        switch output.form {
        case .json: text = AuditReport.json(findings, inferred, version)
        case .junit, .sarif, .github:
            text = FindingsReport(audit: findings, sources[0].name, version: Tool.number).text(output.form) ?? ""
        case .openmetrics:
            let node = inferred.nodeName ?? prepared.settings.nodeName ?? snapshot.nodes.first?.name.text ?? ""
            let services = nothingCompared ? nil : snapshot.services.count
            text = AuditMetrics.text([.init(node, findings, services: services)])
        default: text = AuditReport.text(findings, inferred, version, sources[0].name, output.style)
        }
        try OutputFile.write(text, to: output.file)
        guard !nothingCompared else {
            console.say(lines: ["\(sources[0].name): error: the dump cannot be compared; nothing was audited"])
            return .input
        }
        let services = snapshot.services.count { scope.contains($0.qualifiedName) }
        console.say(lines: [selection.closing(services: services, nodes: 1)])
        return findings.contains { $0.severity > .info } ? .findings : .success
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
        try requireNamedNode()
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
