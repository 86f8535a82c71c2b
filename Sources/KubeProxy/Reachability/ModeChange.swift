internal import KubeObjects
internal import NetAddress

/// Something that another mode of kube-proxy brings which flows do not show: a default, a firewall, what stays on the node.
public struct ModeChange: Sendable {
    /// What it is about.
    public enum Kind: String, Sendable, Hashable {
        /// What changes for clients, firewalls and programs.
        case effect
        /// What the old mode leaves on a node, and what removes it.
        case leftOver = "left-over"
    }

    /// What it is about.
    public let kind: Kind
    /// What changes.
    public let text: String
    /// Pull requests of kubernetes/kubernetes, and KEPs.
    public let sources: [String]
    private let from: Set<ProxyMode>
    private let to: Set<ProxyMode>
    private let affects: @Sendable (UpgradeStep) -> Bool

    private init(
        _ kind: Kind = .effect, from: Set<ProxyMode>, to: Set<ProxyMode>, _ text: String,
        _ sources: [String] = ["KEP-3866"],
        where affects: @escaping @Sendable (UpgradeStep) -> Bool = { _ in true }
    ) {
        self.kind = kind
        self.from = from
        self.to = to
        self.text = text
        self.sources = sources
        self.affects = affects
    }

    /// Whether the step brings it.
    func isMet(by step: UpgradeStep) -> Bool {
        from.contains(step.before.mode) && to.contains(step.after.mode) && affects(step)
    }

    /// All that are known (kubernetes/kubernetes 1.31 to 1.37).
    static let all: [ModeChange] = [
        ModeChange(
            from: [.iptables, .ipvs], to: [.nftables],
            "nodePortAddresses is primary by default: node ports answer on the node's primary addresses alone; give "
                + "0.0.0.0/0,::/0 to keep all"
        ) { $0.after.nodePortAddresses == .ranges([]) && $0.hasNodePorts },
        ModeChange(
            from: [.iptables], to: [.nftables], "node ports no longer answer on 127.0.0.1",
            ["KEP-3866", "KEP-6032"]
        ) { $0.closesLoopback },
        ModeChange(
            from: [.iptables], to: [.nftables],
            "forwarded packets are no longer accepted by KUBE-FORWARD: a host firewall that drops in FORWARD must accept "
                + "them itself, as by 'ct status dnat accept'"),
        ModeChange(
            from: [.iptables], to: [.nftables],
            "health-check node ports are not opened in INPUT, and answer on the addresses of node ports alone"
        ) { step in step.snapshot.services.contains { $0.healthCheckNodePort > 0 } },
        ModeChange(
            from: [.iptables], to: [.nftables],
            "packets in state INVALID are not dropped: before Linux 6.1 that can reset long connections, which "
                + "--conntrack-tcp-be-liberal avoids"
        ) { !$0.after.conntrackTCPBeLiberal },
        ModeChange(
            from: [.iptables, .ipvs], to: [.nftables],
            "the mark for masquerading is a setting of its own, nftables.masqueradeBit; iptables' bit is not taken over"
        ) { $0.before.masqueradeBit != $0.after.nftablesMasqueradeBit },
        ModeChange(
            from: [.iptables], to: [.nftables, .ipvs],
            "sessionAffinity starts anew at the switch"
        ) { step in step.snapshot.services.contains { $0.sessionAffinitySeconds != nil } },
        ModeChange(
            from: [.iptables, .ipvs], to: [.nftables],
            "rules of other programs that jump to KUBE-… chains find none, and iptables-save shows nothing of kube-proxy"
        ),
        ModeChange(
            from: [.iptables, .ipvs], to: [.nftables],
            "nodes need Linux 5.13 and nft 1.0.1, and a host's nft must not be older than kube-proxy's"),
        ModeChange(
            from: [.iptables, .ipvs], to: [.nftables],
            "the snapshot has no ServiceCIDR, so it is not known which addresses without a Service are dropped"
        ) { $0.snapshot.serviceCIDRs.isEmpty },
        ModeChange(
            from: [.iptables, .ipvs], to: [.nftables],
            "a Service port without endpoints whose namespace/name:port is longer than 128 bytes makes every sync fail; "
                + "1.37 mends it"
        ) { step in
            guard step.to.knownMinor <= 36 else { return false }
            return step.snapshot.services.contains { service in
                let length = service.qualifiedName.utf8.count
                return service.ports.contains { length + 1 + ($0.name?.text.utf8.count ?? 0) > 128 }
            }
        },

        ModeChange(
            .leftOver, from: [.iptables], to: [.nftables],
            "kube-proxy removes its iptables rules when it starts; KUBE-FIREWALL, KUBE-KUBELET-CANARY and KUBE-MARK-DROP stay, "
                + "and a whole table where other rules still jump to its chains"),
        ModeChange(
            .leftOver, from: [.iptables], to: [.nftables],
            "the chains KUBE-MARK-MASQ, KUBE-PROXY-FIREWALL and KUBE-PROXY-CANARY stay; 1.34 removes them"
        ) { $0.to.knownMinor < 34 },
        ModeChange(
            .leftOver, from: [.iptables], to: [.nftables, .ipvs],
            "the sysctl net.ipv4.conf.all.route_localnet stays 1 until somebody resets it"
        ) { $0.routesLoopback },
        ModeChange(
            .leftOver, from: [.iptables], to: [.ipvs],
            "the chains of iptables mode that IPVS mode does not have stay, and go on refusing and dropping what was without "
                + "endpoints: run 'kube-proxy --cleanup' or 'kubechains cleanup --apply' before kube-proxy starts in IPVS mode",
            ["KEP-5495"]),
        ModeChange(
            .leftOver, from: [.ipvs], to: [.nftables],
            "kube-proxy removes virtual servers, ipsets, kube-ipvs0 and its iptables rules when it starts"),
        ModeChange(
            .leftOver, from: [.ipvs], to: [.iptables],
            "virtual servers, ipsets and kube-ipvs0 stay, and go on taking packets: 'kube-proxy --cleanup' or 'kubechains "
                + "cleanup --proxy-mode ipvs --apply' removes them", ["KEP-5495"]),
        ModeChange(
            .leftOver, from: [.nftables], to: [.iptables, .ipvs],
            "kube-proxy deletes the tables ip kube-proxy and ip6 kube-proxy when it starts"
        ) { $0.to.knownMinor >= 29 },
        ModeChange(
            .leftOver, from: [.nftables], to: [.iptables, .ipvs],
            "the tables ip kube-proxy and ip6 kube-proxy stay, and go on taking packets: delete them with nft"
        ) { $0.to.knownMinor < 29 },
    ]
}
