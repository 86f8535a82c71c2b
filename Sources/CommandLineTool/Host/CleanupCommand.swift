internal import Iptables
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

struct CleanupOptions: ShapesRules, WorksOnHost {
    static let command = "cleanup"
    static let modes: [ProxyMode] = [.iptables, .nftables, .ipvs]

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
                    .boolean("dry-run", "in nftables and IPVS mode: print the steps, and change nothing") {
                        $0.isDryRun = $1
                    },
                    .flag(.proxyMode), .flag(.ipvsExcludeCIDRs), .flag(.family), .backend, .wait, .lockFile,
                    .programPath,
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
                + "'apply' made, and nothing else. What kubelet makes stays: KUBE-MARK-DROP, its canary and hint chains, and "
                + "KUBE-FIREWALL where kubelet was ever at work.",
            "With --live SAVE the text is for the rules that iptables-save printed; with --live host for this host's, of one "
                + "family and backend. --apply carries it out on this host, for both families and both backends unless "
                + "--family and --backend narrow it.",
            "With --proxy-mode ipvs --apply it takes away on this host what kube-proxy in IPVS mode made, for both families: "
                + "chains and jumps, the virtual servers that its sets name or that are on its addresses, the interface kube-ipvs0, and "
                + "the sets. Virtual servers of others stay, and so do sysctls.",
            "With --proxy-mode nftables --apply it deletes the tables 'ip kube-proxy' and 'ip6 kube-proxy', and what kube-proxy left "
                + "in iptables and IPVS mode, as kube-proxy --cleanup does. --dry-run prints the steps.",
        ]
    ) { (options: CleanupOptions, console) throws(CommandFailure) in
        guard options.operands.isEmpty else {
            throw CleanupOptions.usage("cleanup takes no SNAPSHOT: '\(options.operands[0])'")
        }
        switch options.shaping.settings.mode {
        case .ipvs: return try cleanUpIPVS(options)
        case .nftables: return try options.cleanUpNftables()
        case .iptables: break
        }
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
            rules = try onHost { () throws(HostError) in
                System.addProgramFolders(options.host.programFolders)
                return try HostRules.choose([given ?? .ipv4], options.host.backend)[0].live
            }
        } else {
            rules = try RulesInput.readRules(try InputFile.open(live), given)
        }
        let cleanup = Cleanup(rules)
        try onHost { () throws(HostError) in try Dangers.refuse(cleanup.blockingReferences.map { ("", $0) }) }
        if rules.holdsChains(only: .ipvs) {
            console.say(lines: [
                "warning: what kube-proxy in IPVS mode made stays; on its host 'kubechains cleanup --proxy-mode ipvs --apply' takes "
                    + "it away"
            ])
        }
        let output = try OutputFile(options.outputFile)
        let text = cleanup.text
        unsafe text.withUnsafeBufferPointer { buffer in unsafe output.write(buffer) }
        try output.finish()
        return .success
    }

    private static func cleanUpHost(_ options: CleanupOptions) throws(CommandFailure) -> ExitCode {
        guard System.isRoot else { throw .input("error: cleanup --apply needs root, to write the host's rules") }
        try options.lockHost()
        let report = try onHost { () throws(HostError) in
            System.addProgramFolders(options.host.programFolders)
            let rules = try HostRules.readAll(HostRules.families(options.shaping.family), options.host.backend)
            return try HostCleanup.run(rules, wait: options.host.waitSeconds)
        }
        try OutputFile.write(report.map { $0 + "\n" }.joined(), to: options.outputFile)
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
        guard options.applies || options.isDryRun else {
            throw CleanupOptions.usage(
                "in IPVS mode cleanup works on this host: give --apply to do it, or --dry-run to print the steps")
        }
        guard System.isRoot else { throw .input("error: cleanup needs root, to read and to write the host's state") }
        if !options.isDryRun { try options.lockHost() }
        let rules = try options.hostRules()
        let excluded = options.shaping.settings.ipvs.excludeCIDRs
        let text = try onHost { () throws(HostError) in
            let cleanup = try HostCleanup.IPVS(rules, excluding: excluded, wait: options.host.waitSeconds)
            return options.isDryRun ? cleanup.script : try cleanup.run().map { $0 + "\n" }.joined()
        }
        try OutputFile.write(text, to: options.outputFile)
        return .success
    }
}
