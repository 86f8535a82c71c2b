internal import Iptables
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

struct ApplyOptions: ShapesRules, WorksOnHost {
    static let command = "apply"
    static let modes: [ProxyMode] = [.iptables, .nftables, .ipvs]
    static let takesIncompleteSnapshots = true

    var operands: [String] = []
    var shaping = ShapingOptions()
    var host = HostOptions()
    /// Print what would be written, and write nothing.
    var isDryRun = false
    /// Write only the chains that differ from the host's.
    var isIncremental = false
    /// Read the rules back and compare.
    var verifies = false
    /// The present rules, for a dry run.
    var live: [String] = []

    var inputs: [String] { operands + live + shapingInputs }

    static var groups: [OptionGroup<ApplyOptions>] { [done, .shaping, .nftables, .ipvs] }

    /// What kube-proxy finds out about its host is read from it.
    static func defaultText(of flag: ProxyFlag) -> String? {
        switch flag {
        case .node: "the host's name"
        case .family: "those that the host has"
        case .nodeAddress: "those of the host"
        case .conntrackTCPBeLiberal: "as the host's sysctl has it"
        case .nfacct: "whether the host has the counters"
        case .noRandomFully: "what the host's iptables can do"
        case .kernelVersion: "the running kernel"
        default: nil
        }
    }

    private static var done: OptionGroup<ApplyOptions> {
        OptionGroup(
            title: "What is done",
            options: [
                .boolean(
                    "dry-run",
                    "print the text for iptables-restore or nft, or the steps of IPVS mode, and change nothing"
                ) { $0.isDryRun = $1 },
                .boolean("incremental", "write only the chains that differ from the host's") { $0.isIncremental = $1 },
                .backend,
                .boolean("verify", "read the rules back and compare") { $0.verifies = $1 },
                .force,
                .wait,
                .lockFile,
                .programPath,
                Option(
                    "live", "DUMP",
                    "with --dry-run: the present rules, as iptables-save, in nftables mode nft, printed them; needs no root"
                ) { options, text throws(OptionError) in options.live.append(text) },
            ])
    }
}

extension Command {
    static let apply = Command(
        operands: "SNAPSHOT...",
        summary: "program this host, atomically",
        discussion: [
            "Reads the host's rules and writes what a full sync of kube-proxy would: its chains, the jumps to them from the "
                + "built-in chains where they are missing, and the removal of chains that no Service port uses any more. "
                + "Foreign chains and rules are never touched. Both families, unless --family narrows it.",
            "What kube-proxy would read from its host is read from it, unless an option says it: the host's name, the "
                + "addresses of its interfaces, whether conntrack is liberal, what iptables can do, and the nfacct counters, "
                + "which --nfacct makes. The sysctl route_localnet is set if node ports answer on 127.0.0.1.",
            "Needs root. What iptables-restore would not find out before it has written a table is looked for first; if it "
                + "refuses the second table all the same, the first gets its rules back.",
            "With --proxy-mode ipvs it brings the host to what kube-proxy in IPVS mode would have there: sysctls, the interface "
                + "kube-ipvs0 with its addresses, ipsets, virtual and real servers, and rules. Only what differs is touched; what "
                + "is left over is deleted, but real servers with TCP connections stay at weight 0 until a later apply "
                + "finds none. If a step fails, what was done is taken back.",
            "With --proxy-mode nftables it brings the tables 'ip kube-proxy' and 'ip6 kube-proxy' to what kube-proxy would have "
                + "there, by one transaction of nft for both families, which names only what differs; what session affinity "
                + "remembers stays. Other tables are never touched. It refuses a host with rules of kube-proxy's other modes, "
                + "with a kernel before 5.13 or an nft before 1.0.1, and a table that another program owns.",
            "Exit code 0: done; 1: --verify found a difference; 2: the input or the host is at fault.",
        ]
    ) { (options: ApplyOptions, console) throws(CommandFailure) in
        guard !options.operands.isEmpty else {
            throw ApplyOptions.usage("apply needs a SNAPSHOT: a file, or '-' for standard input")
        }
        guard options.live.isEmpty || options.isDryRun && options.live.count == 1 else {
            throw ApplyOptions.usage("--live is for --dry-run, once; apply reads the host's own rules")
        }
        if let live = options.live.first {
            let prepared = try options.readSnapshot(options.operands)
            try options.refuseUnsupportedOptions(prepared.settings.mode)
            switch prepared.settings.mode {
            case .nftables: return try options.printTransaction(to: live, prepared, console)
            case .iptables, .ipvs: return try printDelta(to: live, prepared, options, console)
            }
        }
        guard System.isRoot else {
            throw .input("error: apply needs root, to read and to write the host's rules")
        }
        let prepared = try options.readSnapshot(options.operands)
        try options.refuseUnsupportedOptions(prepared.settings.mode)
        if !options.isDryRun { try options.lockHost() }
        // The host is read last, so that little can change before it is written.
        switch prepared.settings.mode {
        case .iptables: return try options.applyIptables(prepared, try options.hostRules(), console)
        case .nftables: return try options.applyNftables(prepared, console)
        case .ipvs: return try options.applyIPVS(prepared, try options.hostRules(), console)
        }
    }

    /// Prints what would be written to a host whose rules are in a file.
    private static func printDelta(
        to live: String, _ prepared: PreparedSnapshot, _ options: ApplyOptions, _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        let rules = try RulesInput.readRules(try InputFile.open(live), options.shaping.family)
        var prepared = prepared
        prepared.settings.family = rules.family
        let plan = try prepared.iptablesPlan()
        console.say(
            prepared.diagnostics + prepared.snapshot.diagnostics(.warning, plan.plan.warnings)
                + (rules.warningOfIPVSMode(live).map { [$0] } ?? []))
        let changes = HostChanges(plan, rules, isIncremental: options.isIncremental)
        try onHost { () throws(HostError) in
            try Dangers.refuse(changes.blockingReferences(in: rules).map { ("", $0) })
        }
        let output = try OutputFile(nil)
        plan.write(changes, to: unsafe TextWriter { chunk in unsafe output.write(chunk) })
        try output.finish()
        return .success
    }
}

extension ApplyOptions {
    fileprivate func applyIptables(
        _ prepared: PreparedSnapshot, _ rules: [HostRules], _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        var plans: [IptablesPlan] = []
        for rules in rules {
            plans.append(try completed(prepared, rules.iptables.family, rules.iptables).iptablesPlan())
        }
        let apply = IptablesApply(rules, plans, isIncremental: isIncremental)
        console.say(prepared, plans.map(\.plan))
        guard !isDryRun else {
            try onHost { () throws(HostError) in try apply.refuseDangers(isForced: true) }
            try OutputFile.write(apply.script(wait: host.waitSeconds), to: nil)
            return .success
        }
        let makesCounters = shaping.gives(.nfacct) && plans[0].plan.settings.hasAccountingCounters
        let done = try onHost { () throws(HostError) in
            try apply.refuseDangers(isForced: host.isForced)
            defer { console.clearProgress() }
            return try apply.run(wait: host.waitSeconds, makesCounters: makesCounters) { what, seconds in
                if seconds >= 2 { console.showProgress("\(what) has been at work for \(Int(seconds)) s") }
            }
        }
        return try report(done, console, verified: "the host's rules are what they should be", apply.differences)
    }

    fileprivate func applyIPVS(
        _ prepared: PreparedSnapshot, _ rules: [HostRules], _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        var plans: [IPVSPlan] = []
        for rules in rules { plans.append(try completed(prepared, rules.iptables.family, rules.iptables).ipvsPlan()) }
        let excluded = prepared.settings.ipvs.excludeCIDRs
        let apply = try onHost { () throws(HostError) in
            try IPVSApply(rules, plans, excluding: excluded, wait: host.waitSeconds)
        }
        console.say(prepared, plans.map(\.plan))
        guard !isDryRun else {
            try OutputFile.write(apply.script, to: nil)
            return .success
        }
        let done = try onHost { () throws(HostError) in
            try apply.refuseDangers(isForced: host.isForced)
            return try apply.run()
        }
        return try report(done, console, verified: "the host has what it should have", apply.differences)
    }

    /// A snapshot with the settings of this host, as far as neither flags nor configuration say them.
    func completed(
        _ prepared: PreparedSnapshot, _ family: AddressFamily, _ iptables: IptablesPrograms?
    ) throws(CommandFailure) -> PreparedSnapshot {
        var prepared = prepared
        let settings = prepared.settings
        prepared.settings = try onHost { () throws(HostError) in
            try HostFacts.complete(settings, isGiven: shaping.gives, iptables)
        }
        prepared.settings.family = family
        return prepared
    }

    /// Writes a report of what was done, and what differs if that is to be verified.
    func report(
        _ done: [String], _ console: Console, verified: String, _ findDifferences: () throws(HostError) -> [String]
    ) throws(CommandFailure) -> ExitCode {
        var report = done
        let differences = verifies ? try onHost(findDifferences) : []
        if verifies, differences.isEmpty { report.append("verified: \(verified)") }
        try OutputFile.write(report.map { $0 + "\n" }.joined(), to: nil)
        console.say(lines: differences + (verifies ? HostFacts.kernelWarnings(HostRules.families(shaping.family)) : []))
        return differences.isEmpty ? .success : .findings
    }

    /// Refuses options without effect in a mode.
    fileprivate func refuseUnsupportedOptions(_ mode: ProxyMode) throws(CommandFailure) {
        if mode == .ipvs, !live.isEmpty {
            throw ApplyOptions.usage(
                "--live is not for IPVS mode: the rules alone do not say what a host has in IPVS mode")
        }
        if mode != .iptables, isIncremental {
            let name = mode == .ipvs ? "IPVS" : mode.rawValue
            throw ApplyOptions.usage(
                "--incremental is for iptables mode; in \(name) mode only what differs is written anyway")
        }
    }
}

extension Console {
    /// The warnings about a snapshot and its plans for some families.
    func say(_ prepared: PreparedSnapshot, _ plans: [NodePlan]) {
        say(prepared.diagnostics + prepared.snapshot.diagnostics(.warning, NodePlan.warnings(of: plans)))
    }
}
