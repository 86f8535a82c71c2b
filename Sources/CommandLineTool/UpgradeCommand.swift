internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

struct UpgradeOptions: ServesAllNodes, WritesReport {
    static let command = "upgrade"
    static let modes = ProxyMode.allCases

    var operands: [String] = []
    var shaping = ShapingOptions()
    var output = ReportOutput()
    var allNodes = AllNodesOptions()
    var version: ProxyVersion?
    var mode: ProxyMode?

    static var groups: [OptionGroup<UpgradeOptions>] {
        [
            OptionGroup(title: "What changes", options: [to, toMode]), .nodes,
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

    private static var to: Option<UpgradeOptions> {
        Option("to", "1.N", "the version of kube-proxy afterwards") { options, text throws(OptionError) in
            guard let version = ProxyVersion(text) else {
                let known = ProxyVersion.knownMinors
                throw OptionError(
                    message: "invalid version '\(text)': expected 1.\(known.lowerBound) to 1.\(known.upperBound)")
            }
            options.version = version
        }
    }

    private static var toMode: Option<UpgradeOptions> {
        Option(
            "to-mode", ProxyMode.allCases.map(\.rawValue).joined(separator: "|"), "the mode afterwards",
            default: "that of now", choices: ProxyMode.allCases.map(\.rawValue)
        ) { options, text throws(OptionError) in
            guard let mode = ProxyMode(rawValue: text) else {
                throw OptionError(message: "invalid mode '\(text)': expected iptables, nftables or ipvs")
            }
            options.mode = mode
        }
    }
}

extension Command {
    static let upgrade = Command(
        operands: "--to 1.N SNAPSHOT...",
        summary: "what another version or mode of kube-proxy changes, and for whom",
        discussion: [
            "Compares what becomes of everybody's connections to every frontend, now and afterwards, on all Nodes of the "
                + "snapshot: what changes is shown by Service, with the nodes and an example packet. Rules that are only "
                + "spelled otherwise are no change.",
            "After that comes how many lines of a node's rules change, what the versions on the way bring and what "
                + "is announced, what the other mode brings that connections do not show, and what the old one leaves on a node: "
                + "as far as these Services and settings meet it, each with its pull request or KEP.",
            "The version of now is that of each Node, or of --kube-proxy-version. Without --to only the mode changes.",
            "Exit code 0: nothing changes for connections; 1: something does; 2: an input is at fault.",
        ]
    ) { (options: UpgradeOptions, console) throws(CommandFailure) in
        guard !options.operands.isEmpty else {
            throw UpgradeOptions.usage("upgrade needs a SNAPSHOT: a file, or '-' for standard input")
        }
        guard options.version != nil || options.mode != nil else {
            throw UpgradeOptions.usage("upgrade needs the version afterwards, --to, or the mode, --to-mode")
        }
        try options.checkAllNodes()
        var prepared = try options.readSnapshot(options.operands)
        if options.allNodes.isOn { prepared.settings.nodeName = nil }
        let snapshot = prepared.snapshot
        try prepared.requireServices(since: "so nothing can change for them")
        try prepared.requireNodes(since: "so nothing can change on one")
        let version = options.version ?? VersionChoice(prepared.settings, in: snapshot).version
        let upgrade = try input { () throws(SnapshotError) in
            try Upgrade(
                snapshot, prepared.settings, families: options.shaping.families, to: version, mode: options.mode,
                shard: options.shard, with: System.workers)
        }
        console.say(prepared.diagnostics)
        if version.isNewerThanKnown {
            let text = "kube-proxy \(version) is newer than all versions that are known here: "
            console.say([Diagnostic(.warning, text + "packets afterwards fare as with \(version.knownRelease)")])
        }
        let text =
            switch options.output.form {
            case .json: FlowChangeReport.json(upgrade)
            case .junit, .sarif, .github:
                FlowChangeReport.findings(upgrade, in: snapshot, version: Tool.number).text(
                    options.output.form, of: options.operands[0]) ?? ""
            default: FlowChangeReport.text(upgrade, options.output.style)
            }
        try OutputFile.write(text, to: options.output.file)
        System.keep((prepared, upgrade))
        return upgrade.changesNothing ? .success : .findings
    }
}
