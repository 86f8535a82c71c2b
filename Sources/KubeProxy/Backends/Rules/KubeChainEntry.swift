/// A chain that kube-proxy or kubelet makes in a table: one line of the table of all such chains, which rendering, comparing,
/// `audit`, `apply`, `cleanup` and `explain` read. A chain that several make has several lines.
///
/// Sources: kube-proxy 1.36, `pkg/proxy/iptables/proxier.go` and `pkg/proxy/ipvs/proxier.go`; kubelet 1.36,
/// `pkg/kubelet/kubelet_network_linux.go`.
public struct KubeChainEntry: Sendable, Hashable {
    /// Whose the chain is.
    public enum Owner: Sendable, Hashable {
        /// kube-proxy in iptables mode or in IPVS mode, or kubelet.
        case iptablesMode, ipvsMode, kubelet
    }

    /// Whose rules it holds.
    public enum Content: Sendable, Hashable {
        /// Rules of all Service ports, and fixed ones.
        case servicePorts
        /// Rules that no Service port shapes.
        case fixed
        /// Rules of one Service port or endpoint.
        case ownServicePort
        /// None: the chain is there to be found missing, or to be jumped to.
        case nothing
    }

    /// The table, such as `nat`.
    public let table: String
    /// The chain.
    public let chain: KubeChain
    /// Whose it is.
    public let owner: Owner
    /// Whose rules it holds.
    public let content: Content
    /// The first minor version of Kubernetes 1 that makes it; nil: all versions that are known do.
    public let since: Int?
    /// The last one; nil: the newest does.
    public let until: Int?

    private init(
        _ table: String, _ chain: KubeChain, _ owner: Owner, _ content: Content, since: Int? = nil, until: Int? = nil
    ) {
        self.table = table
        self.chain = chain
        self.owner = owner
        self.content = content
        self.since = since
        self.until = until
    }

    /// All of them; those of one owner and table in the order of its text.
    public static let all: [KubeChainEntry] = [
        KubeChainEntry("filter", .services, .iptablesMode, .servicePorts),
        KubeChainEntry("filter", .externalServices, .iptablesMode, .servicePorts),
        KubeChainEntry("filter", .forward, .iptablesMode, .fixed),
        KubeChainEntry("filter", .nodePorts, .iptablesMode, .servicePorts),
        // kubernetes/kubernetes#110289.
        KubeChainEntry("filter", .proxyFirewall, .iptablesMode, .servicePorts, since: 25),
        // kubernetes/kubernetes#114472; only where node ports answer on 127.0.0.1.
        KubeChainEntry("filter", .firewall, .iptablesMode, .fixed, since: 27),
        KubeChainEntry("nat", .services, .iptablesMode, .servicePorts),
        KubeChainEntry("nat", .nodePorts, .iptablesMode, .servicePorts),
        KubeChainEntry("nat", .postrouting, .iptablesMode, .fixed),
        KubeChainEntry("nat", .markMasquerade, .iptablesMode, .fixed),
        KubeChainEntry("nat", .external, .iptablesMode, .ownServicePort),
        KubeChainEntry("nat", .sourceRanges, .iptablesMode, .ownServicePort),
        KubeChainEntry("nat", .clusterPolicy, .iptablesMode, .ownServicePort),
        KubeChainEntry("nat", .localPolicy, .iptablesMode, .ownServicePort),
        KubeChainEntry("nat", .endpoint, .iptablesMode, .ownServicePort),
        KubeChainEntry("nat", .oldLoadBalancer, .iptablesMode, .ownServicePort, until: 23),
        KubeChainEntry("mangle", .proxyCanary, .iptablesMode, .nothing),
        KubeChainEntry("nat", .proxyCanary, .iptablesMode, .nothing),
        KubeChainEntry("filter", .proxyCanary, .iptablesMode, .nothing),

        KubeChainEntry("nat", .services, .ipvsMode, .fixed),
        KubeChainEntry("nat", .postrouting, .ipvsMode, .fixed),
        KubeChainEntry("nat", .nodePort, .ipvsMode, .fixed),
        KubeChainEntry("nat", .loadBalancer, .ipvsMode, .fixed),
        KubeChainEntry("nat", .markMasquerade, .ipvsMode, .fixed),
        KubeChainEntry("filter", .forward, .ipvsMode, .fixed),
        KubeChainEntry("filter", .nodePort, .ipvsMode, .fixed),
        KubeChainEntry("filter", .proxyFirewall, .ipvsMode, .fixed),
        KubeChainEntry("filter", .sourceRangesFirewall, .ipvsMode, .fixed),
        KubeChainEntry("filter", .ipvsFilter, .ipvsMode, .fixed),
        KubeChainEntry("filter", .ipvsOutFilter, .ipvsMode, .fixed),

        KubeChainEntry("filter", .firewall, .kubelet, .fixed),
        // kube-proxy 1.24 makes the empty chain too, since it jumps to it. kubernetes/enhancements#3178.
        KubeChainEntry("nat", .markDrop, .kubelet, .fixed, until: 26),
        // Host ports of pods: kubelet's until 1.23 (dockershim), and some container runtimes'. They jump to KUBE-MARK-MASQ.
        KubeChainEntry("nat", .hostPorts, .kubelet, .nothing),
        KubeChainEntry("nat", .hostPort, .kubelet, .nothing),
        KubeChainEntry("mangle", .iptablesHint, .kubelet, .nothing),
        KubeChainEntry("mangle", .kubeletCanary, .kubelet, .nothing),
        KubeChainEntry("nat", .kubeletCanary, .kubelet, .nothing),
        KubeChainEntry("filter", .kubeletCanary, .kubelet, .nothing),
    ]

    /// Whether a minor version of Kubernetes 1 makes the chain; nil asks for the newest.
    public func isMade(by version: Int?) -> Bool {
        guard let version else { return until == nil }
        return (since ?? version) <= version && version <= (until ?? version)
    }

    /// The fixed chains that a mode's text for a table holds, in their order.
    public static func fixedChains(of owner: Owner, in table: String, version: Int? = nil) -> [KubeChain] {
        all.filter { entry in
            entry.owner == owner && entry.table == table && !entry.chain.isHashed && entry.content != .nothing
                && entry.isMade(by: version)
        }.map(\.chain)
    }

    /// Whose a chain of a table is.
    static func owners(of chain: KubeChain, in table: String) -> [Owner] {
        all.filter { $0.chain == chain && $0.table == table }.map(\.owner)
    }

    /// Whether kubelet makes the chain as well.
    var isKubeletsToo: Bool { KubeChainEntry.owners(of: chain, in: table).contains(.kubelet) }
}
