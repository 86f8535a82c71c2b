public import KubeChainsBytes
public import KubeChainsJSON
internal import KubeObjects
internal import NetAddress

/// What kube-proxy in nftables mode programs for a plan: the plan's decisions with names, and where node ports answer
/// (kube-proxy 1.36: `syncProxyRules` of `pkg/proxy/nftables/proxier.go`).
public struct NftablesPlan: Backend {
    /// The plan for the node.
    public let plan: NodePlan
    /// What nftables mode takes from the settings and the Node object.
    public let node: NftablesNode
    /// What the version does in this mode that not all do.
    let behaviors: ProxyBehaviors
    let hashes: ChainHashes

    /// - Parameter workers: threads that may plan half of many Service ports; the plan is the same without them.
    /// - Throws: ``SnapshotError`` if what this version does in nftables mode is not known.
    public init(_ plan: NodePlan, with workers: Workers? = nil) throws(SnapshotError) {
        let behaviors = plan.version.version.behaviors(in: .nftables)
        let naming = NftablesNaming(namesAllEndpoints: !behaviors.contains(.nftablesEndpointMaps))
        try self.init(plan) { ChainHashes(plan, naming, workers) }
    }

    /// A back end without the names of chains.
    ///
    /// - Throws: ``SnapshotError`` as the other initializer.
    public init(forOutcomesOf plan: NodePlan) throws(SnapshotError) { try self.init(plan) { ChainHashes() } }

    private init(_ plan: NodePlan, _ hashes: () -> ChainHashes) throws(SnapshotError) {
        behaviors = plan.version.version.behaviors(in: .nftables)
        guard behaviors.contains(.nftables) else {
            let (version, oldest) = (plan.version, ProxyBehavior.nftables.versions.lowerBound)
            throw plan.snapshot.error(
                "nftables mode is known from kube-proxy 1.\(oldest) on, but this is \(version.version) "
                    + "(\(version.sourceText)); give --kube-proxy-version or another mode", at: nil)
        }
        self.plan = plan
        node = NftablesNode(plan, behaviors)
        self.hashes = hashes()
    }

    /// What cannot be known from the snapshot: without ServiceCIDRs, whether the cluster has any.
    public var notices: [PlacedMessage] {
        guard plan.snapshot.serviceCIDRs.isEmpty, !plan.servicePorts.isEmpty else { return [] }
        return [
            PlacedMessage(
                message:
                    "the snapshot has no ServiceCIDR, so the rule that drops traffic to unallocated cluster IPs is left "
                    + "out; if the cluster has some, add 'servicecidrs' to the kubectl line",
                location: nil)
        ]
    }

    /// The table's name with its family.
    var tableName: StaticString { plan.settings.family == .ipv4 ? "ip kube-proxy" : "ip6 kube-proxy" }
}

extension ServicePortPlan {
    /// Whether nftables mode writes the chain for traffic from outside.
    var hasNftablesExternalChain: Bool { hasAnyEndpoint && isExternal }
    /// Whether nftables mode writes the chain of source ranges; without an endpoint too.
    var hasNftablesFirewallChain: Bool { !loadBalancerIPs.isEmpty && !sourceRanges.isEmpty }
}
