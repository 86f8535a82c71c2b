internal import Iptables
internal import KubeChains
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

extension Command {
    static let audit = Command(
        name: "audit",
        operands: "--live SAVE SNAPSHOT...",
        summary: "is this node what the API says it should be",
        discussion: [
            "Holds a node's rules against a snapshot of the cluster: a finding for each thing that is wrong, with the Service "
                + "that suffers, the rule's line in the dump, what a client sees because of it, and what to do.",
            "SAVE is what iptables-save printed on the node, '-' for standard input, or the word 'host' to run iptables-save "
                + "here. Given twice, the dumps are those of the nft and the legacy backend of one node.",
            "Exit code 0: nothing is wrong, or there is only information; 1: findings; 2: an input is at fault.",
        ],
        options: [
            .shaping,
            OptionGroup(
                title: "What is audited",
                options: [
                    OptionSpec(
                        name: "live", value: .text("SAVE|host"), help: "the node's rules; may be given twice"
                    ) { invocation, text throws(OptionError) in invocation.live.append(text) },
                    .severity,
                    OptionSpec(
                        name: "namespace", short: "n", value: .text("NAME"),
                        help: "show findings of this namespace's Services only"
                    ) { invocation, text throws(OptionError) in invocation.namespace = text },
                    OptionSpec(
                        name: "service", value: .text("[NAMESPACE/]NAME"), help: "show findings of this Service only"
                    ) { invocation, text throws(OptionError) in invocation.service = text },
                ]),
            OptionGroup(title: "Output", options: [.report([.text, .json]), .outputFile]),
        ]
    ) { invocation, console throws(CommandFailure) in
        guard !invocation.live.isEmpty else {
            throw .usage("audit needs the node's rules: --live with a file, '-' or 'host'", see: "audit")
        }
        guard invocation.live.count <= 2 else {
            throw .usage("--live is given more than twice; a node has two backends", see: "audit")
        }
        guard !invocation.operands.isEmpty else {
            throw .usage("audit needs a SNAPSHOT: a file, or '-' for standard input", see: "audit")
        }
        guard (invocation.live + invocation.operands).count(where: { $0 == "-" }) <= 1 else {
            throw .usage("standard input can be read only once, but '-' is given several times", see: "audit")
        }
        var sources: [SnapshotSource] = []
        for live in invocation.live {
            let family = invocation.gives("family") ? invocation.settings.family : .ipv4
            sources.append(live == "host" ? try LiveRules.ofHost(family) : try InputFile.open(live))
        }
        // Without a header the addresses determine the family; the snapshot is planned for that of the dump.
        let given = invocation.gives("family") ? invocation.settings.family : nil
        let known = given ?? sources[0].headerFamily
        let saves = sources
        let (reading, planning) = System.workers.both(
            { Result { () throws(CommandFailure) in try readDumps(saves, given) } },
            {
                Result { () throws(CommandFailure) -> (PreparedSnapshot, (IptablesPlan, Ruleset)?) in
                    let prepared = try invocation.readSnapshot()
                    guard let known else { return (prepared, nil) }
                    return (prepared, try prepared.expectation(known))
                }
            })
        let dumps = try reading.get()
        let (prepared, early) = try planning.get()
        let (plan, rules) = if let early { early } else { try prepared.expectation(dumps[0].family) }
        System.keep((prepared, plan, rules, dumps))
        console.say(prepared.diagnostics + prepared.snapshot.diagnostics(.warning, plan.plan.warnings))
        let findings = Audit(plan, rules, dumps).findings.filter { invocation.shows($0) }
        let text: String
        switch invocation.report {
        case .json: text = AuditReport.json(findings).text
        default: text = AuditReport.text(findings, sources[0].name)
        }
        try OutputFile.write(text, to: invocation.outputFile)
        return findings.contains { $0.severity > .info } ? .findings : .success
    }
}

/// Reads the dumps of one node, which are of one family.
private func readDumps(
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
    /// What the rules of a family should be.
    fileprivate func expectation(_ family: AddressFamily) throws(CommandFailure) -> (IptablesPlan, Ruleset) {
        var prepared = self
        prepared.settings.family = family
        let plan = try prepared.iptablesPlan()
        return (plan, plan.ruleset(keepsComments: false))
    }
}

extension OptionSpec {
    /// Which findings are shown.
    static let severity = OptionSpec(
        name: "severity", value: .text("error|warning|info"), help: "show findings of this severity and above",
        defaultText: "info"
    ) { invocation, text throws(OptionError) in
        guard let severity = FindingSeverity(rawValue: text) else {
            throw OptionError(message: "'\(text)' is no severity: expected error, warning or info")
        }
        invocation.severity = severity
    }
}

extension Invocation {
    /// Whether the command line selects a finding.
    fileprivate func shows(_ finding: AuditFinding) -> Bool {
        guard finding.severity >= severity else { return false }
        if namespace == nil, service == nil { return true }
        guard let label = finding.label?.servicePort else { return false }
        let name = label.split(separator: ":", maxSplits: 1)[0].split(separator: "/", maxSplits: 1)
        if let namespace, name[0] != namespace { return false }
        guard let service else { return true }
        return service.contains("/") ? name.joined(separator: "/") == service : name.last.map { $0 == service } ?? false
    }
}
