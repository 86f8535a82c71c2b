internal import KubeChains
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

struct LintOptions: ShapesRules, WritesReport, ScopesServices, TakesFindingRules {
    static let command = "lint"
    static let modes: [ProxyMode] = [.iptables, .nftables, .ipvs]

    var operands: [String] = []
    var shaping = ShapingOptions()
    var output = ReportOutput()
    var severity = FindingSeverity.info
    /// The rules that are left out.
    var disabledRules: Set<String> = []
    var listsRules = false
    var scope = ScopeOptions()
    var rulesFile: String?

    var inputs: [String] { operands + shapingInputs + (rulesFile.map { [$0] } ?? []) }

    static var groups: [OptionGroup<LintOptions>] {
        [
            OptionGroup(
                title: "What is looked for",
                options: [.severity { $0.severity = $1 }] + Option.scope + [.rules, disable, listRules]),
            .output([.text, .json] + ReportForm.ofFindings), .shaping, .nftables, .ipvs,
        ]
    }

    static func defaultText(of flag: ProxyFlag) -> String? {
        switch flag {
        case .node: "all Nodes of the snapshot"
        case .family: "both"
        default: nil
        }
    }

    private static var disable: Option<LintOptions> {
        Option(
            "disable", "RULE[,RULE]", "leave rules out; may be given several times", choices: LintRule.all.map(\.name)
        ) { options, text throws(OptionError) in
            let names = LintRule.all.map(\.name)
            for name in text.split(separator: ",").map(String.init) {
                guard names.contains(name) else {
                    throw OptionError(
                        message: "there is no rule '\(name)'" + Suggestion.text(for: name, among: names))
                }
                options.disabledRules.insert(name)
            }
        }
    }

    private static var listRules: Option<LintOptions> {
        .boolean("list-rules", "show all rules with their explanations, and nothing else") { $0.listsRules = $1 }
    }
}

extension Command {
    static let lint = Command(
        operands: "SNAPSHOT...",
        summary: "what will surprise you in this snapshot",
        discussion: [
            "Looks in a snapshot for what kube-proxy does and hardly anybody expects: addresses given twice, nodes where a "
                + "Service times out, hints and source ranges without effect, and more. Each finding says what comes of it "
                + "and what to do.",
            "All Nodes and both families are looked at, or what --node and --family name. Give the same settings as "
                + "kube-proxy has.",
            "With --proxy-mode nftables the rules named nftables-… are looked for too: what that mode does otherwise than "
                + "iptables mode, and what keeps it from programming anything.",
            "With --proxy-mode ipvs the rules named ipvs-… are looked for too: what changes for clients, and for whom, when the "
                + "cluster leaves IPVS mode for iptables mode. Rules about iptables mode alone are left out.",
            "Exit code 0: nothing but information; 1: findings; 2: an input is at fault.",
        ]
    ) { (options: LintOptions, console) throws(CommandFailure) in
        if options.listsRules {
            try OutputFile.write(LintReports.rules(options.output.style), to: options.output.file)
            return .success
        }
        guard !options.operands.isEmpty else {
            throw LintOptions.usage("lint needs a SNAPSHOT: a file, or '-' for standard input")
        }
        let rules = try options.readRules()
        let prepared = try options.readSnapshot(options.operands)
        let snapshot = prepared.snapshot
        try prepared.requireServices(since: "so there is nothing to look at")
        let scope = try options.scope.scope(in: [snapshot])
        let lint = try input { () throws(SnapshotError) in
            try Lint(snapshot, prepared.settings, families: options.shaping.families, without: options.disabledRules)
        }
        console.say(prepared.diagnostics + snapshot.diagnostics(.warning, lint.warnings))
        let selection = FindingSelection(lint.findings, from: options.severity, scope, rules, in: snapshot)
        let findings = selection.shown
        let places = snapshot.places(of: findings)
        let text: String
        switch options.output.form {
        case .json: text = LintReports.json(findings, places, lint.versions)
        case .junit, .sarif, .github:
            text =
                FindingsReport(lint: findings, places, version: Tool.number).text(
                    options.output.form, of: options.operands[0]) ?? ""
        default: text = LintReports.text(findings, places, lint.versions, options.output.style)
        }
        try OutputFile.write(text, to: options.output.file)
        let services = snapshot.services.count { scope.contains($0.qualifiedName) }
        let nodes = options.shaping.gives(.node) ? 1 : snapshot.nodes.count
        console.say(lines: [selection.closing(services: services, nodes: nodes)])
        return findings.contains { $0.severity > .info } ? .findings : .success
    }
}

extension ClusterSnapshot {
    /// Where the objects stand that findings are about; nil where an object stands nowhere.
    func places(of findings: [LintFinding]) -> [Diagnostic.Place?] {
        diagnostics(.warning, findings.map { PlacedMessage(message: $0.message, location: $0.location) }).map(\.place)
    }
}
