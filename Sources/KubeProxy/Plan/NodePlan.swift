public import KubeChainsBytes
public import KubeChainsJSON
public import KubeObjects
internal import NetAddress

/// Everything decided about a cluster's Services for one node and family: what a back end programs, and why. Rendering
/// only writes what stands here; explaining and comparing read it (kube-proxy 1.36). Where a back end makes something
/// else of it is that back end's to say.
///
/// What all nodes have in common stands in the ``ClusterPlan``, which plans of several nodes share.
public struct NodePlan: Sendable {
    /// The number of endpoints above which comments on endpoints are left out.
    public static let largeClusterThreshold = 1000

    /// What does not depend on the node.
    public let cluster: ClusterPlan
    /// The settings that it was made with.
    public let settings: ProxySettings
    /// What is known of the node.
    public let node: NodeFacts
    /// Sorted by namespace, Service, port name and protocol.
    public let servicePorts: ServicePortPlans
    /// What the node's name and the Node objects made doubtful; it does not depend on the family.
    let warningsOfAnyFamily: [PlacedMessage]

    /// The snapshot that it was made from.
    public var snapshot: ClusterSnapshot { cluster.snapshot }
    /// kube-proxy's version, and where it comes from.
    public var version: VersionChoice { cluster.version }
    /// What the version does that not all do.
    public var behaviors: ProxyBehaviors { cluster.behaviors }
    /// The Services that kube-proxy skips.
    public var skippedServices: [ClusterPlan.SkippedService] { cluster.skippedServices }
    /// The endpoints of all Service ports, in every condition.
    public var endpointCount: Int { cluster.tables.endpoints.count }
    /// Warnings for the user.
    public var warnings: [PlacedMessage] { warningsOfAnyFamily + (cluster.familyWarning.map { [$0] } ?? []) }

    /// The warnings of plans for some families. That all Services are of the other family is none where both are asked about.
    public static func warnings(of plans: [NodePlan]) -> [PlacedMessage] {
        guard let first = plans.first else { return [] }
        return plans.count > 1 ? first.warningsOfAnyFamily : first.warnings
    }

    /// Whether there are so many endpoints that comments on endpoints are left out.
    public var isLargeCluster: Bool { endpointCount > NodePlan.largeClusterThreshold }

    /// Decides everything about the snapshot's Services for the node that the settings name.
    ///
    /// - Parameter workers: threads that may plan half of many Services; the plan is the same without them.
    /// - Throws: ``SnapshotError`` if the snapshot has several Nodes and the settings name none.
    public init(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings, with workers: Workers? = nil
    ) throws(SnapshotError) {
        try self.init(ClusterPlan(snapshot, settings, with: workers))
    }

    /// Decides what one node does.
    ///
    /// - Parameter settings: the node's name and its settings; nil: those of the cluster's plan. The family, the version
    ///   and whether external IPs are allowed are the cluster plan's in any case.
    /// - Throws: ``SnapshotError`` if the snapshot has several Nodes and the settings name none.
    public init(_ cluster: ClusterPlan, _ settings: ProxySettings? = nil) throws(SnapshotError) {
        var own = settings ?? cluster.settings
        own.family = cluster.settings.family
        own.allowServiceExternalIPs = cluster.settings.allowServiceExternalIPs
        self.cluster = cluster
        self.settings = own
        own.version = cluster.settings.version
        if case .entries = own.nodePortAddresses {
            do {
                try own.checkNodePortAddresses(for: cluster.version.version)
            } catch {
                throw cluster.snapshot.error(error.description, at: nil)
            }
        }
        var warnings: [PlacedMessage] = []
        node = NodeFacts(own, node: try NodePlan.ownNode(cluster.snapshot, own, &warnings), cluster.behaviors)
        if let warning = cluster.version.warning { warnings.append(PlacedMessage(message: warning, location: nil)) }
        warningsOfAnyFamily = warnings
        let tables = cluster.tables.ofNode(node.name, cluster.snapshot.endpointSlices, cluster.behaviors)
        servicePorts = ServicePortPlans(tables, PlanDecisions(cluster, tables, node))
    }

    /// The Node object that the settings name, or the only one.
    private static func ownNode(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings, _ warnings: inout [PlacedMessage]
    ) throws(SnapshotError) -> Node? {
        if let name = settings.nodeName {
            if let node = snapshot.node(named: name) { return node }
            warnings.append(
                PlacedMessage(
                    message: "the snapshot has no Node \(name); its zone, addresses and pod CIDRs are not known",
                    location: nil))
            return nil
        }
        guard snapshot.nodes.count <= 1 else {
            let names = snapshot.nodes.prefix(10).map(\.name.text).joined(separator: ", ")
            let more = snapshot.nodes.count > 10 ? ", … (\(snapshot.nodes.count) in all)" : ""
            throw snapshot.error(
                "the snapshot has several Nodes; name one with --node: \(names)\(more)", at: snapshot.nodes[1].location)
        }
        if snapshot.nodes.isEmpty {
            warnings.append(
                PlacedMessage(
                    message: "the snapshot has no Node and --node is not given: "
                        + "these are the rules of a node that has no endpoints of its own",
                    location: nil))
        }
        return snapshot.nodes.first
    }
}

extension PlanDecisions {
    /// What a node decides: as all do, but for which endpoints are its own, and for those Service ports on which nodes
    /// differ.
    ///
    /// - Parameter tables: the cluster's, with those of several equal endpoints that count on the node.
    fileprivate init(_ cluster: ClusterPlan, _ tables: ClusterTables, _ node: NodeFacts) {
        let slices = cluster.snapshot.endpointSlices
        let known = tables.endpoints
        self = tables.decisions
        if let name = node.name, let byNode = cluster.endpointsByNode {
            for position in byNode[name] { endpoints[Int(position)].isLocal = true }
            for group in tables.equalEndpoints {
                endpoints[group.position].isLocal = slices.isLocal(known[group.position], to: name)
            }
        } else if let name = node.name {
            markLocal(known, slices, name)
        }
        let selection = EndpointSelection(slices, cluster.behaviors, node: node.name, zone: node.zone)
        for index in tables.nodeDependentPorts {
            let port = Int(index)
            var decision = selection.select(
                tables.ports[port], tables.endpoints(of: port), known, &endpoints)
            decision.sourceRangesHoldNode = tables.ports[port].sourceRanges.contains { $0.contains(node.nodeIP) }
            ports[port] = decision
        }
    }

    /// Marks a node's own endpoints.
    private mutating func markLocal(_ all: [ClusterEndpoint], _ slices: [EndpointSlice], _ node: String) {
        let all = all.span
        let slices = slices.span
        for position in all.indices {
            let source = all[position].source
            guard slices[Int(source.slice)].endpoints[Int(source.endpoint)].nodeName == node else { continue }
            endpoints[position].isLocal = true
        }
    }
}

extension VersionChoice {
    /// The version for the Node of a snapshot that the settings name, or the only one.
    public init(_ settings: ProxySettings, in snapshot: ClusterSnapshot) {
        self.init(settings, snapshot.node(for: settings))
    }
}

extension ClusterSnapshot {
    /// The Node that settings name, or the only one; nil: there is none, or there are several.
    func node(for settings: ProxySettings) -> Node? {
        if let name = settings.nodeName { return node(named: name) }
        return nodes.count == 1 ? nodes[0] : nil
    }

    /// The Node of a name.
    fileprivate func node(named name: String) -> Node? {
        var (low, high) = (0, nodes.count)
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle].name.text < name { low = middle + 1 } else { high = middle }
        }
        return low < nodes.count && nodes[low].name.text == name ? nodes[low] : nil
    }
}
