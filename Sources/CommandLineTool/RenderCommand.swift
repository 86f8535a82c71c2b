internal import Iptables
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy

extension Command {
    static let render = Command(
        name: "render",
        operands: "SNAPSHOT...",
        summary: "write the rules that kube-proxy would program, as iptables-restore text",
        discussion: [
            "Reads a snapshot of a cluster and writes the iptables rules that kube-proxy in iptables mode would program on "
                + "one node, for one address family; with --proxy-mode ipvs what it would program in IPVS mode.",
            "SNAPSHOT is a file, or '-' for standard input, with the output of\n"
                + "  kubectl get services,endpointslices,nodes -A -o json",
            "Several files are read as one snapshot. The order of files and objects never changes the text.",
            "A running kube-proxy owns the chains that the text fills: loading it beside one changes them only until its "
                + "next sync.",
        ],
        options: [
            .shaping,
            .ipvs,
            OptionGroup(
                title: "Output",
                options: [
                    OptionSpec(
                        name: "output", short: "o", value: .text("restore|save"),
                        help: "restore: input for iptables-restore; save: what iptables-save prints once it is loaded; "
                            + "in IPVS mode also ipvsadm, ipset, addresses and setup",
                        defaultText: "restore"
                    ) { invocation, text throws(OptionError) in
                        guard let form = IPVSForm(rawValue: text) else {
                            throw OptionError(
                                message: "'\(text)' is no form: expected restore or save, or in IPVS mode ipvsadm, "
                                    + "ipset, addresses or setup")
                        }
                        invocation.form = form
                    },
                    OptionSpec(
                        name: "against", value: .text("SAVE"),
                        help: "write only what is to be changed on a host whose rules iptables-save printed so"
                    ) { invocation, text throws(OptionError) in invocation.against = text },
                    .outputFile,
                    OptionSpec(
                        name: "output-dir", value: .text("DIR"),
                        help: "write all texts of IPVS mode into a new or empty folder: rules, ipvsadm, ipset, "
                            + "addresses and setup"
                    ) { invocation, text throws(OptionError) in invocation.outputFolder = text },
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
        if invocation.outputFolder != nil, invocation.gives("output") || invocation.outputFile != nil {
            throw .usage("--output-dir writes all texts; leave -o and --output-file out", see: "render")
        }
        var prepared = try invocation.readSnapshot(servesIPVS: true)
        if prepared.settings.mode == .ipvs { return try invocation.renderIPVS(prepared, console) }
        guard let form = invocation.form.iptablesForm, invocation.outputFolder == nil else {
            throw .usage(
                (invocation.outputFolder == nil ? "-o \(invocation.form)" : "--output-dir")
                    + " is for IPVS mode; give --proxy-mode ipvs too", see: "render")
        }
        var live: Ruleset?
        if let against = invocation.against {
            let family = invocation.gives("family") ? invocation.settings.family : nil
            live = try RulesInput.readRules(try InputFile.open(against), family)
            prepared.settings.family = live?.family ?? prepared.settings.family
        }
        let snapshot = prepared.snapshot
        let iptables = try prepared.iptablesPlan()
        let plan = iptables.plan
        console.say(prepared.diagnostics + snapshot.diagnostics(.warning, plan.warnings))

        let output = try OutputFile(invocation.outputFile)
        let writer = unsafe TextWriter { chunk in unsafe output.write(chunk) }
        let text =
            if let live {
                iptables.write(HostChanges(iptables, live, isIncremental: true), to: writer)
            } else {
                iptables.write(form, to: writer, with: System.workers)
            }
        try output.finish()
        if invocation.wantsSummary { console.say(lines: [summary(of: plan, snapshot, text)]) }
        System.keep((prepared, iptables, live))
        return .success
    }

    private static func summary(of plan: NodePlan, _ snapshot: ClusterSnapshot, _ text: TextSummary) -> String {
        summary(of: plan, snapshot, "\(text.chains) chains, \(text.rules) rules, \(text.bytes) bytes")
    }

    fileprivate static func summary(of plan: NodePlan, _ snapshot: ClusterSnapshot, _ written: String) -> String {
        let milliseconds = (System.seconds - Tool.start) * 1000
        let tenths = Int((milliseconds * 10).rounded())
        return "\(snapshot.services.count) Services (\(plan.servicePorts.count) service ports here), "
            + "\(plan.endpointCount) endpoints: \(written) in \(tenths / 10).\(tenths % 10) ms"
    }
}

extension Invocation {
    fileprivate func renderIPVS(
        _ prepared: PreparedSnapshot, _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        guard against == nil else {
            throw .usage("--against is for iptables mode", see: "render")
        }
        let snapshot = prepared.snapshot
        let state = try prepared.ipvsPlan()
        console.say(prepared.diagnostics + snapshot.diagnostics(.warning, state.plan.warnings))
        var bytes = 0
        if let outputFolder {
            let folder = try OutputFolder(outputFolder)
            for form in IPVSForm.allCases where form != .save {
                try folder.write(form.fileName) { bytes += state.write(form, to: $0) }
            }
            try folder.finish()
        } else {
            let output = try OutputFile(outputFile)
            bytes = state.write(form, to: unsafe TextWriter { chunk in unsafe output.write(chunk) })
            try output.finish()
        }
        if wantsSummary {
            let written = "\(state.virtualServers.count) virtual servers, \(bytes) bytes"
            console.say(lines: [Command.summary(of: state.plan, snapshot, written)])
        }
        System.keep((prepared, state))
        return .success
    }
}

extension IPVSForm {
    /// The corresponding form of iptables mode; nil: there is none.
    fileprivate var iptablesForm: TextForm? {
        switch self {
        case .restore: .restore
        case .save: .save
        case .ipvsadm, .ipset, .addresses, .setup: nil
        }
    }

    /// The file's name in a folder of all texts.
    fileprivate var fileName: String { self == .restore ? "rules" : rawValue }
}
