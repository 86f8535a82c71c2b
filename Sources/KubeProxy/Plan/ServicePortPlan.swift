public import KubeObjects
public import NetAddress

/// Whether a policy sends traffic to an endpoint, and why not.
public enum EndpointUse: UInt8, Sendable, Hashable {
    /// The policy is not used by the Service port, or no endpoint is asked for.
    case notAsked
    /// It gets its share.
    case used
    /// It gets its share, although it is terminating, because no endpoint is ready.
    case usedWhileTerminating
    /// It is neither ready nor both serving and terminating.
    case notReady
    /// It is serving and terminating, but others are ready.
    case terminating
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
    public let slice: Int32
    public let endpoint: Int32
}

/// An endpoint of a Service port with what was decided about it.
public struct PlannedEndpoint: Sendable {
    public let address: IPAddress
    public let port: UInt16
    public let conditions: Endpoint.Conditions
    public let isLocal: Bool
    /// Its part in the cluster policy.
    public internal(set) var clusterUse: EndpointUse = .notAsked
    /// Its part in the local policy.
    public internal(set) var localUse: EndpointUse = .notAsked
    /// Whether a chain is written for it.
    public internal(set) var isReachable = false
    public let source: EndpointSource
    /// The hash of its chain, set if it is reached.
    var hash: ChainHash?

    /// Its chain; nil where none is written.
    public var chain: ChainName? { hash.map { ChainName(.endpoint, $0) } }

    /// `address:port`, with brackets around an IPv6 address.
    public var text: AddressText { AddressText(address, port: port) }
}

/// How topology hints narrow the cluster policy.
public enum TopologyMode: Sendable, Hashable {
    case none, node, zone
}

/// Everything decided about one Service port for one node and family (kube-proxy 1.36, iptables mode).
public struct ServicePortPlan: Sendable {
    public let name: ServicePortName
    /// The Service's index among the snapshot's Services.
    public let serviceIndex: Int

    public let clusterIP: IPAddress
    public let port: UInt16
    /// 0: none.
    public let nodePort: UInt16
    /// The external IPs of the family that rules are written for.
    public let externalIPs: [IPAddress]
    /// The load balancer's addresses of the family that reach the node as destinations.
    public let loadBalancerIPs: [IPAddress]
    /// The ranges that may use the load balancer; empty: all.
    public let sourceRanges: [IPPrefix]
    /// Whether one of the ranges holds the node itself, which then reaches the load balancer's address as its own client.
    public let sourceRangesHoldNode: Bool
    /// Seconds of ClientIP affinity; nil: none.
    public let affinitySeconds: Int?
    public let externalPolicyIsLocal: Bool
    public let internalPolicyIsLocal: Bool
    /// 0: none.
    public let healthCheckNodePort: UInt16
    /// Whether anything but the cluster IP leads here.
    public let isExternal: Bool

    /// All endpoints, in every condition, sorted by their text.
    public internal(set) var endpoints: [PlannedEndpoint] = []
    /// Endpoints that another entry with the same address and port replaced.
    public internal(set) var duplicates: [EndpointSource] = []
    public internal(set) var topologyMode: TopologyMode = .none
    /// The number of endpoints that share the cluster policy's traffic.
    public internal(set) var clusterCount = 0
    /// The number of endpoints that share the local policy's traffic.
    public internal(set) var localCount = 0
    /// Whether any endpoint could take traffic, here or elsewhere.
    public internal(set) var hasAnyEndpoint = false

    /// `namespace/service:port` as bytes, for comments.
    let nameText: [UInt8]
    /// The hash of its chains, set once its endpoints are selected.
    var hash = ChainHash()

    /// Whether the cluster policy is asked for.
    public var usesClusterPolicy: Bool { !internalPolicyIsLocal || isExternal }
    /// Whether the local policy is asked for.
    public var usesLocalPolicy: Bool { internalPolicyIsLocal || externalPolicyIsLocal && isExternal }
    /// Whether traffic to the cluster IP gets anywhere.
    public var acceptsInternal: Bool { hasAnyEndpoint && (!internalPolicyIsLocal || localCount > 0) }
    /// Whether traffic from outside gets anywhere.
    public var acceptsExternal: Bool { hasAnyEndpoint && (!externalPolicyIsLocal || localCount > 0) }
    /// Whether the external chain is written.
    public var usesExternalChain: Bool { hasAnyEndpoint && isExternal }
    /// Whether the chain of source ranges is written.
    public var usesSourceRangesChain: Bool { hasAnyEndpoint && !loadBalancerIPs.isEmpty && !sourceRanges.isEmpty }

    public var clusterPolicyChain: ChainName { ChainName(.clusterPolicy, hash) }
    public var localPolicyChain: ChainName { ChainName(.localPolicy, hash) }
    public var externalChain: ChainName { ChainName(.external, hash) }
    public var sourceRangesChain: ChainName { ChainName(.sourceRanges, hash) }
    /// Where traffic to the cluster IP goes.
    public var internalTrafficChain: ChainName { internalPolicyIsLocal ? localPolicyChain : clusterPolicyChain }
    /// Where traffic from outside goes once it is marked.
    public var externalPolicyChain: ChainName { externalPolicyIsLocal ? localPolicyChain : clusterPolicyChain }
    /// Where traffic to the load balancer goes.
    public var loadBalancerChain: ChainName { usesSourceRangesChain ? sourceRangesChain : externalChain }

    /// The chains that are written for the Service port, in kube-proxy's order.
    @inline(__always)
    func eachChain(_ body: (ChainName) -> Void) {
        if usesExternalChain { body(externalChain) }
        if usesSourceRangesChain { body(sourceRangesChain) }
        if clusterCount > 0 { body(clusterPolicyChain) }
        if localCount > 0 { body(localPolicyChain) }
        for endpoint in endpoints where endpoint.isReachable {
            if let chain = endpoint.chain { body(chain) }
        }
    }
}
