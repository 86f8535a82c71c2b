internal import KubeSnapshot
internal import Netfilter
internal import ServiceChains

extension Command {
    static let render = Command(
        name: "render",
        operands: "SNAPSHOT...",
        summary: "write the rules that kube-proxy would program, as iptables-restore text",
        discussion: [
            "Reads a snapshot of a cluster and writes the iptables rules that kube-proxy in iptables mode would program on "
                + "one node, for one address family.",
            "SNAPSHOT is a file, or '-' for standard input, with the output of\n"
                + "  kubectl get services,endpointslices,nodes -A -o json",
            "Several files are read as one snapshot. The order of files and objects never changes the text.",
            "A running kube-proxy owns the chains that the text fills: loading it beside one changes them only until its "
                + "next sync.",
        ],
        options: [
            .shaping,
            OptionGroup(
                title: "Output",
                options: [
                    OptionSpec(
                        name: "output", short: "o", value: .text("restore|save"),
                        help: "restore: input for iptables-restore; save: what iptables-save prints once it is loaded",
                        defaultText: "restore"
                    ) { invocation, text throws(OptionError) in
                        switch text {
                        case "restore": invocation.form = .restore
                        case "save": invocation.form = .save
                        default: throw OptionError(message: "'\(text)' is no form: expected restore or save")
                        }
                    },
                    OptionSpec(
                        name: "against", value: .text("SAVE"),
                        help: "write only what is to be changed on a host whose rules iptables-save printed so"
                    ) { invocation, text throws(OptionError) in invocation.against = text },
                    .outputFile,
                    .boolean("summary", "end with a line on standard error that says how much was written", "false") {
                        $0.wantsSummary = $1
                    },
                ]),
        ]
    ) { invocation, console throws(CommandFailure) in
        guard !invocation.operands.isEmpty else {
            throw .usage("render needs a SNAPSHOT: a file, or '-' for standard input", see: "render")
        }
        let inputs = invocation.operands + [invocation.configFile, invocation.against].compactMap { $0 }
        guard inputs.count(where: { $0 == "-" }) <= 1 else {
            throw .usage("standard input can be read only once, but '-' is given several times", see: "render")
        }
        guard invocation.against == nil || invocation.form == .restore else {
            throw .usage("--against writes text for iptables-restore, and no other form", see: "render")
        }
        var prepared = try invocation.readSnapshot()
        var live: Ruleset?
        if let against = invocation.against {
            let family = invocation.gives("family") ? invocation.settings.family : nil
            live = try RulesInput.readRules(try InputFile.open(against), family)
            prepared.settings.family = live?.family ?? prepared.settings.family
        }
        let snapshot = prepared.snapshot
        let plan = try input { () throws(SnapshotError) in try ServicePlan(snapshot, prepared.settings) }
        console.say(prepared.diagnostics + snapshot.diagnostics(.warning, plan.warnings))

        let output = try OutputFile(invocation.outputFile)
        let writer = unsafe TextWriter { chunk in unsafe output.write(chunk) }
        let text =
            if let live {
                plan.write(HostChanges(plan, live, isIncremental: true), to: writer)
            } else {
                plan.write(invocation.form, to: writer)
            }
        try output.finish()
        if invocation.wantsSummary { console.say(lines: [summary(of: plan, snapshot, text)]) }
        return .success
    }

    private static func summary(of plan: ServicePlan, _ snapshot: ClusterSnapshot, _ text: TextSummary) -> String {
        let milliseconds = (System.seconds - Tool.start) * 1000
        let tenths = Int((milliseconds * 10).rounded())
        return "\(snapshot.services.count) Services (\(plan.servicePorts.count) service ports here), "
            + "\(plan.endpointCount) endpoints: \(text.chains) chains, \(text.rules) rules, \(text.bytes) bytes in "
            + "\(tenths / 10).\(tenths % 10) ms"
    }
}
