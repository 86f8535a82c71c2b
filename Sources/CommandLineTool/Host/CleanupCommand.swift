internal import Iptables
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

struct CleanupOptions: ShapesRules, WorksOnHost {
    static let command = "cleanup"
    static let modes: [ProxyMode] = [.iptables, .ipvs]

    var operands: [String] = []
    /// Only the mode, the family and the ranges that are left alone are given.
    var shaping = ShapingOptions()
    var host = HostOptions()
    /// The present rules: a file, or the word `host`.
    var live: [String] = []
    /// Carry it out on this host.
    var applies = false
    /// Print what would be done, and do nothing.
    var isDryRun = false
    var outputFile: String?

    var inputs: [String] { operands + live }

    static var groups: [OptionGroup<CleanupOptions>] {
        [
            OptionGroup(
                title: "What is cleaned up",
                options: [
                    Option(
                        "live", "SAVE|host",
                        "the present rules: what iptables-save printed, '-' for standard input, or this host's"
                    ) { options, text throws(OptionError) in options.live.append(text) },
                    .boolean("apply", "do it on this host; needs root") { $0.applies = $1 },
                    .boolean("dry-run", "in IPVS mode: print the steps, and change nothing") { $0.isDryRun = $1 },
                    .flag(.proxyMode), .flag(.ipvsExcludeCIDRs), .flag(.family), .backend, .wait,
                    .outputFile { $0.outputFile = $1 },
                ])
        ]
    }

    static func defaultText(of flag: ProxyFlag) -> String? {
        flag == .family ? "that of the rules; with --apply both" : nil
    }
}

extension Command {
    static let cleanup = Command(
        operands: "",
        summary: "text that removes every KUBE-* chain kube-proxy owns",
        discussion: [
            "Writes the text for 'iptables-restore --noflush' that takes away the chains, rules and jumps that kube-proxy or "
                + "'apply' made, and nothing else. What kubelet makes stays: KUBE-FIREWALL, KUBE-MARK-DROP, its canary and "
                + "hint chains.",
            "With --live SAVE the text is for the rules that iptables-save printed; with --live host for this host's, of one "
                + "family and backend. --apply carries it out on this host, for both families and both backends unless "
                + "--family and --backend narrow it.",
            "With --proxy-mode ipvs it takes away on this host, without --apply, what kube-proxy in IPVS mode made, for both families: "
                + "chains and jumps, the virtual servers that its sets name or that are on its addresses, the interface kube-ipvs0, and "
                + "the sets. Virtual servers of others stay, and so do sysctls.",
        ]
    ) { (options: CleanupOptions, _) throws(CommandFailure) in
        guard options.operands.isEmpty else {
            throw CleanupOptions.usage("cleanup takes no SNAPSHOT: '\(options.operands[0])'")
        }
        if options.shaping.settings.mode == .ipvs { return try cleanUpIPVS(options) }
        if options.isDryRun || options.shaping.gives(.ipvsExcludeCIDRs) {
            let name = options.isDryRun ? "dry-run" : ProxyFlag.ipvsExcludeCIDRs.rawValue
            throw CleanupOptions.usage("--\(name) is for IPVS mode; give --proxy-mode ipvs too")
        }
        if options.applies {
            guard options.live.isEmpty || options.live == ["host"] else {
                throw CleanupOptions.usage("--apply works on this host, and not on the rules of a file")
            }
            return try cleanUpHost(options)
        }
        guard let live = options.live.first, options.live.count == 1 else {
            throw CleanupOptions.usage(
                "cleanup needs the present rules: --live with a file, '-' or 'host'; or --apply")
        }
        let given = options.shaping.family
        let rules: Ruleset
        if live == "host" {
            guard System.isRoot else { throw .input("error: cleanup needs root, to read the host's rules") }
            rules = try HostRules.choose([given ?? .ipv4], options.host.backend)[0].live
        } else {
            rules = try RulesInput.readRules(try InputFile.open(live), given)
        }
        let cleanup = Cleanup(rules)
        try refuse(cleanup.blockingReferences)
        let output = try OutputFile(options.outputFile)
        let text = cleanup.text
        unsafe text.withUnsafeBufferPointer { buffer in unsafe output.write(buffer) }
        try output.finish()
        return .success
    }

    private static func cleanUpHost(_ options: CleanupOptions) throws(CommandFailure) -> ExitCode {
        guard System.isRoot else { throw .input("error: cleanup --apply needs root, to write the host's rules") }
        try HostLock.take(wait: options.host.waitSeconds)
        let backends = options.host.backend.map { [$0] } ?? [.nft, .legacy]
        let all = try HostRules.readAll(HostRules.families(options.shaping.family), backends)
        guard !all.isEmpty else { throw .input("error: iptables is not installed; install the package iptables") }
        let works = all.map { ($0.iptables, Cleanup($0.live)) }
        try refuse(works.flatMap { $1.blockingReferences })
        for (iptables, cleanup) in works where !cleanup.isEmpty {
            try iptables.restore(cleanup.text, isTest: true, wait: options.host.waitSeconds)
        }
        var report = ""
        for (iptables, cleanup) in works {
            if !cleanup.isEmpty { try iptables.restore(cleanup.text, wait: options.host.waitSeconds) }
            report +=
                cleanup.isEmpty
                ? "\(iptables.name): nothing to clean up\n"
                : "\(iptables.name): \(cleanup.chainCount) chains and \(cleanup.jumpCount) jumps deleted\n"
        }
        try OutputFile.write(report, to: options.outputFile)
        return .success
    }

    private static func cleanUpIPVS(_ options: CleanupOptions) throws(CommandFailure) -> ExitCode {
        guard options.live.isEmpty else {
            throw CleanupOptions.usage("--live is for iptables mode; in IPVS mode cleanup works on this host")
        }
        guard options.shaping.family == nil else {
            throw CleanupOptions.usage(
                "--family is for iptables mode; in IPVS mode both families share an interface")
        }
        guard System.isRoot else { throw .input("error: cleanup needs root, to read and to write the host's state") }
        if !options.isDryRun { try HostLock.take(wait: options.host.waitSeconds) }
        let rules = try HostRules.choose(HostRules.families(options.shaping.family), options.host.backend)
        let host = try IPVSHost(rules, wait: options.host.waitSeconds)
        let before = try host.read([])
        let wanted = before.withoutProxy(excluding: options.shaping.settings.ipvs.excludeCIDRs)
        try refuse(zip(before.families, wanted.families).flatMap { $0.blockingReferences(to: $1) })
        let steps = IPVSChanges(from: before, to: wanted, .exact).steps
        if options.isDryRun {
            try OutputFile.write(host.script(steps), to: options.outputFile)
            return .success
        }
        for (index, step) in steps.enumerated() {
            do throws(CommandFailure) {
                try host.run(step)
            } catch {
                let done = steps[..<index].map(\.name).joined(separator: ", ")
                throw .input(
                    "error: step \(index + 1) of \(steps.count) failed, \(step.name) (\(step.summary)):\n"
                        + (error.message ?? "") + "\ndone before: \(done.isEmpty ? "nothing" : done)\n"
                        + "once the reason is gone, the same command does the rest")
            }
        }
        var report = steps.map { "\($0.name): \($0.summary)" }
        if report.isEmpty { report.append("nothing to clean up") }
        for server in wanted.families.flatMap(\.servers) {
            report.append("left, for it is not kube-proxy's: \(server.name)")
        }
        try OutputFile.write(report.map { $0 + "\n" }.joined(), to: options.outputFile)
        return .success
    }

    private static func refuse(_ blockingReferences: [ChainReference]) throws(CommandFailure) {
        guard !blockingReferences.isEmpty else { return }
        throw .input(
            blockingReferences.map { obstacle in
                "error: the chain \(obstacle.target) can not be deleted, since a rule that is not kube-proxy's leads to it: "
                    + "-t \(obstacle.table) \(obstacle.rule)"
            }.joined(separator: "\n") + "\nnothing was changed; delete these rules first")
    }
}

extension Cleanup {
    /// The text for iptables-restore.
    var text: [UInt8] {
        var text = TextWriter()
        write(to: &text)
        return text.finish()
    }
}
