public import KubeChainsBytes
public import KubeChainsJSON
public import KubeObjects
internal import NetAddress

/// Everything decided about a cluster's Services for one node and family: what rules will say, and why. Rendering only
/// writes what stands here; explaining and comparing read it (kube-proxy 1.36). What differs in IPVS mode is ``IPVSPlan``'s
/// to say.
public struct NodePlan: Sendable {
    /// Why kube-proxy passes over a Service.
    public enum SkipReason: Sendable, Hashable {
        /// The label `service.kubernetes.io/service-proxy-name` hands it to another proxy.
        case otherProxy
        /// `clusterIP` is `None` or empty.
        case headless
        case externalName
        /// It has no cluster IP of the family.
        case otherFamily
    }

    public struct SkippedService: Sendable {
        /// The Service's index among the snapshot's Services.
        public let serviceIndex: Int
        public let reason: SkipReason
    }

    /// The number of endpoints above which comments on endpoints are left out.
    public static let largeClusterThreshold = 1000

    public let settings: ProxySettings
    public let node: NodeFacts
    /// Sorted by namespace, Service, port name and protocol.
    public private(set) var servicePorts: [ServicePortPlan] = []
    public private(set) var skippedServices: [SkippedService] = []
    /// The endpoints of all Service ports, in every condition.
    public private(set) var endpointCount = 0
    /// What will surprise whoever asked.
    public var warnings: [PlacedMessage] { warningsOfAnyFamily + (familyWarning.map { [$0] } ?? []) }
    /// Those that do not depend on the family.
    public private(set) var warningsOfAnyFamily: [PlacedMessage] = []
    /// That all Services are of the other family.
    private var familyWarning: PlacedMessage?

    /// Whether there are so many endpoints that comments on endpoints are left out.
    public var isLargeCluster: Bool { endpointCount > NodePlan.largeClusterThreshold }

    /// The number of Services from which on half of them are worth a thread.
    private static let shareThreshold = 200

    /// Decides everything about the snapshot's Services.
    ///
    /// - Parameter workers: to whom half of many Services can be given; the plan is the same with and without.
    /// - Throws: ``SnapshotError`` if the settings do not say which of several Nodes is meant.
    public init(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings, with workers: Workers? = nil
    ) throws(SnapshotError) {
        self.settings = settings
        let ownNode = try NodePlan.ownNode(snapshot, settings, &warningsOfAnyFamily)
        node = NodeFacts(settings, node: ownNode)
        let slices = ServiceSlices(snapshot, settings.family)
        let planner = ServicePortPlanner(settings, node, snapshot.endpointSlices)
        let services = snapshot.services.indices
        var planned: PlannedServices
        if let workers, services.count >= NodePlan.shareThreshold {
            let middle = services.count / 2
            let latter: PlannedServices
            (latter, planned) = workers.both(
                { PlannedServices(snapshot, middle..<services.count, slices, planner) },
                { PlannedServices(snapshot, 0..<middle, slices, planner, room: services.count) })
            planned.append(latter)
        } else {
            planned = PlannedServices(snapshot, services, slices, planner)
        }
        servicePorts = planned.servicePorts
        skippedServices = planned.skipped
        endpointCount = planned.endpointCount
        if servicePorts.isEmpty, skippedServices.contains(where: { $0.reason == .otherFamily }) {
            familyWarning = PlacedMessage(
                message: "all Services of the snapshot are of the family \(settings.family.other.name); "
                    + "was --family \(settings.family == .ipv4 ? "ipv6" : "ipv4") meant?",
                location: nil)
        }
    }

    /// The Node object that the settings name, or the only one.
    private static func ownNode(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings, _ warnings: inout [PlacedMessage]
    ) throws(SnapshotError) -> Node? {
        if let name = settings.nodeName {
            if let node = snapshot.nodes.first(where: { $0.name.text == name }) { return node }
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

/// What is decided about some of the snapshot's Services.
private struct PlannedServices: Sendable {
    var servicePorts: [ServicePortPlan] = []
    var skipped: [NodePlan.SkippedService] = []
    var endpointCount = 0

    /// - Parameter room: the number of Service ports that there is to be room for, those of other Services included.
    init(
        _ snapshot: ClusterSnapshot, _ services: Range<Int>, _ slices: ServiceSlices, _ planner: ServicePortPlanner,
        room: Int? = nil
    ) {
        var planner = planner
        servicePorts.reserveCapacity(room ?? services.count)
        let objects = snapshot.services.span
        for index in services {
            switch ServicePortPlanner.clusterIP(of: objects[index], planner.settings.family) {
            case .failure(let reason):
                skipped.append(NodePlan.SkippedService(serviceIndex: index, reason: reason.reason))
            case .success(let clusterIP):
                let plans = planner.plan(objects[index], index, clusterIP, slices[index])
                endpointCount += plans.reduce(0) { $0 + $1.endpoints.count }
                servicePorts.append(contentsOf: plans)
            }
        }
    }

    mutating func append(_ others: PlannedServices) {
        servicePorts += others.servicePorts
        skipped += others.skipped
        endpointCount += others.endpointCount
    }
}
