public import KubeChainsBytes

/// What kube-proxy in iptables mode programs for a plan: the plan's decisions with the names of chains.
public struct IptablesPlan: Backend {
    /// The plan for the node.
    public let plan: NodePlan
    /// Whether any address is written as its object spells it, which is not the canonical text.
    let writesSpellings: Bool
    /// Whether the text is that of 1.24, which has an order of its own.
    private let isOldest: Bool
    private let hashes: ChainHashes

    /// - Parameter workers: threads that may plan half of many Service ports; the plan is the same without them.
    public init(_ plan: NodePlan, with workers: Workers? = nil) {
        self.init(plan, ChainHashes(plan, IptablesNaming(), workers))
    }

    /// A back end without the names of chains.
    public init(forOutcomesOf plan: NodePlan) { self.init(plan, ChainHashes()) }

    private init(_ plan: NodePlan, _ hashes: ChainHashes) {
        self.plan = plan
        self.hashes = hashes
        isOldest = !plan.behaviors.contains(.dropsInFilterTable)
        writesSpellings =
            plan.behaviors.contains(.endpointAddressesAsGiven)
            && (plan.node.localTrafficText != nil || plan.servicePorts.haveTexts)
    }

    /// The names of a Service port's chains.
    public func chains(of port: ServicePortPlan) -> ServicePortChains { ServicePortChains(port, hash(of: port)) }

    /// The chain of an endpoint; nil where none is written.
    public func chain(of endpoint: PlannedEndpoint) -> ChainName? {
        endpoint.isReachable ? ChainName(.endpoint, hashes.endpoints[endpoint.index]) : nil
    }

    /// The hash in the names of a Service port's chains.
    func hash(of port: ServicePortPlan) -> ChainHash { hashes.ports[port.index] }

    /// The chains that are written for a Service port, in kube-proxy's order.
    @inline(__always)
    func eachChain(of port: ServicePortPlan, _ body: (ChainName) -> Void) {
        let chains = chains(of: port)
        guard !isOldest else { return eachOldestChain(of: port, body) }
        if port.usesExternalChain { body(chains.external) }
        if port.usesSourceRangesChain { body(chains.sourceRanges) }
        if port.clusterCount > 0 { body(chains.clusterPolicy) }
        if port.localCount > 0 { body(chains.localPolicy) }
        for endpoint in port.endpoints where endpoint.isReachable {
            body(ChainName(.endpoint, hashes.endpoints[endpoint.index]))
        }
    }

    /// The same in 1.24.
    private func eachOldestChain(of port: ServicePortPlan, _ body: (ChainName) -> Void) {
        let chains = chains(of: port)
        for endpoint in port.endpoints where endpoint.isReachable {
            body(ChainName(.endpoint, hashes.endpoints[endpoint.index]))
        }
        if port.clusterCount > 0 { body(chains.clusterPolicy) }
        if port.hasAnyEndpoint, port.usesLocalPolicy { body(chains.localPolicy) }
        if port.usesExternalChain { body(chains.external) }
        if port.usesSourceRangesChain { body(chains.sourceRanges) }
    }
}

/// The names of a Service port's chains, whether they are written or not.
public struct ServicePortChains: Sendable {
    private let port: ServicePortPlan
    private let hash: ChainHash

    init(_ port: ServicePortPlan, _ hash: ChainHash) {
        self.port = port
        self.hash = hash
    }

    /// `KUBE-SVC-…`: the endpoints of all nodes.
    public var clusterPolicy: ChainName { ChainName(.clusterPolicy, hash) }
    /// `KUBE-SVL-…`: the endpoints of the node.
    public var localPolicy: ChainName { ChainName(.localPolicy, hash) }
    /// `KUBE-EXT-…`: external traffic.
    public var external: ChainName { ChainName(.external, hash) }
    /// `KUBE-FW-…`: the source ranges of load balancers' IPs.
    public var sourceRanges: ChainName { ChainName(.sourceRanges, hash) }
    /// Where traffic to the cluster IP goes.
    public var internalTraffic: ChainName { port.internalPolicyIsLocal ? localPolicy : clusterPolicy }
    /// Where traffic from outside goes once it is marked.
    public var externalPolicy: ChainName { port.externalPolicyIsLocal ? localPolicy : clusterPolicy }
    /// Where traffic to the load balancer goes.
    public var loadBalancer: ChainName { port.usesSourceRangesChain ? sourceRanges : external }
}

extension ServicePortPlan {
    /// Whether the external chain is written.
    public var usesExternalChain: Bool { hasAnyEndpoint && isExternal }
    /// Whether the chain of source ranges is written.
    public var usesSourceRangesChain: Bool { hasAnyEndpoint && !loadBalancerIPs.isEmpty && !sourceRanges.isEmpty }
}
