public import KubeChainsBytes
public import KubeChainsJSON
public import KubeObjects
public import KubeProxy
public import NetAddress

/// Everything that is known of a node's Services: what one page shows.
public struct NodeReport: Sendable {
    /// The node's name; nil: it is not known.
    public let node: String?
    /// kube-proxy's mode.
    public let mode: ProxyMode
    /// kube-proxy's version.
    public let version: VersionChoice
    /// The families that were looked at.
    public let families: [AddressFamily]
    /// The number of Nodes in the snapshot.
    public let nodeCount: Int
    /// All Services, by namespace and name.
    public let services: [ServiceReport]
    /// What `lint` finds, and what `audit` finds where there is a dump of the node's rules.
    public let findings: [FindingsReport]
    /// Warnings about the snapshot.
    public let warnings: [PlacedMessage]

    /// Plans and explains all Services of a snapshot.
    ///
    /// Takes time linear in Services, endpoints and rules.
    ///
    /// - Parameters:
    ///   - snapshot: the cluster.
    ///   - settings: kube-proxy's settings, and the node.
    ///   - families: the families to look at: at least one.
    ///   - findings: findings to show beside.
    ///   - workers: what runs work beside this; nil: nothing does.
    /// - Throws: ``SnapshotError`` if the settings do not fit the snapshot.
    public init(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings, families: [AddressFamily],
        findings: [FindingsReport] = [],
        with workers: Workers? = nil
    ) throws(SnapshotError) {
        var ports: [[ServicePortReport]] = Array(repeating: [], count: snapshot.services.count)
        var positions: [String: Int] = [:]
        for (index, service) in snapshot.services.enumerated() { positions[service.qualifiedName] = index }
        var plans: [NodePlan] = []
        for family in families {
            var settings = settings
            settings.family = family
            let plan = try NodePlan(snapshot, settings, with: workers)
            plans.append(plan)
            for port in try ServicePortReport.all(of: plan, showsOtherFamily: families.count == 1, with: workers) {
                guard let position = positions[port.service.qualifiedName] else { continue }
                ports[position].append(port)
            }
        }
        node = settings.nodeName ?? plans.first?.node.name
        mode = settings.mode
        version = plans[0].version
        self.families = families
        nodeCount = snapshot.nodes.count
        services = zip(snapshot.services, ports).map { service, ports in
            // A family in which the Service has nothing is left out if it has something in the other.
            let served = ports.filter { $0.absence == nil }
            return ServiceReport(service: service, ports: served.isEmpty ? ports.firstFamily : served)
        }
        self.findings = findings
        warnings = NodePlan.warnings(of: plans)
    }
}

extension [ServicePortReport] {
    /// Those of the family that comes first.
    fileprivate var firstFamily: [ServicePortReport] {
        filter { $0.family == first?.family }
    }
}

/// A Service with all of its ports.
public struct ServiceReport: Sendable {
    /// The Service.
    public let service: Service
    /// Its ports in each family, or why it has none.
    public let ports: [ServicePortReport]
}
