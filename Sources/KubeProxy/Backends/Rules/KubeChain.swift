/// The chains that kube-proxy and kubelet make, in any mode and version: fixed ones, and kinds of those that are named
/// after a Service port or an endpoint. In the byte order of their names. ``KubeChainEntry`` says where each is found.
public enum KubeChain: UInt8, Sendable, Hashable, CaseIterable {
    /// Chains of kube-proxy's and kubelet's; ``text`` says what they are called.
    case external, externalServices, firewall, forward, sourceRanges, hostPorts, hostPort, iptablesHint, ipvsFilter,
        ipvsOutFilter
    /// The same.
    case kubeletCanary, loadBalancer, markDrop, markMasquerade, nodePort, nodePorts, postrouting, proxyCanary
    /// Chains of kube-proxy's, the last one of older versions.
    case proxyFirewall, endpoint, services, sourceRangesFirewall, clusterPolicy, localPolicy, oldLoadBalancer

    /// The whole name of a fixed chain; what comes before the hash of the others.
    public var text: StaticString {
        switch self {
        case .external: "KUBE-EXT-"
        case .externalServices: "KUBE-EXTERNAL-SERVICES"
        case .firewall: "KUBE-FIREWALL"
        case .forward: "KUBE-FORWARD"
        case .sourceRanges: "KUBE-FW-"
        case .hostPorts: "KUBE-HOSTPORTS"
        case .hostPort: "KUBE-HP-"
        case .iptablesHint: "KUBE-IPTABLES-HINT"
        case .ipvsFilter: "KUBE-IPVS-FILTER"
        case .ipvsOutFilter: "KUBE-IPVS-OUT-FILTER"
        case .kubeletCanary: "KUBE-KUBELET-CANARY"
        case .loadBalancer: "KUBE-LOAD-BALANCER"
        case .markDrop: "KUBE-MARK-DROP"
        case .markMasquerade: "KUBE-MARK-MASQ"
        case .nodePort: "KUBE-NODE-PORT"
        case .nodePorts: "KUBE-NODEPORTS"
        case .postrouting: "KUBE-POSTROUTING"
        case .proxyCanary: "KUBE-PROXY-CANARY"
        case .proxyFirewall: "KUBE-PROXY-FIREWALL"
        case .endpoint: "KUBE-SEP-"
        case .services: "KUBE-SERVICES"
        case .sourceRangesFirewall: "KUBE-SOURCE-RANGES-FIREWALL"
        case .clusterPolicy: "KUBE-SVC-"
        case .localPolicy: "KUBE-SVL-"
        case .oldLoadBalancer: "KUBE-XLB-"
        }
    }

    /// The same as a string.
    public var name: String { text.description }

    /// Whether a hash follows, so that there are many chains of the kind.
    public var isHashed: Bool {
        switch self {
        case .external, .sourceRanges, .endpoint, .clusterPolicy, .localPolicy, .oldLoadBalancer, .hostPort: true
        default: false
        }
    }
}
