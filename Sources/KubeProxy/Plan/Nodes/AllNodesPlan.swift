public import KubeChainsBytes
public import KubeChainsJSON
public import KubeObjects

/// The plans of all Nodes of a snapshot for one family, or of every N-th. What does not depend on the node is decided once
/// for each version of kube-proxy among the Nodes.
public struct AllNodesPlan: Sendable {
    /// A Node of the snapshot.
    public struct Member: Sendable, Hashable {
        /// The Node's name.
        public let name: String
        /// The position of the plan that it shares with other Nodes of its version.
        let cluster: Int
    }

    /// The plans that Nodes of one version share, each with the name of a Node of that version.
    public let clusters: [ClusterPlan]
    /// The Nodes, by name.
    public let members: [Member]
    /// The Nodes of the snapshot, those of other shards included.
    public let nodeCount: Int

    /// Plans what nodes have in common.
    ///
    /// - Parameters:
    ///   - settings: kube-proxy's settings, which all nodes share; a node's name in them is ignored.
    ///   - shard: the Nodes to plan for.
    ///   - workers: threads that may plan half of many Services; the plans are the same without them.
    public init(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings, shard: NodeShard = .all, with workers: Workers? = nil
    ) {
        nodeCount = snapshot.nodes.count
        var positions: [VersionChoice: Int] = [:]
        var clusters: [ClusterPlan] = []
        members = shard.of(snapshot.nodes).map { node in
            let version = VersionChoice(settings, node)
            if let known = positions[version] { return Member(name: node.name.text, cluster: known) }
            var own = settings
            own.nodeName = node.name.text
            positions[version] = clusters.count
            clusters.append(ClusterPlan(snapshot, own, forManyNodes: true, with: workers))
            return Member(name: node.name.text, cluster: clusters.count - 1)
        }
        self.clusters = clusters
    }

    /// The plan for one of the Nodes.
    ///
    /// - Throws: ``SnapshotError`` if the Node's version does not take the settings.
    public func plan(of member: Member) throws(SnapshotError) -> NodePlan {
        try NodePlan(clusters[member.cluster], settings(of: member))
    }

    /// The version of a Node's kube-proxy, and what says it.
    public func version(of member: Member) -> VersionChoice { clusters[member.cluster].version }

    private func settings(of member: Member) -> ProxySettings {
        var settings = clusters[member.cluster].settings
        settings.nodeName = member.name
        return settings
    }

    /// What decides each Node's rules, in short, in the order of the Nodes.
    public func nodeRules() -> [NodeRules] {
        var digests = clusters.map { ServicePortDigests($0) }
        var all: [NodeRules] = []
        all.reserveCapacity(members.count)
        let nodes = clusters.first?.snapshot.nodes ?? []
        var position = 0
        for member in members {
            // Both are sorted by name.
            while nodes[position].name.text != member.name { position += 1 }
            let cluster = clusters[member.cluster]
            let facts = NodeFacts(settings(of: member), node: nodes[position], cluster.behaviors)
            all.append(NodeRules(cluster, facts, digests[member.cluster].digests(of: facts)))
        }
        return all
    }
}
