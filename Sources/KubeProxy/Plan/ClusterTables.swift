internal import KubeObjects
internal import NetAddress

/// What of a Service port is the same on every node.
struct ClusterServicePort: Sendable {
    let name: ServicePortName
    /// The Service's index among the snapshot's Services.
    let serviceIndex: Int
    let clusterIP: IPAddress
    let port: UInt16
    let nodePort: UInt16
    let externalIPs: [IPAddress]
    let loadBalancerIPs: [IPAddress]
    let sourceRanges: [IPPrefix]
    let affinitySeconds: Int?
    let externalPolicyIsLocal: Bool
    let internalPolicyIsLocal: Bool
    let healthCheckNodePort: UInt16
    let isExternal: Bool
    /// `namespace/service:port` as bytes, for comments and names.
    let nameText: [UInt8]
    /// The texts of its addresses as they are written; nil: the canonical ones.
    let texts: FrontendTexts?
    /// Which hints count, if all ready endpoints have them.
    let countedHints: HintCoverage
    /// Which of the hints that count its ready endpoints have.
    var hintCoverage: HintCoverage = []
    /// Whether any endpoint could take traffic, on this node or another.
    var hasAnyEndpoint = false
    var duplicates: [EndpointSource] = []
    /// Whether it depends on the node which of several equal endpoints counts.
    var hasEqualEndpoints = false

    var usesClusterPolicy: Bool { !internalPolicyIsLocal || isExternal }
    var usesLocalPolicy: Bool { internalPolicyIsLocal || externalPolicyIsLocal && isExternal }
    /// Whether nodes may decide differently about it.
    var dependsOnNode: Bool {
        usesLocalPolicy || !hintCoverage.isEmpty || !sourceRanges.isEmpty || hasEqualEndpoints
    }
}

/// What of an endpoint is the same on every node.
struct ClusterEndpoint: Sendable {
    let address: IPAddress
    let port: UInt16
    let conditions: Endpoint.Conditions
    let source: EndpointSource

    /// `address:port`, with brackets around an IPv6 address.
    var text: AddressText { AddressText(address, port: port) }
}

/// The Service ports and endpoints of a cluster, one after the other, with what is decided about them wherever nodes do not
/// differ. Plans of nodes share it.
final class ClusterTables: Sendable {
    let ports: [ClusterServicePort]
    /// Where each Service port's endpoints begin, and where the last one's end.
    let starts: [Int32]
    let endpoints: [ClusterEndpoint]
    /// The decisions about Service ports on which nodes do not differ; the others' are not made yet.
    let decisions: PlanDecisions
    /// The Service ports on which nodes may differ.
    let nodeDependentPorts: [Int32]
    /// Endpoints of a Service port with equal texts, where it depends on the node which one counts.
    let equalEndpoints: [EqualEndpoints]
    /// The texts of endpoints' addresses that are written as the slice spells them, by the endpoints' positions.
    let addressTexts: [Int: String]

    init(_ services: consuming PlannedServices) {
        equalEndpoints = services.equalEndpoints
        addressTexts = services.addressTexts
        ports = services.ports
        starts = services.starts
        endpoints = services.endpoints
        decisions = services.decisions
        nodeDependentPorts = services.nodeDependentPorts
    }

    /// The same with other endpoints and what follows from them for their Service ports.
    init(_ tables: ClusterTables, _ ports: [ClusterServicePort], _ endpoints: [ClusterEndpoint]) {
        self.ports = ports
        starts = tables.starts
        self.endpoints = endpoints
        decisions = tables.decisions
        nodeDependentPorts = tables.nodeDependentPorts
        equalEndpoints = tables.equalEndpoints
        addressTexts = tables.addressTexts
    }

    /// The positions of a Service port's endpoints.
    func endpoints(of port: Int) -> Range<Int> { Int(starts[port])..<Int(starts[port + 1]) }
}

/// What one node does with the Service ports and endpoints of a ``ClusterTables``, in the same order.
struct PlanDecisions: Sendable {
    var ports: [PortDecision] = []
    var endpoints: [EndpointDecision] = []
}

/// What one node does with a Service port.
struct PortDecision: Sendable, Hashable {
    var topologyMode = TopologyMode.none
    var sourceRangesHoldNode = false
    var clusterCount: Int32 = 0
    var localCount: Int32 = 0
}

/// What one node does with an endpoint.
struct EndpointDecision: Sendable, Hashable {
    var clusterUse = EndpointUse.notAsked
    var localUse = EndpointUse.notAsked
    var isLocal = false
    var isReachable = false
}
