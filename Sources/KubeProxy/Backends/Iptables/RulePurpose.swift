/// What a rule of kube-proxy's is there for.
package enum RulePurpose: UInt8, Sendable, Hashable {
    // Of the node.
    /// Packets from elsewhere to 127.0.0.0/8, which node ports on loopback would let through, are dropped.
    case guardLoopback
    /// Packets of no connection are dropped.
    case dropInvalid
    /// What is marked for masquerading may be forwarded.
    case acceptMarked
    /// What belongs to known connections may be forwarded.
    case acceptKnown
    /// What is not marked leaves as it is.
    case passUnmarked
    /// The mark has done its work.
    case clearMark
    /// The source is rewritten.
    case masquerade
    /// The mark is set.
    case setMark
    /// What is sent to the node itself may be for a node port.
    case nodePortTail

    // Ways in.
    case clusterIP, externalIP, loadBalancerIP, nodePort
    /// Node ports on loopback are counted.
    case countLoopback
    /// No endpoint takes what is sent to the cluster IP.
    case refuseClusterIP
    /// No endpoint takes what comes from outside.
    case refuseExternalIP, refuseLoadBalancerIP, refuseNodePort
    /// What no source range let through is dropped.
    case dropOutsideRanges
    /// The load balancer may ask for the node's health.
    case healthCheck

    // The Service port's own chains.
    /// What is sent to the cluster IP by others than local pods is marked for masquerading.
    case markClusterIP
    /// All traffic from outside is marked for masquerading.
    case markExternal
    /// Local pods use the cluster policy under a local one.
    case podsUseCluster
    /// The node's own traffic is marked for masquerading.
    case markNode
    /// The node itself uses the cluster policy under a local one.
    case nodeUsesCluster
    /// The rest goes by the external traffic policy.
    case externalPolicy
    /// A source range may use the load balancer.
    case allowRange
    /// The node may use the load balancer's address as its source.
    case allowOwnAddress
    /// A remark on what follows for the rest.
    case endOfRanges
    /// A client comes back to its endpoint.
    case affinity
    /// An endpoint takes its share.
    case share
    /// An endpoint that reaches itself is marked for masquerading.
    case markHairpin
    /// The destination is rewritten.
    case translate
}
