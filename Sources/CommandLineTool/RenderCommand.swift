internal import Iptables
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import Nftables

struct RenderOptions: ServesAllNodes {
    static let command = "render"
    static let modes: [ProxyMode] = [.iptables, .nftables, .ipvs]
    static let takesIncompleteSnapshots = true

    var operands: [String] = []
    var shaping = ShapingOptions()
    /// The form that `-o` names.
    var givenForm: RenderForm?
    var form: RenderForm { givenForm ?? .restore }
    var outputFile: String?
    /// The folder for all texts of IPVS mode, or of all Nodes.
    var outputFolder: String?
    var allNodes = AllNodesOptions()
    var wantsSummary = false
    /// Whose listing `-o save` is in nftables mode.
    var nftVersion = NftVersion.oneZero
    /// The host's rules; only the chains that differ from them are written.
    var against: String?

    var inputs: [String] { operands + shapingInputs + (against.map { [$0] } ?? []) }

    static var groups: [OptionGroup<RenderOptions>] { [which, output, .shaping, .nftables, .ipvs] }

    private static var which: OptionGroup<RenderOptions> {
        OptionGroup(
            title: "Which nodes",
            options: Option.allNodes(
                "every Node of the snapshot: the groups of Nodes with equal rules, as text, json or jsonl, and with "
                    + "--output-dir the rules of each; both families unless --family names one"))
    }

    private static var output: OptionGroup<RenderOptions> {
        OptionGroup(
            title: "Output",
            options: [
                Option(
                    "output", short: "o", "restore|save",
                    "restore: input for iptables-restore, in nftables mode for nft; save: what iptables-save or nft prints "
                        + "once it is loaded; in nftables mode also state: the same sorted, one object a line; in IPVS "
                        + "mode also ipvsadm, ipset, addresses and setup; of all Nodes also text, json and jsonl",
                    default: "restore"
                ) { options, text throws(OptionError) in
                    guard let form = RenderForm(rawValue: text) else {
                        throw OptionError(
                            message:
                                "invalid output format '\(text)': expected restore or save, in nftables mode also state, "
                                + "or in IPVS mode also ipvsadm, ipset, addresses or setup")
                    }
                    options.givenForm = form
                },
                Option(
                    "nft-version", "1.0|1.1", "whose listing save is in nftables mode: of nft 1.0.6 or 1.1.3",
                    default: "1.0"
                ) { options, text throws(OptionError) in
                    guard let version = NftVersion(rawValue: text) else {
                        throw OptionError(message: "'\(text)' is no version of nft: expected 1.0 or 1.1")
                    }
                    options.nftVersion = version
                },
                Option(
                    "against", "SAVE",
                    "write only what is to be changed on a host whose rules iptables-save printed so"
                ) { options, text throws(OptionError) in options.against = text },
                .outputFile { $0.outputFile = $1 },
                Option(
                    "output-dir", "DIR",
                    "write into a new or empty folder: with --all-nodes the rules of each Node and family, "
                        + "NODE.FAMILY.restore, equal ones as hard links to one file; in IPVS mode all texts: rules, "
                        + "ipvsadm, ipset, addresses and setup"
                ) { options, text throws(OptionError) in options.outputFolder = text },
                .boolean("summary", "end with a line on standard error that says how much was written") {
                    $0.wantsSummary = $1
                },
            ])
    }
}

extension Command {
    static let render = Command(
        operands: "SNAPSHOT...",
        summary: "write what kube-proxy would program, as text for iptables-restore or nft",
        discussion: [
            "Reads a snapshot of a cluster and writes the iptables rules that kube-proxy in iptables mode would program on "
                + "one node, for one address family; with --proxy-mode nftables or ipvs what it would program in that mode.",
            "In nftables mode kube-proxy reads ServiceCIDRs too: add 'servicecidrs' to the kubectl line.",
            "SNAPSHOT is a file, or '-' for standard input, with the output of\n"
                + "  kubectl get services,endpointslices,nodes -A -o json",
            "Several files are read as one snapshot. The order of files and objects never changes the text.",
            "A running kube-proxy owns the chains that the text fills: loading it beside one changes them only until its "
                + "next sync.",
        ]
    ) { (options: RenderOptions, console) throws(CommandFailure) in
        guard !options.operands.isEmpty else {
            throw RenderOptions.usage("render needs a SNAPSHOT: a file, or '-' for standard input")
        }
        guard options.against == nil || options.form == .restore else {
            throw RenderOptions.usage("--against writes text for iptables-restore, and no other form")
        }
        try options.checkAllNodes()
        if options.allNodes.isOn { return try options.renderAllNodes(console) }
        if let form = options.givenForm, form.isOfAllNodes {
            throw RenderOptions.usage("-o \(form) is for --all-nodes; give that too")
        }
        if options.outputFolder != nil, options.givenForm != nil || options.outputFile != nil {
            throw RenderOptions.usage("--output-dir writes all texts; leave -o and --output-file out")
        }
        var prepared = try options.readSnapshot(options.operands)
        guard options.against == nil || prepared.settings.mode == .iptables else {
            throw RenderOptions.usage("--against is for iptables mode")
        }
        switch prepared.settings.mode {
        case .iptables: break
        case .nftables: return try options.renderNftables(prepared, console)
        case .ipvs: return try options.renderIPVS(prepared, console)
        }
        guard options.outputFolder == nil else {
            throw RenderOptions.usage(
                "--output-dir is for all Nodes or IPVS mode; give --all-nodes or --proxy-mode ipvs too")
        }
        guard let form = options.form.iptables else {
            throw RenderOptions.usage(
                "-o \(options.form)"
                    + (options.form == .state
                        ? " is for nftables mode; give --proxy-mode nftables too"
                        : " is for IPVS mode; give --proxy-mode ipvs too"))
        }
        let live = try options.against.map { path throws(CommandFailure) in try InputFile.open(path) }
        // Without a header the addresses determine the family.
        let known = options.shaping.family ?? live?.headerFamily
        let whole = try live.flatMap { source throws(CommandFailure) in
            known == nil ? try RulesInput.readRules(source, nil) : nil
        }
        if live != nil { prepared.settings.family = known ?? whole?.family ?? prepared.settings.family }
        let snapshot = prepared.snapshot
        let iptables = try prepared.iptablesPlan()
        let plan = iptables.plan
        let dump = try live.map { source throws(CommandFailure) in
            if let whole { return DumpBesidePlan(whole, beside: iptables, keepsComments: true) }
            return try RulesInput.readRules(source, SavedChains(source.bytes), beside: iptables, keepsComments: true)
        }
        console.say(prepared.diagnostics + snapshot.diagnostics(.warning, plan.warnings))

        let changes = dump.map { HostChanges($0) }
        if let dump, let changes {
            console.say(dump.warningOfIPVSMode(options.against ?? "").map { [$0] } ?? [])
            try onHost { () throws(HostError) in
                try Dangers.refuse(changes.blockingReferences(in: dump.actual).map { ("", $0) })
            }
        }
        let output = try OutputFile(options.outputFile)
        let writer = unsafe TextWriter { chunk in unsafe output.write(chunk) }
        let text =
            if let changes {
                iptables.write(changes, to: writer)
            } else {
                iptables.write(form, to: writer, with: System.workers)
            }
        try output.finish()
        if options.wantsSummary { console.say(lines: [summary(of: plan, snapshot, text)]) }
        System.keep((prepared, iptables, dump))
        return .success
    }

    private static func summary(of plan: NodePlan, _ snapshot: ClusterSnapshot, _ text: TextSummary) -> String {
        summary(of: plan, snapshot, "\(text.chains) chains, \(text.rules) rules, \(text.bytes) bytes")
    }

    /// The time that the run has taken so far, with one decimal.
    static var millisecondsSinceStart: String {
        let tenths = Int(((System.seconds - Tool.start) * 10_000).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    static func summary(of plan: NodePlan, _ snapshot: ClusterSnapshot, _ written: String) -> String {
        "\(snapshot.services.count) Services (\(plan.servicePorts.count) service ports here), "
            + "\(plan.endpointCount) endpoints: \(written) in \(millisecondsSinceStart) ms; \(plan.version.phrase)"
    }
}

extension RenderOptions {
    fileprivate func renderIPVS(
        _ prepared: PreparedSnapshot, _ console: Console
    ) throws(CommandFailure) -> ExitCode {
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
            guard let form = form.ipvs else { throw RenderOptions.usage("-o \(form) is for nftables mode") }
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
    /// The file's name in a folder of all texts.
    var fileName: String { self == .restore ? "rules" : rawValue }
}
