internal import KubeProxy

/// What help says about a flag.
struct FlagWords {
    /// The name of the value.
    var placeholder = ""
    let help: String
    /// The usual default.
    var defaultText: String?
    var choices: [String] = []

    init(_ placeholder: String, _ help: String, default defaultText: String? = nil, choices: [String] = []) {
        self.placeholder = placeholder
        self.help = help
        self.defaultText = defaultText
        self.choices = choices
    }
}

extension ProxyFlag {
    /// Whether short help describes the flag, and does not only name it.
    var isCommon: Bool {
        switch self {
        case .node, .family, .proxyMode, .version, .clusterCIDR: true
        default: false
        }
    }

    /// The words of help, for a command that serves some modes.
    func words(_ modes: [ProxyMode]) -> FlagWords {
        switch self {
        case .node: FlagWords("NAME", "the node that the rules are for", default: "the only Node of the snapshot")
        case .family: FlagWords("ipv4|ipv6", "the address family", default: "ipv4")
        case .proxyMode:
            FlagWords(modes.map(\.rawValue).joined(separator: "|"), "kube-proxy's mode", default: "iptables")
        case .version:
            FlagWords(
                "1.N", "kube-proxy's version, 1.24 to 1.37",
                default: "the Node's kubeProxyVersion or kubeletVersion, else 1.36")
        case .clusterCIDR: FlagWords("CIDR[,CIDR]", "the range of pod addresses, in mode ClusterCIDR")
        case .detectLocalMode:
            FlagWords(
                "MODE",
                "how traffic of local pods is detected: ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix",
                default: "ClusterCIDR", choices: DetectLocalMode.allCases.map(\.rawValue))
        case .podBridgeInterface: FlagWords("NAME", "the bridge, in mode BridgeInterface")
        case .podInterfaceNamePrefix: FlagWords("PREFIX", "how pods' interfaces begin, in mode InterfaceNamePrefix")
        case .masqueradeAll: FlagWords("", "masquerade everything that is sent to a cluster IP", default: "false")
        case .masqueradeBit: FlagWords("N", "the bit of the packet mark for masquerading, 0 to 31", default: "14")
        case .nftablesMasqueradeBit:
            FlagWords(
                "N", "the bit of the packet mark for masquerading; kube-proxy has it in its configuration only",
                default: "14")
        case .localhostNodePorts: FlagWords("", "node ports answer on 127.0.0.1 too (IPv4 only)", default: "true")
        case .nodePortAddresses:
            FlagWords(
                "CIDR[,CIDR]", "the node's addresses that take node ports, or the word 'primary'",
                default: "all; in nftables mode primary")
        case .nodeAddress:
            FlagWords(
                "IP[/LEN]", "an address of the host's interfaces; may be given several times",
                default: "the Node's addresses and loopback")
        case .bindAddress: FlagWords("IP", "kube-proxy's bind address, the node's IP if it is one")
        case .featureGates:
            FlagWords(
                "K=BOOL[,...]",
                "kube-proxy's feature gates; AllowServiceExternalIPs and KubeProxyNFTablesLocalhostNodePorts are those "
                    + "that count")
        case .conntrackTCPBeLiberal:
            FlagWords("", "leave the rule out that drops INVALID packets", default: "false")
        case .nfacct: FlagWords("", "with the nfacct counters that newer kube-proxies add", default: "false")
        case .noRandomFully:
            FlagWords("", "for hosts whose iptables lacks MASQUERADE --random-fully", default: "false")
        case .ipvsScheduler:
            // Written out, since joining the names would be done in every run (measured: a fortieth of rendering the
            // demo cluster).
            FlagWords(
                "NAME", "how virtual servers choose: rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh",
                default: "rr")
        case .ipvsExcludeCIDRs:
            FlagWords(
                "CIDR[,CIDR]",
                "where virtual servers that others left are not touched; the texts do not depend on it")
        case .ipvsStrictARP:
            FlagWords("", "answer ARP only for addresses of the interface that is asked", default: "false")
        case .ipvsTCPTimeout:
            FlagWords(
                "DURATION", "how long idle TCP connections are kept, such as 15m0s", default: "0s, as the host has it")
        case .ipvsTCPFinTimeout: FlagWords("DURATION", "how long TCP connections are kept after a FIN", default: "0s")
        case .ipvsUDPTimeout: FlagWords("DURATION", "how long idle UDP connections are kept", default: "0s")
        case .kernelVersion:
            FlagWords("VERSION", "the kernel's version on the node, as uname -r prints it", default: "6.1")
        case .ipvsForwarding:
            FlagWords(
                "METHOD",
                "how packets reach real servers: masquerading, as kube-proxy has it, gatewaying or tunneling",
                default: "masquerading")
        }
    }
}
