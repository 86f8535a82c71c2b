/// A flag that shapes the rules, named as kube-proxy's where kube-proxy has one (`kube-proxy --help`, version 1.36). The others
/// say what kube-proxy finds out about its host: ``node``, ``nodeAddress``, ``nfacct``, ``noRandomFully``, ``kernelVersion``.
public enum ProxyFlag: String, Sendable, Hashable, CaseIterable {
    /// The node whose rules are wanted.
    case node
    /// The family of the rules: `ipv4` or `ipv6`.
    case family
    /// `iptables`, `nftables` or `ipvs`.
    case proxyMode = "proxy-mode"
    /// kube-proxy's version, such as `1.34` or `v1.34.2`.
    case version = "kube-proxy-version"
    /// The ranges of pod addresses, with commas between them.
    case clusterCIDR = "cluster-cidr"
    /// How traffic of local pods is detected.
    case detectLocalMode = "detect-local-mode"
    /// The bridge of mode `BridgeInterface`.
    case podBridgeInterface = "pod-bridge-interface"
    /// The first letters of pods' interfaces in mode `InterfaceNamePrefix`.
    case podInterfaceNamePrefix = "pod-interface-name-prefix"
    /// Whether everything that is sent to a cluster IP is masqueraded.
    case masqueradeAll = "masquerade-all"
    /// The bit of the packet mark for masquerading, 0…31.
    case masqueradeBit = "iptables-masquerade-bit"
    /// The same bit in nftables mode, for which kube-proxy has a setting and no flag.
    case nftablesMasqueradeBit = "nftables-masquerade-bit"
    /// Whether node ports answer on 127.0.0.1 (IPv4 only).
    case localhostNodePorts = "iptables-localhost-nodeports"
    /// The ranges of the node's addresses that take node ports, or the word `primary`.
    case nodePortAddresses = "nodeport-addresses"
    /// An address of the host's interfaces, with or without its prefix length; each one adds to those before it.
    case nodeAddress = "node-address"
    /// kube-proxy's bind address, which is the node's primary address unless it is unspecified.
    case bindAddress = "bind-address"
    /// Feature gates as `NAME=BOOL`, with commas between them.
    case featureGates = "feature-gates"
    /// Whether the rule that drops INVALID packets is left out.
    case conntrackTCPBeLiberal = "conntrack-tcp-be-liberal"
    /// Whether the nfacct counters of newer kube-proxies exist on the host.
    case nfacct
    /// Whether the host's iptables lacks `MASQUERADE --random-fully`.
    case noRandomFully = "no-random-fully"
    /// The kernel's name of a scheduler.
    case ipvsScheduler = "ipvs-scheduler"
    /// The ranges in which virtual servers that others left are not touched, with commas between them.
    case ipvsExcludeCIDRs = "ipvs-exclude-cidrs"
    /// Whether ARP is answered only for addresses of the interface that is asked.
    case ipvsStrictARP = "ipvs-strict-arp"
    /// How long idle TCP connections are kept, as Go writes durations, such as `15m0s`.
    case ipvsTCPTimeout = "ipvs-tcp-timeout"
    /// How long TCP connections are kept after a FIN.
    case ipvsTCPFinTimeout = "ipvs-tcpfin-timeout"
    /// How long idle UDP connections are kept.
    case ipvsUDPTimeout = "ipvs-udp-timeout"
    /// The node's kernel, as `uname -r` prints it.
    case kernelVersion = "kernel-version"
    /// How packets reach real servers; kube-proxy knows `masquerading` only.
    case ipvsForwarding = "ipvs-forwarding"

    /// Whether the flag is on or off: it takes a value only as `--flag=BOOL`, and stands for `true` without one.
    public var isBoolean: Bool {
        switch self {
        case .masqueradeAll, .localhostNodePorts, .conntrackTCPBeLiberal, .nfacct, .noRandomFully, .ipvsStrictARP: true
        default: false
        }
    }

    /// The only mode in which the flag has an effect; nil: it is not for one mode alone.
    public var mode: ProxyMode? {
        switch self {
        case .ipvsScheduler, .ipvsExcludeCIDRs, .ipvsStrictARP, .ipvsTCPTimeout, .ipvsTCPFinTimeout, .ipvsUDPTimeout,
            .kernelVersion, .ipvsForwarding:
            .ipvs
        case .nftablesMasqueradeBit: .nftables
        default: nil
        }
    }
}
