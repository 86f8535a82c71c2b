public import KubeChainsBytes
internal import KubeChainsJSON
public import KubeObjects
internal import NetAddress

/// The decisions about a cluster's Services for one family that do not depend on a node: which Services kube-proxy
/// skips, the Service ports with their frontends, and their endpoints, merged from all slices and sorted (kube-proxy
/// 1.36).
///
/// Made once for a cluster; a ``NodePlan`` adds what one node does with it. It owns the snapshot that it was made from.
public struct ClusterPlan: Sendable {
    /// A Service that kube-proxy skips.
    public struct SkippedService: Sendable, Hashable {
        /// The Service's index among the snapshot's Services.
        public let serviceIndex: Int
        /// Why it is skipped.
        public let reason: Service.SkipReason
    }

    /// What was planned.
    public let snapshot: ClusterSnapshot
    /// The settings of which the family, the version, and whether external IPs are allowed, have been used.
    public let settings: ProxySettings
    /// kube-proxy's version.
    public let version: VersionChoice
    /// What the version does that not all do.
    public let behaviors: ProxyBehaviors
    /// The Services that kube-proxy skips, in their order.
    public let skippedServices: [SkippedService]
    /// That all Services are of the other family.
    let familyWarning: PlacedMessage?
    let tables: ClusterTables
    let endpointsByNode: EndpointsByNode?

    /// The number of Services from which on half of them are planned on a second thread.
    private static let shareThreshold = 200

    /// Decides what does not depend on a node.
    ///
    /// - Parameters:
    ///   - settings: their family, version and ``ProxySettings/allowServiceExternalIPs`` count here, the others with
    ///     each node. Without a version it is that of the Node which they name, or of the only Node: a plan for nodes of
    ///     several versions is made once for each version.
    ///   - forManyNodes: whether plans of many nodes are to follow. Each of them is then made faster; they are the same.
    ///   - workers: threads that may plan half of many Services; the plan is the same without them.
    public init(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings, forManyNodes: Bool = false,
        with workers: Workers? = nil
    ) {
        self.init(snapshot, settings, doing: nil, forManyNodes: forManyNodes, with: workers)
    }

    /// - Parameter behaviors: what is done in place of what the version does; nil: nothing is.
    init(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings, doing behaviors: ProxyBehaviors?,
        forManyNodes: Bool = false, with workers: Workers? = nil
    ) {
        self.snapshot = snapshot
        self.settings = settings
        version = VersionChoice(settings, in: snapshot)
        let behaviors = behaviors ?? version.version.behaviors(in: settings.mode)
        self.behaviors = behaviors
        let planned = ClusterPlan.plan(snapshot, settings, behaviors, workers)
        skippedServices = planned.skipped
        tables = ClusterTables(planned)
        endpointsByNode = forManyNodes ? EndpointsByNode(tables.endpoints, snapshot.endpointSlices) : nil
        let isOfOtherFamily = tables.ports.isEmpty && skippedServices.contains { $0.reason == .otherFamily }
        familyWarning = isOfOtherFamily ? ClusterPlan.warning(of: settings) : nil
    }

    /// Whether any Service has a port of the family.
    public var hasServicePorts: Bool { !tables.ports.isEmpty }

    private static func plan(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings, _ behaviors: ProxyBehaviors, _ workers: Workers?
    ) -> PlannedServices {
        let slices = ServiceSlices(snapshot, settings.family, behaviors)
        let planner = ServicePortPlanner(settings, behaviors, snapshot.endpointSlices)
        let services = snapshot.services.indices
        guard let workers, services.count >= shareThreshold else {
            return PlannedServices(snapshot, services, slices, planner, isWhole: true)
        }
        let middle = services.count / 2
        let latter: PlannedServices
        var planned: PlannedServices
        (latter, planned) = workers.both(
            { PlannedServices(snapshot, middle..<services.count, slices, planner, isWhole: false) },
            { PlannedServices(snapshot, 0..<middle, slices, planner, isWhole: true) })
        planned.append(latter)
        return planned
    }

    private static func warning(of settings: ProxySettings) -> PlacedMessage {
        PlacedMessage(
            message: "all Services of the snapshot are of the family \(settings.family.other.name); "
                + "was --family \(settings.family == .ipv4 ? "ipv6" : "ipv4") meant?",
            location: nil)
    }
}

/// The endpoints on each node, so that the plan of one of thousands of nodes need not look at all of them.
struct EndpointsByNode: Sendable {
    private var positions: [String: [Int32]] = [:]

    init(_ endpoints: [ClusterEndpoint], _ slices: [EndpointSlice]) {
        for (position, endpoint) in endpoints.enumerated() {
            let source = endpoint.source
            guard let node = slices[Int(source.slice)].endpoints[Int(source.endpoint)].nodeName else { continue }
            positions[node, default: []].append(Int32(position))
        }
    }

    /// The positions of the endpoints on a node.
    subscript(node: String) -> [Int32] { positions[node] ?? [] }
}
