extension ClusterDescription {
    /// The options that shape the rules, with kube-proxy's defaults.
    public struct Settings: Sendable, Equatable {
        /// `--node`.
        public var node: String
        /// `--family`.
        public var family = Family.ipv4
        /// `--masquerade-all`.
        public var masqueradeAll = false
        /// `--iptables-masquerade-bit`, 0...31.
        public var masqueradeBit = 14
        /// `--iptables-localhost-nodeports`.
        public var localhostNodePorts = true
        /// `--nodeport-addresses`: CIDRs, or the single word `primary`.
        public var nodePortAddresses: [String] = []
        /// `--node-address`: the addresses of the host's interfaces, with or without prefix length; empty means the
        /// Node's addresses and loopback.
        public var interfaceAddresses: [String] = []
        /// `--detect-local-mode`.
        public var detectLocalMode: String?
        /// `--cluster-cidr`.
        public var clusterCIDRs: [String] = []
        /// `--pod-bridge-interface`.
        public var bridgeInterface: String?
        /// `--pod-interface-name-prefix`.
        public var interfaceNamePrefix: String?
        /// `--nfacct`.
        public var nfacctCounters = false
        /// `--conntrack-tcp-be-liberal`.
        public var conntrackTCPLiberal = false
        /// False for `--no-random-fully`.
        public var randomFully = true
        /// The feature gate `AllowServiceExternalIPs`.
        public var allowExternalIPs = true
        /// `--bind-address`.
        public var bindAddress: String?
        /// `--proxy-mode`; nil stands for the default.
        public var proxyMode: String?
        /// `--nftables-masquerade-bit`, 0...31.
        public var nftablesMasqueradeBit = 14
        /// The feature gate `KubeProxyNFTablesLocalhostNodePorts`.
        public var localhostNodePortsGate = false
        /// `--kube-proxy-version`: the `N` of `1.N`.
        public var kubeProxyMinor = newestRecordedMinor

        /// The version of which most texts are recorded.
        public static let newestRecordedMinor = 36

        /// Creates the default settings for a node.
        public init(node: String) {
            self.node = node
        }
    }
}

extension ClusterDescription.Settings {
    /// One option of the command line: its name and, where it takes one, its value.
    typealias Option = (name: String, value: String?)

    /// The options that differ from the defaults, and the node, in a fixed order.
    var options: [Option] {
        var options: [Option] = [("--node", node)]
        if family == .ipv6 { options.append(("--family", "ipv6")) }
        if masqueradeAll { options.append(("--masquerade-all", nil)) }
        if masqueradeBit != 14 { options.append(("--iptables-masquerade-bit", String(masqueradeBit))) }
        if !localhostNodePorts { options.append(("--iptables-localhost-nodeports=false", nil)) }
        if !nodePortAddresses.isEmpty {
            options.append(("--nodeport-addresses", nodePortAddresses.joined(separator: ",")))
        }
        options += interfaceAddresses.map { ("--node-address", $0) }
        if let detectLocalMode { options.append(("--detect-local-mode", detectLocalMode)) }
        if !clusterCIDRs.isEmpty { options.append(("--cluster-cidr", clusterCIDRs.joined(separator: ","))) }
        if let bridgeInterface { options.append(("--pod-bridge-interface", bridgeInterface)) }
        if let interfaceNamePrefix { options.append(("--pod-interface-name-prefix", interfaceNamePrefix)) }
        if nfacctCounters { options.append(("--nfacct", nil)) }
        if conntrackTCPLiberal { options.append(("--conntrack-tcp-be-liberal", nil)) }
        if !randomFully { options.append(("--no-random-fully", nil)) }
        var gates = allowExternalIPs ? [] : ["AllowServiceExternalIPs=false"]
        if localhostNodePortsGate { gates.append("KubeProxyNFTablesLocalhostNodePorts=true") }
        if !gates.isEmpty { options.append(("--feature-gates", gates.joined(separator: ","))) }
        if let proxyMode { options.append(("--proxy-mode", proxyMode)) }
        if nftablesMasqueradeBit != 14 {
            options.append(("--nftables-masquerade-bit", String(nftablesMasqueradeBit)))
        }
        if let bindAddress { options.append(("--bind-address", bindAddress)) }
        if kubeProxyMinor != Self.newestRecordedMinor {
            options.append(("--kube-proxy-version", "1.\(kubeProxyMinor)"))
        }
        return options
    }

    /// Reads the arguments of a recorded case, in which an option and its value are two arguments.
    public init(arguments: [String]) throws {
        self.init(node: "")
        var rest = arguments[...]
        while let name = rest.popFirst() {
            if try setSwitch(name) { continue }
            guard let value = rest.popFirst() else { throw RecordedCaseError("option \(name) has no value") }
            try set(name, to: value)
        }
    }

    private mutating func setSwitch(_ name: String) throws -> Bool {
        switch name {
        case "--masquerade-all": masqueradeAll = true
        case "--iptables-localhost-nodeports=false": localhostNodePorts = false
        case "--nfacct": nfacctCounters = true
        case "--conntrack-tcp-be-liberal": conntrackTCPLiberal = true
        case "--no-random-fully": randomFully = false
        default: return false
        }
        return true
    }

    private mutating func set(_ name: String, to value: String) throws {
        let list = value.split(separator: ",").map(String.init)
        switch name {
        case "--node": node = value
        case "--family": family = value == "ipv6" ? .ipv6 : .ipv4
        case "--iptables-masquerade-bit": masqueradeBit = Int(value) ?? masqueradeBit
        case "--nodeport-addresses": nodePortAddresses = list
        case "--node-address": interfaceAddresses.append(value)
        case "--detect-local-mode": detectLocalMode = value
        case "--cluster-cidr": clusterCIDRs = list
        case "--pod-bridge-interface": bridgeInterface = value
        case "--pod-interface-name-prefix": interfaceNamePrefix = value
        case "--feature-gates":
            allowExternalIPs = !list.contains("AllowServiceExternalIPs=false")
            localhostNodePortsGate = list.contains("KubeProxyNFTablesLocalhostNodePorts=true")
        case "--proxy-mode": proxyMode = value
        case "--nftables-masquerade-bit": nftablesMasqueradeBit = Int(value) ?? nftablesMasqueradeBit
        case "--bind-address": bindAddress = value
        case "--kube-proxy-version": kubeProxyMinor = Int(value.dropFirst(2)) ?? kubeProxyMinor
        default: throw RecordedCaseError("unknown option \(name)")
        }
    }
}
