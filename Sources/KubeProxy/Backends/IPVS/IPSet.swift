public import NetAddress

/// The sets of addresses and ports that IPVS mode's rules match (kube-proxy 1.36: `ipsetInfo` of
/// `pkg/proxy/ipvs/proxier.go`). All always exist, also when they are empty.
public enum IPSet: String, Sendable, Hashable, CaseIterable {
    /// Endpoints of this node that reach themselves (hairpin).
    case loopBack = "KUBE-LOOP-BACK"
    /// Cluster IPs.
    case clusterIP = "KUBE-CLUSTER-IP"
    /// External IPs under externalTrafficPolicy Cluster.
    case externalIP = "KUBE-EXTERNAL-IP"
    /// External IPs under externalTrafficPolicy Local.
    case externalIPLocal = "KUBE-EXTERNAL-IP-LOCAL"
    /// Load balancers' IPs.
    case loadBalancer = "KUBE-LOAD-BALANCER"
    /// Load balancers' IPs with source ranges.
    case loadBalancerFirewall = "KUBE-LOAD-BALANCER-FW"
    /// Load balancers' IPs under externalTrafficPolicy Local.
    case loadBalancerLocal = "KUBE-LOAD-BALANCER-LOCAL"
    /// Load balancers' IPs that this node may send from, since a source range holds it.
    case loadBalancerSourceIP = "KUBE-LOAD-BALANCER-SOURCE-IP"
    /// Load balancers' IPs, each with a source range.
    case loadBalancerSourceCIDR = "KUBE-LOAD-BALANCER-SOURCE-CIDR"
    /// TCP node ports.
    case nodePortTCP = "KUBE-NODE-PORT-TCP"
    /// TCP node ports under externalTrafficPolicy Local.
    case nodePortLocalTCP = "KUBE-NODE-PORT-LOCAL-TCP"
    /// UDP node ports.
    case nodePortUDP = "KUBE-NODE-PORT-UDP"
    /// UDP node ports under externalTrafficPolicy Local.
    case nodePortLocalUDP = "KUBE-NODE-PORT-LOCAL-UDP"
    /// SCTP node ports, with the addresses that they answer on.
    case nodePortSCTP = "KUBE-NODE-PORT-SCTP-HASH"
    /// SCTP node ports under externalTrafficPolicy Local.
    case nodePortLocalSCTP = "KUBE-NODE-PORT-LOCAL-SCTP-HASH"
    /// Health-check node ports.
    case healthCheckNodePort = "KUBE-HEALTH-CHECK-NODE-PORT"
    /// The addresses of `kube-ipvs0`.
    case boundAddresses = "KUBE-IPVS-IPS"

    /// How many entries a set takes that is a hash (kube-proxy 1.36: `maxElem` of `pkg/proxy/ipvs/util/ipset.go`).
    static let entryLimit = 65_536

    /// The longest name that the kernel takes, in bytes.
    private static let nameLimit = 31

    /// The set's name; each family has its own sets, and IPv6's names are cut to the kernel's limit.
    public func name(_ family: AddressFamily) -> String {
        guard family == .ipv6 else { return rawValue }
        return String(("KUBE-6-" + rawValue.dropFirst("KUBE-".count)).prefix(IPSet.nameLimit))
    }

    /// What the set's entries are made of: ipset(8), SET TYPES.
    public enum Kind: String, Sendable, Hashable {
        /// Addresses.
        case address = "hash:ip"
        /// Addresses with a protocol and port.
        case addressPort = "hash:ip,port"
        /// Addresses with a protocol and port, and a source.
        case addressPortAddress = "hash:ip,port,ip"
        /// Addresses with a protocol and port, and a range of sources.
        case addressPortRange = "hash:ip,port,net"
        /// Ports.
        case port = "bitmap:port"
    }

    /// What the set's entries are made of.
    public var kind: Kind {
        switch self {
        case .boundAddresses: .address
        case .loopBack, .loadBalancerSourceIP: .addressPortAddress
        case .loadBalancerSourceCIDR: .addressPortRange
        case .nodePortTCP, .nodePortLocalTCP, .nodePortUDP, .nodePortLocalUDP, .healthCheckNodePort: .port
        case .clusterIP, .externalIP, .externalIPLocal, .loadBalancer, .loadBalancerFirewall, .loadBalancerLocal,
            .nodePortSCTP, .nodePortLocalSCTP:
            .addressPort
        }
    }

    /// The comment of rules that match the set.
    public var comment: StaticString {
        switch self {
        case .loopBack: "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose"
        case .clusterIP: "Kubernetes service cluster ip + port for masquerade purpose"
        case .externalIP: "Kubernetes service external ip + port for masquerade and filter purpose"
        case .externalIPLocal: "Kubernetes service external ip + port with externalTrafficPolicy=local"
        case .loadBalancer: "Kubernetes service lb portal"
        case .loadBalancerFirewall: "Kubernetes service load balancer ip + port for load balancer with sourceRange"
        case .loadBalancerLocal: "Kubernetes service load balancer ip + port with externalTrafficPolicy=local"
        case .loadBalancerSourceIP: "Kubernetes service load balancer ip + port + source IP for packet filter purpose"
        case .loadBalancerSourceCIDR:
            "Kubernetes service load balancer ip + port + source cidr for packet filter purpose"
        case .nodePortTCP: "Kubernetes nodeport TCP port for masquerade purpose"
        case .nodePortLocalTCP: "Kubernetes nodeport TCP port with externalTrafficPolicy=local"
        case .nodePortUDP: "Kubernetes nodeport UDP port for masquerade purpose"
        case .nodePortLocalUDP: "Kubernetes nodeport UDP port with externalTrafficPolicy=local"
        case .nodePortSCTP: "Kubernetes nodeport SCTP port for masquerade purpose with type 'hash ip:port'"
        case .nodePortLocalSCTP:
            "Kubernetes nodeport SCTP port with externalTrafficPolicy=local with type 'hash ip:port'"
        case .healthCheckNodePort: "Kubernetes health check node port"
        case .boundAddresses: "Addresses on the ipvs interface"
        }
    }
}

/// An entry of a set. Which parts it has depends on the set's kind.
public enum IPSetEntry: Sendable, Hashable {
    /// An address.
    case address(IPAddress)
    /// A port.
    case port(UInt16)
    /// An address with a protocol and port.
    case addressPort(IPAddress, TransportProtocol, UInt16)
    /// The same with a source.
    case addressPortAddress(IPAddress, TransportProtocol, UInt16, IPAddress)
    /// The same with a range of sources.
    case addressPortRange(IPAddress, TransportProtocol, UInt16, IPPrefix)
}
