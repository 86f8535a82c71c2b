public import NetAddress

/// How topology hints narrow the cluster policy.
public enum TopologyMode: UInt8, Sendable, Hashable {
    /// No hints are used, those by node, or those by zone.
    case none, node, zone
}

/// Everything decided about one Service port for one node and family (kube-proxy 1.36).
public struct ServicePortPlan: Sendable {
    /// The position among the plan's Service ports.
    let index: Int
    fileprivate let tables: ClusterTables
    private let decision: PortDecision
    /// All endpoints, in every condition, sorted by their text.
    public let endpoints: PlannedEndpoints

    fileprivate init(_ plans: ServicePortPlans, _ index: Int) {
        self.index = index
        tables = plans.tables
        decision = plans.decisions.ports[index]
        endpoints = PlannedEndpoints(
            plans.tables.endpoints, plans.decisions.endpoints, plans.tables.endpoints(of: index))
    }

    // MARK: The same on every node

    /// The Service port's name.
    public var name: ServicePortName { tables.ports[index].name }
    /// The Service's index among the snapshot's Services.
    public var serviceIndex: Int { tables.ports[index].serviceIndex }
    /// The cluster IP of the family.
    public var clusterIP: IPAddress { tables.ports[index].clusterIP }
    /// The port at the cluster IP.
    public var port: UInt16 { tables.ports[index].port }
    /// 0: none.
    public var nodePort: UInt16 { tables.ports[index].nodePort }
    /// The external IPs of the family that rules are written for.
    public var externalIPs: [IPAddress] { tables.ports[index].externalIPs }
    /// The load balancer's addresses of the family that reach the node as destinations.
    public var loadBalancerIPs: [IPAddress] { tables.ports[index].loadBalancerIPs }
    /// The ranges that may use the load balancer; empty: all.
    public var sourceRanges: [IPPrefix] { tables.ports[index].sourceRanges }
    /// Seconds of ClientIP affinity; nil: none.
    public var affinitySeconds: Int? { tables.ports[index].affinitySeconds }
    /// Whether externalTrafficPolicy is Local, and counts.
    public var externalPolicyIsLocal: Bool { tables.ports[index].externalPolicyIsLocal }
    /// Whether internalTrafficPolicy is Local.
    public var internalPolicyIsLocal: Bool { tables.ports[index].internalPolicyIsLocal }
    /// 0: none.
    public var healthCheckNodePort: UInt16 { tables.ports[index].healthCheckNodePort }
    /// Whether it has a frontend other than the cluster IP.
    public var isExternal: Bool { tables.ports[index].isExternal }
    /// Endpoints that another entry with the same address and port replaced.
    public var duplicates: [EndpointSource] { tables.ports[index].duplicates }
    /// Whether any endpoint could take traffic, here or elsewhere.
    public var hasAnyEndpoint: Bool { tables.ports[index].hasAnyEndpoint }
    /// Which topology hints count, if all ready endpoints have them.
    var countedHints: HintCoverage { tables.ports[index].countedHints }
    /// What topology hints all ready endpoints have.
    var hintCoverage: HintCoverage { tables.ports[index].hintCoverage }
    /// The texts of its addresses as they are written; nil: the canonical ones.
    var texts: FrontendTexts? { tables.ports[index].texts }
    /// `namespace/service:port` as bytes, for comments and names.
    var nameText: [UInt8] { tables.ports[index].nameText }
    /// Whether the cluster policy is used.
    public var usesClusterPolicy: Bool { !internalPolicyIsLocal || isExternal }
    /// Whether the local policy is used.
    public var usesLocalPolicy: Bool { internalPolicyIsLocal || externalPolicyIsLocal && isExternal }

    // MARK: Of the node

    /// Which topology hints are used.
    public var topologyMode: TopologyMode { decision.topologyMode }
    /// Whether one of the ranges contains the node itself, which then reaches the load balancer's address as its own
    /// client.
    public var sourceRangesHoldNode: Bool { decision.sourceRangesHoldNode }
    /// The number of endpoints that share the cluster policy's traffic.
    public var clusterCount: Int { Int(decision.clusterCount) }
    /// The number of endpoints that share the local policy's traffic.
    public var localCount: Int { Int(decision.localCount) }
    /// Whether traffic to the cluster IP has an endpoint.
    public var acceptsInternal: Bool { hasAnyEndpoint && (!internalPolicyIsLocal || localCount > 0) }
    /// Whether external traffic has an endpoint.
    public var acceptsExternal: Bool { hasAnyEndpoint && (!externalPolicyIsLocal || localCount > 0) }
}

extension ServicePortPlan {
    /// `address:port` of an endpoint as it is written; nil: the canonical text.
    func spelledText(of endpoint: PlannedEndpoint) -> String? {
        tables.addressTexts[endpoint.index].map { EndpointText.of($0, port: endpoint.port) }
    }

    /// `namespace/service:port/protocol`.
    var label: String { "\(name)/\(name.transport.name)" }
}

/// The Service ports of a plan, sorted by namespace, Service, port name and protocol.
public struct ServicePortPlans: Sendable, RandomAccessCollection {
    fileprivate let tables: ClusterTables
    fileprivate let decisions: PlanDecisions

    init(_ tables: ClusterTables, _ decisions: PlanDecisions) {
        self.tables = tables
        self.decisions = decisions
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { tables.ports.count }
    public subscript(index: Int) -> ServicePortPlan { ServicePortPlan(self, index) }

    /// The texts of endpoints' addresses that are written as the slice spells them, by the endpoints' positions.
    var addressTexts: [Int: String] { tables.addressTexts }

    /// Whether any address of a Service or endpoint is written as its object spells it.
    var haveTexts: Bool { !tables.addressTexts.isEmpty || tables.ports.contains { $0.texts != nil } }

    /// The position of a Service port's first endpoint among those of all.
    func firstEndpoint(of port: Int) -> Int { Int(tables.starts[port]) }

    /// The number of a Service port's endpoints.
    func endpointCount(of port: Int) -> Int { tables.endpoints(of: port).count }
}
