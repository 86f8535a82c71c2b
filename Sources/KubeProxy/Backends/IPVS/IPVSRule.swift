/// The purpose of a rule around IPVS.
enum IPVSRulePurpose: Hashable {
    /// Leaves alone what loopback addresses send.
    case passLoopback
    /// Masquerades endpoints that reach themselves.
    case hairpin
    /// Sends what is for a load balancer's IP to its chain.
    case examineLoadBalancer
    /// Keeps the source of what is for load balancers' IPs under a local policy.
    case keepLoadBalancerSource
    /// Marks what is for load balancers' IPs under the cluster policy.
    case markLoadBalancer
    /// Sends what is for an address of the node to the node ports.
    case examineNodePorts
    /// Keeps the source of what is for node ports under a local policy.
    case keepNodePortSource
    /// Marks what is for node ports under the cluster policy.
    case markNodePort
    /// Marks what is for cluster IPs, as far as it is masqueraded.
    case markClusterIP
    /// Marks what is for external IPs under the cluster policy.
    case markExternalIP
    /// Ends the nat table for a Service's traffic.
    case endTable
    /// Sends what is for load balancers' IPs with source ranges to their chain.
    case checkRanges
    /// Lets a source range in.
    case allowRange
    /// Lets the node in, which sends from the load balancer's IP.
    case allowOwnAddress
    /// Drops what no range lets in.
    case dropOutsideRanges
    /// Drops what the node sends from a load balancer's IP that no range lets in.
    case dropOwn(RefusedOrigin)
    /// Lets load balancers' health checks in.
    case healthCheck
    /// Leaves health-check node ports on bound addresses alone.
    case passHealthCheck
    /// Leaves Services' traffic to IPVS.
    case passService
    /// Rejects what is for other ports of bound addresses.
    case rejectOtherPorts
    /// Of a rule that both modes have.
    case shared(RulePurpose)
}

/// A rule around IPVS, before it is written as text: `-A CHAIN BEFORE -m set --match-set SET AFTER -j TARGET`.
struct IPVSRule {
    let chain: KubeChain
    /// Conditions before the set.
    var before = ""
    /// The set that is matched.
    var set: IPSet?
    /// Whether the set's comment is written.
    var hasComment = true
    /// The parts of the packet that the set is asked for, and conditions after them.
    var after = ""
    let target: String
    let purpose: IPVSRulePurpose
}
