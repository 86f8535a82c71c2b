public import KubeObjects
public import NetAddress

/// Whether a policy sends traffic to an endpoint, and why not.
public enum EndpointUse: UInt8, Sendable, Hashable {
    /// The Service port does not use the policy.
    case notAsked
    /// It gets its share.
    case used
    /// It gets its share, although it is terminating, because no endpoint is ready.
    case usedWhileTerminating
    /// It is neither ready nor both serving and terminating.
    case notReady
    /// It is serving and terminating, but others are ready.
    case terminating
    /// It is serving and terminating, which kube-proxy does not use up to 1.25.
    case terminatingUnused
    /// The hints by node keep traffic of this node at other endpoints.
    case hintedForOtherNodes
    /// The hints by zone keep traffic of this zone at other endpoints.
    case hintedForOtherZones
    /// The local policy takes endpoints of this node only.
    case onOtherNode

    /// Whether it gets a share.
    public var isUsed: Bool { self == .used || self == .usedWhileTerminating }
}

/// Which endpoint of the snapshot: the slice's index among the snapshot's slices, and the endpoint's in the slice.
public struct EndpointSource: Sendable, Hashable {
    /// The slice's position in the snapshot.
    public let slice: Int32
    /// The endpoint's position in the slice.
    public let endpoint: Int32
}

/// An endpoint of a Service port with what was decided about it.
public struct PlannedEndpoint: Sendable {
    /// The address.
    public let address: IPAddress
    /// The port.
    public let port: UInt16
    /// Its conditions.
    public let conditions: Endpoint.Conditions
    /// Whether it is on the node.
    public let isLocal: Bool
    /// Whether and why the cluster policy uses it.
    public let clusterUse: EndpointUse
    /// Whether and why the local policy uses it.
    public let localUse: EndpointUse
    /// Whether any policy that is asked for leads to it.
    public let isReachable: Bool
    /// Where the snapshot has it.
    public let source: EndpointSource
    /// The position among the endpoints of all Service ports.
    let index: Int

    /// `address:port`, with brackets around an IPv6 address.
    public var text: AddressText { AddressText(address, port: port) }

    /// Whether it takes traffic if no better endpoint does.
    func couldTakeTraffic(_ behaviors: ProxyBehaviors) -> Bool {
        conditions.couldTakeTraffic(behaviors.contains(.terminatingEndpoints))
    }
}

/// The endpoints of a Service port, in every condition, sorted by their text.
public struct PlannedEndpoints: Sendable, RandomAccessCollection {
    private let endpoints: [ClusterEndpoint]
    private let decisions: [EndpointDecision]
    private let range: Range<Int>

    init(_ endpoints: [ClusterEndpoint], _ decisions: [EndpointDecision], _ range: Range<Int>) {
        self.endpoints = endpoints
        self.decisions = decisions
        self.range = range
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { range.count }

    public subscript(position: Int) -> PlannedEndpoint {
        let index = range.lowerBound + position
        let endpoint = endpoints[index]
        let decision = decisions[index]
        return PlannedEndpoint(
            address: endpoint.address, port: endpoint.port, conditions: endpoint.conditions, isLocal: decision.isLocal,
            clusterUse: decision.clusterUse, localUse: decision.localUse, isReachable: decision.isReachable,
            source: endpoint.source, index: index)
    }
}
