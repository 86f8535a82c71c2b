public import NetAddress

/// A setting that was not given and is read off a node's rules, where it is another than kube-proxy's default.
public enum InferredSetting: Sendable, Hashable {
    /// The node's name.
    case node(String)
    /// kube-proxy's release, such as `1.30`.
    case version(String)
    /// How traffic of local pods is detected.
    case localTraffic(SettingDifference.MasqueradedSources)
    /// Traffic of local pods is detected by the node's own pod CIDR.
    case nodeCIDR
    /// `--masquerade-all`.
    case masqueradeAll
    /// `--iptables-masquerade-bit`.
    case masqueradeBit(Int)
    /// `--nftables-masquerade-bit`.
    case nftablesMasqueradeBit(Int)
    /// `--nodeport-addresses`, where ranges show.
    case nodePortRanges([IPPrefix])
    /// `--feature-gates KubeProxyNFTablesLocalhostNodePorts=true`.
    case localhostNodePortsInNftables
    /// `--nodeport-addresses`, as far as rules show them.
    case nodePortAddresses([IPAddress])
    /// `--iptables-localhost-nodeports=false`.
    case noLocalhostNodePorts
    /// `--conntrack-tcp-be-liberal`.
    case conntrackTCPBeLiberal
    /// `--no-random-fully`.
    case noRandomFully
    /// `--nfacct`.
    case accountingCounters
    /// `--ipvs-scheduler`.
    case scheduler(IPVSScheduler)
    /// `--ipvs-forwarding`.
    case forwarding(ForwardingMethod)
    /// `--ipvs-strict-arp`.
    case strictARP
    /// `--feature-gates AllowServiceExternalIPs=false`.
    case noExternalIPs
    /// `--bind-address`.
    case bindAddress(IPAddress)

    /// The options that give the setting, each with its value.
    public var options: [(name: String, value: String?)] {
        switch self {
        case .node(let name): [("node", name)]
        case .version(let release): [("kube-proxy-version", release)]
        case .localTraffic(let sources): sources.options
        case .nodeCIDR: [("detect-local-mode", "NodeCIDR")]
        case .masqueradeAll: [("masquerade-all", nil)]
        case .masqueradeBit(let bit): [("iptables-masquerade-bit", "\(bit)")]
        case .nodePortAddresses(let addresses):
            [("nodeport-addresses", addresses.map { "\(IPPrefix(single: $0))" }.joined(separator: ","))]
        case .nftablesMasqueradeBit(let bit): [("nftables-masquerade-bit", "\(bit)")]
        case .nodePortRanges(let ranges): [("nodeport-addresses", ranges.map { "\($0)" }.joined(separator: ","))]
        case .localhostNodePortsInNftables: [("feature-gates", "KubeProxyNFTablesLocalhostNodePorts=true")]
        case .noLocalhostNodePorts: [("iptables-localhost-nodeports", "false")]
        case .conntrackTCPBeLiberal: [("conntrack-tcp-be-liberal", nil)]
        case .noRandomFully: [("no-random-fully", nil)]
        case .accountingCounters: [("nfacct", nil)]
        case .scheduler(let scheduler): [("ipvs-scheduler", "\(scheduler)")]
        case .forwarding(let method): [("ipvs-forwarding", "\(method)")]
        case .strictARP: [("ipvs-strict-arp", nil)]
        case .noExternalIPs: [("feature-gates", "AllowServiceExternalIPs=false")]
        case .bindAddress(let address): [("bind-address", "\(address)")]
        }
    }

    /// The options as they are typed.
    public var text: String {
        options.map { option in
            guard let value = option.value else { return "--\(option.name)" }
            // A boolean takes its value behind an equals sign only.
            return value == "false" ? "--\(option.name)=false" : "--\(option.name) \(value)"
        }.joined(separator: " ")
    }
}

extension InferredSetting {
    /// What else the rules may mean, where only a rule that is not there shows the setting; nil: they show it.
    public var doubt: String? {
        switch self {
        case .conntrackTCPBeLiberal:
            "or the rule of KUBE-FORWARD that drops INVALID packets was deleted: "
                + "'sysctl net.netfilter.nf_conntrack_tcp_be_liberal' tells, 0 means deleted"
        case .noExternalIPs: "or the rules of all external IPs are missing: see kube-proxy's --feature-gates"
        default: nil
        }
    }
}

extension SettingDifference.MasqueradedSources {
    /// The options of kube-proxy that have this effect.
    var options: [(name: String, value: String?)] {
        switch self {
        case .nobody: []
        case .everybody: [("masquerade-all", nil)]
        case .outsideRange(let range): [("cluster-cidr", "\(range)")]
        case .outsideInterface(let name): [("detect-local-mode", "BridgeInterface"), ("pod-bridge-interface", name)]
        case .outsideInterfaces(let prefix):
            [("detect-local-mode", "InterfaceNamePrefix"), ("pod-interface-name-prefix", prefix)]
        }
    }

    /// The sources of which a way of detecting local traffic masquerades the others.
    init(_ localTraffic: NodeFacts.LocalTraffic?) {
        switch localTraffic {
        case nil: self = .nobody
        case .source(let range): self = .outsideRange(range)
        case .interface(let name) where name.utf8.last == UInt8(ascii: "+"):
            self = .outsideInterfaces(prefix: String(name.dropLast()))
        case .interface(let name): self = .outsideInterface(name)
        }
    }
}

extension [InferredSetting] {
    /// Puts a version at its place: behind the Node.
    mutating func insert(version: ProxyVersion) {
        let place = firstIndex { if case .node = $0 { false } else { true } }
        insert(.version(version.release), at: place ?? endIndex)
    }
}
