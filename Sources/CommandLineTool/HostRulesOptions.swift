internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeProxy

/// The options of a command that sends packets through the rules of a snapshot or of a host.
protocol TakesHostRules: ShapesRules {
    /// The rules of a host in place of those that kube-proxy would make.
    var live: [String] { get set }
}

extension TakesHostRules {
    var inputs: [String] { operands + live + shapingInputs }

    /// Reads inputs, which are a snapshot or rules. Beside `--live` they are a snapshot.
    ///
    /// - Returns: the snapshot, nil if there are rules alone; and the rules, none if there is a snapshot alone.
    func readInputs(
        _ paths: [String]
    ) throws(CommandFailure) -> (snapshot: PreparedSnapshot?, dumps: [SnapshotSource]) {
        var sources: [SnapshotSource] = []
        for path in paths { sources.append(try InputFile.open(path)) }
        var dumps: [SnapshotSource] = []
        for path in live { dumps.append(try InputFile.open(path)) }
        if dumps.isEmpty, let first = sources.first, !first.isSnapshot { (dumps, sources) = (sources, []) }
        return (sources.isEmpty ? nil : try readSnapshot(sources), dumps)
    }
}

extension OptionGroup where Options: TakesHostRules {
    /// `--live`.
    static var hostRules: OptionGroup {
        OptionGroup(
            title: "The rules",
            options: [
                Option(
                    "live", "DUMP",
                    "the node's rules, as iptables-save or 'nft list ruleset' printed them; may be given several times"
                ) { options, text throws(OptionError) in options.live.append(text) }
            ])
    }
}
