internal import KubeChains
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

extension Command {
    static let lint = Command(
        name: "lint",
        operands: "SNAPSHOT...",
        summary: "what will surprise you in this snapshot",
        discussion: [
            "Looks in a snapshot for what kube-proxy does and hardly anybody expects: addresses given twice, nodes where a "
                + "Service is silent, hints and source ranges without effect, and more. Each finding says what comes of it "
                + "and what to do.",
            "All Nodes and both families are looked at, or what --node and --family name. Give the same settings as "
                + "kube-proxy has.",
            "With --proxy-mode ipvs the rules named ipvs-… are looked for too: what changes for clients, and for whom, when the "
                + "cluster leaves IPVS mode for iptables mode. Rules about iptables mode alone are left out.",
            "Exit code 0: nothing but information; 1: findings; 2: an input is at fault.",
        ],
        options: [
            .shaping,
            .ipvs,
            OptionGroup(
                title: "What is looked for",
                options: [
                    .severity,
                    OptionSpec(
                        name: "disable", value: .text("RULE[,RULE]"),
                        help: "leave rules out; may be given several times", choices: LintRule.all.map(\.name)
                    ) { invocation, text throws(OptionError) in
                        let names = LintRule.all.map(\.name)
                        for name in text.split(separator: ",").map(String.init) {
                            guard names.contains(name) else {
                                throw OptionError(
                                    message: "there is no rule '\(name)'" + Suggestion.text(for: name, among: names))
                            }
                            invocation.disabledRules.insert(name)
                        }
                    },
                    .boolean("list-rules", "show all rules with their explanations, and nothing else", "false") {
                        $0.listsRules = $1
                    },
                ]),
            OptionGroup(title: "Output", options: [.report([.text, .json]), .outputFile]),
        ]
    ) { invocation, console throws(CommandFailure) in
        if invocation.listsRules {
            try OutputFile.write(LintReports.rules, to: invocation.outputFile)
            return .success
        }
        guard !invocation.operands.isEmpty else {
            throw .usage("lint needs a SNAPSHOT: a file, or '-' for standard input", see: "lint")
        }
        guard invocation.operands.count(where: { $0 == "-" }) + (invocation.configFile == "-" ? 1 : 0) <= 1 else {
            throw .usage("standard input can be read only once, but '-' is given several times", see: "lint")
        }
        let prepared = try invocation.readSnapshot(servesIPVS: true)
        let snapshot = prepared.snapshot
        let families = invocation.gives("family") ? [prepared.settings.family] : AddressFamily.allCases
        let lint = try input { () throws(SnapshotError) in
            try Lint(snapshot, prepared.settings, families: families, without: invocation.disabledRules)
        }
        console.say(prepared.diagnostics + snapshot.diagnostics(.warning, lint.warnings))
        let findings = lint.findings.filter { $0.severity >= invocation.severity }
        let places = snapshot.diagnostics(
            .warning, findings.map { PlacedMessage(message: $0.message, location: $0.location) }
        ).map(\.place)
        let text: String
        switch invocation.report {
        case .json: text = LintReports.json(findings, places).text
        default: text = LintReports.text(findings, places)
        }
        try OutputFile.write(text, to: invocation.outputFile)
        return findings.contains { $0.severity > .info } ? .findings : .success
    }
}
