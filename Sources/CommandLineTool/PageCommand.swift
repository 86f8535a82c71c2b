internal import Iptables
internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress
internal import Nftables

/// The options of `report`.
struct PageOptions: ShapesRules, TakesFindingRules {
    static let command = "report"
    static let modes = ProxyMode.allCases

    var operands: [String] = []
    var shaping = ShapingOptions()
    /// Nil: standard output.
    var file: String?
    /// The dumps of the node's rules.
    var live: [String] = []
    var rulesFile: String?

    var inputs: [String] { operands + live + shapingInputs + (rulesFile.map { [$0] } ?? []) }

    static var groups: [OptionGroup<PageOptions>] {
        [
            OptionGroup(
                title: "What the page shows",
                options: [
                    Option(
                        "live", "SAVE",
                        "the node's rules, as for audit: what differs is shown too; may be given several times"
                    ) { options, text throws(OptionError) in options.live.append(text) },
                    .rules,
                ]), OptionGroup(title: "Output", options: [.outputFile(short: "o") { $0.file = $1 }]), .shaping,
            .nftables,
            .ipvs,
        ]
    }

    static func defaultText(of flag: ProxyFlag) -> String? { flag == .family ? "both" : nil }
}

extension Command {
    static let report = Command(
        operands: "-o FILE SNAPSHOT...",
        summary: "everything about a node's Services as one HTML page",
        discussion: [
            "Writes a page that needs no network and no other file: an overview, all Services to search as you type, and for each "
                + "one its picture, who reaches it and how, the endpoints with their shares or why they are left out, the rules "
                + "with their reasons, and what lint finds. An address ending in #namespace/service opens a Service.",
            "With --live the page also shows what differs on the node, as audit finds it. The dumps are of the mode of "
                + "--proxy-mode: of iptables-save and ip6tables-save, or of 'nft list ruleset'.",
            "Nothing of the snapshot can run in the page: its Content-Security-Policy lets only its own script run.",
            "Both families are shown, or that of --family.",
            "Exit code 0: written, whatever it shows; 2: an input is at fault.",
        ]
    ) { (options: PageOptions, console) throws(CommandFailure) in
        guard !options.operands.isEmpty else {
            throw PageOptions.usage("report needs a SNAPSHOT: a file, or '-' for standard input")
        }
        let rules = try options.readRules()
        let prepared = try options.readSnapshot(options.operands)
        let snapshot = prepared.snapshot
        try prepared.requireServices(since: "so there is nothing to show")
        let families = options.shaping.families
        let lint = try input { () throws(SnapshotError) in
            try Lint(snapshot, prepared.settings, families: families)
        }
        let found = FindingSelection(lint.findings, from: .info, .everything, rules, in: snapshot).shown
        var findings = [
            FindingsReport(lint: found, snapshot.places(of: found), version: Tool.number)
        ]
        let audits = try options.audit(prepared, families)
        for (name, audit) in audits {
            let shown = FindingSelection(audit.findings, from: .info, .everything, rules, in: snapshot).shown
            findings.append(FindingsReport(audit: shown, name, version: Tool.number))
        }
        let report = try input { () throws(SnapshotError) in
            try NodeReport(snapshot, prepared.settings, families: families, findings: findings, with: System.workers)
        }
        console.say(prepared.diagnostics + snapshot.diagnostics(.warning, report.warnings))
        try OutputFile.write(PageReport.html(report), to: options.file)
        System.keep((prepared, report))
        // Where nothing was compared, the page says why.
        let incomparable = audits.filter { $0.audit.version == nil }
        for (name, _) in incomparable { console.say(lines: [AuditOptions.incomparable(name)]) }
        return incomparable.isEmpty ? .success : .input
    }
}

extension PageOptions {
    /// What differs on the node, by dump.
    fileprivate func audit(
        _ prepared: PreparedSnapshot, _ families: [AddressFamily]
    ) throws(CommandFailure) -> [(dump: String, audit: any NodeAudit)] {
        if live.isEmpty { return [] }
        var sources: [SnapshotSource] = []
        for path in live { sources.append(try InputFile.open(path)) }
        var results: [(dump: String, audit: any NodeAudit)] = []
        switch prepared.settings.mode {
        case .ipvs: throw PageOptions.usage("--live is for iptables and nftables mode")
        case .nftables:
            let dumps = try NftablesDumps(sources, shaping.family)
            for family in families {
                let plan = try prepared.nftablesExpectation(family)
                let audit = NftablesAudit(
                    given: prepared.given, plan, dumps.tables,
                    iptables: dumps.iptables.filter { $0.family == family }, with: System.workers)
                results.append((sources[0].name, audit))
            }
        case .iptables:
            var dumps: [(name: String, rules: Ruleset)] = []
            for source in sources { dumps.append((source.name, try RulesInput.readRules(source, shaping.family))) }
            for family in families {
                let own = dumps.filter { $0.rules.family == family }
                guard let first = own.first else { continue }
                let (plan, rules) = try prepared.expectation(family)
                let audit = Audit(given: prepared.given, plan, rules, own.map(\.rules), with: System.workers)
                results.append((first.name, audit))
            }
        }
        return results
    }
}
