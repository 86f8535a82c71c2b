internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// Whether a command does all Nodes of a snapshot, and which of them.
struct AllNodesOptions: Sendable {
    var isOn = false
    /// Nil: all of them.
    var shard: NodeShard?
}

/// The options of a command that can do all Nodes of a snapshot.
protocol ServesAllNodes: ShapesRules {
    var allNodes: AllNodesOptions { get set }
}

extension Option where Options: ServesAllNodes {
    /// `--all-nodes` and `--shard`.
    static func allNodes(_ help: String) -> [Option] {
        [
            .boolean("all-nodes", help) { $0.allNodes.isOn = $1 },
            Option(
                "shard", "I/N", "with --all-nodes: only each N-th Node, from the I-th on, counted from 0",
                default: "all Nodes"
            ) { options, text throws(OptionError) in
                do throws(SettingError) {
                    options.allNodes.shard = try NodeShard(text)
                } catch {
                    throw OptionError(message: error.description)
                }
            },
        ]
    }
}

extension OptionGroup where Options: ServesAllNodes {
    /// `--all-nodes` and `--shard` of a command that looks at all Nodes anyway, unless a configuration names one.
    static var nodes: OptionGroup {
        OptionGroup(
            title: "Which nodes",
            options: Option.allNodes("on every Node of the snapshot, whatever a configuration names"))
    }
}

extension ServesAllNodes {
    var shard: NodeShard { allNodes.shard ?? .all }

    /// Refuses options that contradict each other.
    func checkAllNodes() throws(CommandFailure) {
        guard allNodes.isOn else {
            if allNodes.shard != nil { throw Self.usage("--shard is for --all-nodes; give that too") }
            return
        }
        if shaping.gives(.node) {
            throw Self.usage("--node names one Node, and --all-nodes does all of them; leave one of the two out")
        }
        if shaping.gives(.nodeAddress) {
            throw Self.usage(
                "--node-address is about one host; with --all-nodes the addresses of each Node count, so leave it out")
        }
    }
}

extension ServesAllNodes where Self: TakesHostRules {
    /// Refuses to ask all Nodes where rules are the input.
    func checkAllNodes(beside dumps: [SnapshotSource]) throws(CommandFailure) {
        guard dumps.isEmpty || !allNodes.isOn else {
            throw Self.usage("--all-nodes asks every Node of a snapshot; rules are those of one node")
        }
    }
}

extension PreparedSnapshot {
    /// The plans of all Nodes: of the family that the command line names, else of the families that Services have.
    func allNodesPlans(_ given: AddressFamily?, _ shard: NodeShard) throws(CommandFailure) -> [AllNodesPlan] {
        try requireNodes(since: "so there is none to do")
        let families = given.map { [$0] } ?? AddressFamily.allCases
        let all = families.map { plans($0, shard) }
        let filled = all.filter { plan in plan.clusters.contains { $0.hasServicePorts } }
        return filled.isEmpty ? Array(all.prefix(1)) : filled
    }

    /// The plans of all Nodes of a family, which no Service may have.
    func plans(_ family: AddressFamily, _ shard: NodeShard) -> AllNodesPlan {
        var settings = settings
        settings.family = family
        return AllNodesPlan(snapshot, settings, shard: shard, with: System.workers)
    }

    /// The warnings of reading and of all plans, each once.
    func diagnostics(of plans: [AllNodesPlan]) -> [Diagnostic] {
        var seen: Set<String> = []
        let versions = plans.flatMap(\.clusters).compactMap(\.version.warning).filter { seen.insert($0).inserted }
        let warnings = versions.map { PlacedMessage(message: $0, location: nil) }
        return diagnostics + snapshot.diagnostics(.warning, warnings)
    }
}
