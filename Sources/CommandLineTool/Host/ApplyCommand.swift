internal import Iptables
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

extension Command {
    static let apply = Command(
        name: "apply",
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
            "Exit code 0: done; 1: --verify found a difference; 2: the input or the host is at fault.",
        ],
        options: [
            .shaping,
            .ipvs,
            OptionGroup(
                title: "What is done",
                options: [
                    .boolean(
                        "dry-run", "print the text for iptables-restore, or the steps of IPVS mode, and change nothing",
                        "false"
                    ) {
                        $0.isDryRun = $1
                    },
                    .boolean("incremental", "write only the chains that differ from the host's", "false") {
                        $0.isIncremental = $1
                    },
                    .backend,
                    .boolean("verify", "read the rules back and compare", "false") { $0.verifies = $1 },
                    .force,
                    .wait,
                    OptionSpec(
                        name: "live", value: .text("SAVE"),
                        help: "with --dry-run: the present rules, as iptables-save printed them; needs no root"
                    ) { invocation, text throws(OptionError) in invocation.live.append(text) },
                ]),
        ]
    ) { invocation, console throws(CommandFailure) in
        guard !invocation.operands.isEmpty else {
            throw .usage("apply needs a SNAPSHOT: a file, or '-' for standard input", see: "apply")
        }
        guard invocation.live.isEmpty || invocation.isDryRun && invocation.live.count == 1 else {
            throw .usage("--live is for --dry-run, once; apply reads the host's own rules", see: "apply")
        }
        let inputs = invocation.operands + invocation.live + (invocation.configFile.map { [$0] } ?? [])
        guard inputs.count(where: { $0 == "-" }) <= 1 else {
            throw .usage("standard input can be read only once, but '-' is given several times", see: "apply")
        }
        if let live = invocation.live.first { return try printDelta(to: live, invocation, console) }
        guard System.isRoot else {
            throw .input("error: apply needs root, to read and to write the host's rules")
        }
        let prepared = try invocation.readSnapshot(servesIPVS: true)
        if !invocation.isDryRun { try HostLock.take(wait: invocation.waitSeconds) }
        if prepared.settings.mode == .ipvs { return try invocation.applyIPVS(prepared, console) }
        // The host is read last, so that little can change before it is written.
        let rules = try HostRules.choose(HostRules.families(invocation), invocation.backend)
        var works: [HostWork] = []
        for rules in rules {
            let settings = try HostFacts.complete(prepared.settings, invocation, rules.iptables)
            works.append(try HostWork(prepared.snapshot, settings, rules, isIncremental: invocation.isIncremental))
        }
        console.say(
            prepared.diagnostics
                + prepared.snapshot.diagnostics(
                    .warning, works.count > 1 ? works[0].plan.warningsOfAnyFamily : works[0].plan.warnings))
        if invocation.isDryRun {
            for work in works { try work.printText(isNamed: works.count > 1, invocation.waitSeconds) }
            return .success
        }
        return try HostApply(works: works, invocation: invocation, console: console).run(prepared.snapshot)
    }

    /// Prints what would be written to a host whose rules are in a file.
    private static func printDelta(
        to live: String, _ invocation: Invocation, _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        let given = invocation.gives("family") ? invocation.settings.family : nil
        let rules = try RulesInput.readRules(try InputFile.open(live), given)
        var prepared = try invocation.readSnapshot(servesIPVS: true)
        if prepared.settings.mode == .ipvs { try invocation.refuseUnsupportedIPVSOptions() }
        prepared.settings.family = rules.family
        let plan = try prepared.iptablesPlan()
        console.say(prepared.diagnostics + prepared.snapshot.diagnostics(.warning, plan.plan.warnings))
        let changes = HostChanges(plan, rules, isIncremental: invocation.isIncremental)
        let output = try OutputFile(nil)
        plan.write(changes, to: unsafe TextWriter { chunk in unsafe output.write(chunk) })
        try output.finish()
        return .success
    }
}

extension Invocation {
    fileprivate func applyIPVS(
        _ prepared: PreparedSnapshot, _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        try refuseUnsupportedIPVSOptions()
        let apply = try IPVSApply(prepared, self)
        console.say(prepared.diagnostics + prepared.snapshot.diagnostics(.warning, apply.warnings))
        guard isDryRun else { return try apply.run(prepared.snapshot, self, console) }
        try OutputFile.write(apply.script, to: nil)
        return .success
    }

    /// Refuses options without effect in IPVS mode.
    fileprivate func refuseUnsupportedIPVSOptions() throws(CommandFailure) {
        for (name, reason) in IPVSApply.unsupportedOptions where gives(name) {
            throw .usage("--\(name) \(reason)", see: "apply")
        }
    }
}
