/// The purpose of a rule.
package enum RulePurpose: UInt8, Sendable, Hashable {
    // Of the node.
    /// Drops packets from other hosts to 127.0.0.0/8, which node ports on loopback make routable.
    case guardLoopback
    /// Drops packets of no connection.
    case dropInvalid
    /// Accepts forwarded packets that are marked for masquerading.
    case acceptMarked
    /// Accepts forwarded packets of known connections.
    case acceptKnown
    /// Returns packets without the mark.
    case passUnmarked
    /// Clears the mark.
    case clearMark
    /// Masquerades (SNAT).
    case masquerade
    /// Sets the mark.
    case setMark
    /// Sends packets for the node's own addresses to the node ports.
    case nodePortTail

    // Frontends.
    case clusterIP, externalIP, loadBalancerIP, nodePort
    /// Counts connections to node ports on loopback.
    case countLoopback
    /// Refuses or drops traffic to a cluster IP without endpoints.
    case refuseClusterIP
    /// Refuses or drops external traffic without endpoints.
    case refuseExternalIP, refuseLoadBalancerIP, refuseNodePort
    /// Drops traffic that no source range allows.
    case dropOutsideRanges
    /// Accepts the load balancer's health checks.
    case healthCheck

    // The Service port's own chains.
    /// Marks traffic to the cluster IP for masquerading, unless a local pod sends it.
    case markClusterIP
    /// Marks all external traffic for masquerading.
    case markExternal
    /// Sends external traffic of local pods to the cluster policy.
    case podsUseCluster
    /// Marks the node's own external traffic for masquerading.
    case markNode
    /// Sends the node's own external traffic to the cluster policy.
    case nodeUsesCluster
    /// Sends all other external traffic to the external traffic policy.
    case externalPolicy
    /// Allows a source range to use the load balancer.
    case allowRange
    /// Allows the node to use the load balancer's address as its source.
    case allowOwnAddress
    /// Marks traffic that no range allows, for kubelet's rule to drop (up to 1.24).
    case markOutsideRanges
    /// A comment without effect, about traffic that no range allows.
    case endOfRanges
    /// Marks traffic for the local policy without endpoints, for kubelet's rule to drop (up to 1.24).
    case markWithoutLocal
    /// Sends a client back to its endpoint (session affinity).
    case affinity
    /// Sends an endpoint its share.
    case share
    /// Marks hairpin traffic for masquerading: an endpoint that reaches itself.
    case markHairpin
    /// Rewrites the destination (DNAT).
    case translate
}

/// Some purposes. A set of the standard library would take memory for each (measured: a tenth of the time of all flows).
struct RulePurposes: Sendable {
    private var bits: UInt64 = 0

    mutating func insert(_ purpose: RulePurpose) { bits |= 1 << UInt64(purpose.rawValue) }

    func contains(_ purpose: RulePurpose) -> Bool { bits & 1 << UInt64(purpose.rawValue) != 0 }
}
