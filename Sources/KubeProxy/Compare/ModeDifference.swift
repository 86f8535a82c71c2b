/// A difference between IPVS mode and iptables mode for clients.
public struct ModeDifference: Sendable, Hashable {
    /// What differs.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A node without a local endpoint, and internalTrafficPolicy Local beside other frontends.
        case internalFallback
        /// The same if the cluster IP is the only frontend.
        case internalRefusal
        /// A node without an endpoint of its own, and externalTrafficPolicy Local.
        case externalFallback
        /// The same for pods that cannot be identified.
        case podFallback
        /// Whether pods and the node itself get past externalTrafficPolicy Local.
        case localOnly
        /// The source IP of the node itself under externalTrafficPolicy Local.
        case ownSource
        /// Node ports on loopback addresses.
        case loopbackNodePort
        /// Node ports on link-local IPv6 addresses.
        case linkLocalNodePort
        /// Other ports of the Service's addresses.
        case otherPorts
        /// Which nodes answer ARP for the Service's addresses.
        case addressResolution
        /// What source ranges let in.
        case sourceRanges
        /// A source range of a single address.
        case singleAddressRange
        /// How long clients keep their endpoint.
        case affinity
        /// How an endpoint is chosen.
        case scheduling
        /// How long an idle connection is kept.
        case idleTimeout
        /// Several Service ports with the same address and port.
        case claimedTwice
        /// Direct routing and tunnels.
        case forwarding
    }

    /// What differs.
    public let kind: Kind
    /// Which clients see it, and where.
    public let who: String
    /// What happens in iptables mode.
    public let iptables: String
    /// What happens in IPVS mode.
    public let ipvs: String
}

extension IPVSScheduler {
    /// How a scheduler chooses where all real servers have weight 1, as kube-proxy gives them (Linux 6.1:
    /// `net/netfilter/ipvs/ip_vs_*.c`; ipvsadm(8), `--scheduler`).
    public var choice: String {
        switch self {
        case .rr: "real servers take turns"
        case .wrr: "real servers take turns by weight, and all have weight 1"
        case .lc, .wlc:
            "the real server with the fewest connections; 256 that are over count as one that is active"
        case .sed: "the real server with the fewest active connections"
        case .nq: "a real server without active connections, otherwise the one with the fewest"
        case .lblc:
            "the real server that the virtual address had before; another only if that one has more than one active "
                + "connection while some other has none"
        case .lblcr:
            "the least loaded of the real servers that the virtual address had before; one more if that has more than one "
                + "active connection while some other has none"
        case .dh: "the hash of the virtual address: one real server takes all of its connections"
        case .sh: "the hash of the client's address: a client always gets the same real server"
        // kube-proxy sets mh-port.
        case .mh: "the hash of the client's address and port"
        case .fo: "the real server of the highest weight: since all have weight 1, one takes all connections"
        case .ovf:
            "the first real server with at most one active connection; where all have more, connections are refused"
        }
    }
}
