public import NetAddress

/// kube-proxy's mode: `--proxy-mode`.
public enum ProxyMode: String, Sendable, Hashable, CaseIterable {
    /// The modes that kubechains has.
    case iptables, nftables, ipvs

    /// The enhancement proposal (KEP) that says what the mode changes for packets; nil: there is none.
    public var proposal: String? {
        switch self {
        case .nftables: "KEP-3866"
        case .iptables, .ipvs: nil
        }
    }
}

/// How kube-proxy detects traffic of local pods: `--detect-local-mode`.
public enum DetectLocalMode: String, Sendable, Hashable, CaseIterable {
    /// By sources in the ranges of all pods.
    case clusterCIDR = "ClusterCIDR"
    /// By sources in the node's own range of pods.
    case nodeCIDR = "NodeCIDR"
    /// By the bridge that they come in by.
    case bridgeInterface = "BridgeInterface"
    /// By how the names of the interfaces begin that they come in by.
    case interfaceNamePrefix = "InterfaceNamePrefix"
}

/// The addresses of the node that node ports listen on: `--nodeport-addresses`.
public enum NodePortAddresses: Sendable, Hashable {
    /// The addresses in these ranges; all addresses if there is no range.
    case ranges([IPPrefix])
    /// The word `primary`: the Node's primary addresses.
    case primary
    /// Ranges and words in any mixture: nftables mode from kube-proxy 1.37 on.
    case entries([Entry])

    /// One entry of a mixture.
    public enum Entry: Sendable, Hashable {
        /// The addresses in a range.
        case range(IPPrefix)
        /// The Node's primary address.
        case primary
        /// The loopback addresses.
        case localhost
        /// All addresses.
        case all
    }
}

/// A network interface's name, or the beginning of one: 1 to 15 of `A-Z`, `a-z`, `0-9` and `_.:@-`.
public struct InterfaceName: Sendable, Hashable, CustomStringConvertible {
    /// The name.
    public let text: String

    /// The name; nil if the text is not a valid one.
    public init?(_ text: String) {
        guard (1...15).contains(text.utf8.count) else { return nil }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"),
                UInt8(ascii: "@"), UInt8(ascii: "-"):
                continue
            default: return nil
            }
        }
        self.text = text
    }

    public var description: String { text }
}

/// kube-proxy's settings, and what it finds out about its host, as far as they affect rules. The defaults are
/// kube-proxy's.
public struct ProxySettings: Sendable, Hashable {
    /// The node whose rules are wanted; nil: the only Node of the snapshot.
    public var nodeName: String?
    /// kube-proxy's mode as it is set; nil: it is not, so that it is iptables (up to 1.39).
    public var givenMode: ProxyMode?
    /// kube-proxy's mode.
    public var mode: ProxyMode {
        get { givenMode ?? .iptables }
        set { givenMode = newValue }
    }
    /// kube-proxy's version; nil: the one that the Node says, else ``ProxyVersion/default`` (``VersionChoice``).
    public var version: ProxyVersion?
    /// The family of the rules; kube-proxy runs once for each.
    public var family: AddressFamily = .ipv4
    /// How traffic of local pods is detected.
    public var detectLocalMode: DetectLocalMode = .clusterCIDR
    /// The ranges of all pods, for mode ``DetectLocalMode/clusterCIDR``; the first of the family counts.
    public var clusterCIDRs: [IPPrefix] = []
    /// How ``clusterCIDRs`` were spelled, one text for each; versions up to 1.29 write the text. None for those that were
    /// made from values.
    public var clusterCIDRTexts: [String] = []
    /// The bridge of mode ``DetectLocalMode/bridgeInterface``.
    public var podBridgeInterface: InterfaceName?
    /// The prefix of mode ``DetectLocalMode/interfaceNamePrefix``.
    public var podInterfaceNamePrefix: InterfaceName?
    /// The modes in which the source of everything that is sent to a cluster IP is rewritten: a KubeProxyConfiguration says it
    /// in a section of each mode.
    public var masqueradingModes: Set<ProxyMode> = []
    /// Rewrite the source of everything that is sent to a cluster IP, in the mode; set for all modes, as kube-proxy's flag is.
    public var masqueradeAll: Bool {
        get { masqueradingModes.contains(mode) }
        set { masqueradingModes = newValue ? Set(ProxyMode.allCases) : [] }
    }
    /// The bit of the packet mark, 0…31, which says that a packet is to be masqueraded.
    public var masqueradeBit = 14
    /// The same bit in nftables mode: `nftables.masqueradeBit` of the configuration. kube-proxy has no flag for it.
    public var nftablesMasqueradeBit = 14
    /// Let node ports answer on 127.0.0.1 (IPv4 only).
    public var localhostNodePorts = true
    /// The addresses that node ports listen on. An empty list of ranges means all addresses, in nftables mode the word
    /// `primary`.
    public var nodePortAddresses: NodePortAddresses = .ranges([])
    /// How the ranges of ``nodePortAddresses`` were spelled, one text for each; to versions up to 1.33 it makes a
    /// difference. None for those that were made from values.
    public var nodePortAddressTexts: [String] = []
    /// The addresses of the host's interfaces; nil: the Node's addresses and loopback.
    public var hostAddresses: [IPAddress]?
    /// kube-proxy's bind address; nil or unspecified: the Node's address is the node's IP.
    public var bindAddress: IPAddress?
    /// The feature gate `AllowServiceExternalIPs`.
    public var allowServiceExternalIPs = true
    /// The feature gate `KubeProxyNFTablesLocalhostNodePorts`, which kube-proxy has from 1.37 on.
    public var localhostNodePortsInNftables = false
    /// The sysctl `net.netfilter.nf_conntrack_tcp_be_liberal` is set on the host.
    public var conntrackTCPBeLiberal = false
    /// The nfacct counters of newer kube-proxies exist on the host.
    public var hasAccountingCounters = false
    /// The host's iptables supports `MASQUERADE --random-fully`.
    public var hasRandomFully = true
    /// Settings of IPVS mode.
    public var ipvs = IPVSSettings()

    /// kube-proxy's defaults.
    public init() {}

    /// The text of a range: the one at its index where that spells the range, else the canonical one.
    static func text(of range: IPPrefix, at index: Int, in texts: [String]) -> String {
        guard index < texts.count, IPPrefix(texts[index]) == range else { return range.description }
        return texts[index]
    }
}
