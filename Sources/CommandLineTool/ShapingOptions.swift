internal import KubeProxy

extension OptionGroup {
    /// The options that shape the rules, named as kube-proxy's flags are. Every command that reads a snapshot has them.
    static let shaping = OptionGroup(
        title: "Options that shape the rules",
        options: [
            OptionSpec(
                name: "node", value: .text("NAME"), help: "the node to render for",
                defaultText: "the only Node of the snapshot"
            ) { invocation, text throws(OptionError) in
                try set { () throws(SettingError) in try invocation.settings.setNodeName(text) }
            },
            .family,
            .proxyMode,
            .kubeProxyVersion,
            OptionSpec(
                name: "config", value: .text("FILE"),
                help: "a KubeProxyConfiguration as JSON; flags win over it"
            ) { invocation, text throws(OptionError) in invocation.configFile = text },
            OptionSpec(
                name: "cluster-cidr", value: .text("CIDR[,CIDR]"),
                help: "the range of pod addresses, in mode ClusterCIDR"
            ) { invocation, text throws(OptionError) in
                try set { () throws(SettingError) in try invocation.settings.setClusterCIDRs(text) }
            },
            OptionSpec(
                name: "detect-local-mode", value: .text("MODE"),
                help:
                    "how traffic of local pods is told: ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix",
                defaultText: "ClusterCIDR", choices: DetectLocalMode.allCases.map(\.rawValue)
            ) { invocation, text throws(OptionError) in
                try set { () throws(SettingError) in try invocation.settings.setDetectLocalMode(text) }
            },
            OptionSpec(
                name: "pod-bridge-interface", value: .text("NAME"), help: "the bridge, in mode BridgeInterface"
            ) { invocation, text throws(OptionError) in
                try set { () throws(SettingError) in try invocation.settings.setPodBridgeInterface(text) }
            },
            OptionSpec(
                name: "pod-interface-name-prefix", value: .text("PREFIX"),
                help: "how pods' interfaces begin, in mode InterfaceNamePrefix"
            ) { invocation, text throws(OptionError) in
                try set { () throws(SettingError) in try invocation.settings.setPodInterfaceNamePrefix(text) }
            },
            .boolean("masquerade-all", "masquerade everything that is sent to a cluster IP", "false") {
                $0.settings.masqueradeAll = $1
            },
            OptionSpec(
                name: "iptables-masquerade-bit", value: .text("N"),
                help: "the bit of the packet mark for masquerading, 0 to 31", defaultText: "14"
            ) { invocation, text throws(OptionError) in
                try set { () throws(SettingError) in try invocation.settings.setMasqueradeBit(text) }
            },
            .boolean("iptables-localhost-nodeports", "node ports answer on 127.0.0.1 too (IPv4 only)", "true") {
                $0.settings.localhostNodePorts = $1
            },
            OptionSpec(
                name: "nodeport-addresses", value: .text("CIDR[,CIDR]"),
                help: "the node's addresses that take node ports, or the word 'primary'", defaultText: "all"
            ) { invocation, text throws(OptionError) in
                let texts = text.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
                try set { () throws(SettingError) in try invocation.settings.setNodePortAddresses(texts) }
            },
            OptionSpec(
                name: "node-address", value: .text("IP[/LEN]"),
                help: "an address of the host's interfaces; may be given several times",
                defaultText: "the Node's addresses and loopback"
            ) { invocation, text throws(OptionError) in
                try set { () throws(SettingError) in try invocation.settings.addHostAddress(text) }
            },
            OptionSpec(
                name: "bind-address", value: .text("IP"), help: "kube-proxy's bind address, the node's IP if it is one"
            ) { invocation, text throws(OptionError) in
                try set { () throws(SettingError) in try invocation.settings.setBindAddress(text) }
            },
            OptionSpec(
                name: "feature-gates", value: .text("K=BOOL[,...]"),
                help: "kube-proxy's feature gates; AllowServiceExternalIPs is the one that counts"
            ) { invocation, text throws(OptionError) in
                for pair in text.split(separator: ",") {
                    let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                    guard parts.count == 2 else {
                        throw OptionError(message: "'\(pair)' is no gate: expected NAME=true or NAME=false")
                    }
                    let name = String(parts[0])
                    let isOn = try parseBoolean(String(parts[1]))
                    if !invocation.settings.setFeatureGate(name, isOn) { invocation.unknownGates.append(name) }
                }
            },
            .boolean("conntrack-tcp-be-liberal", "leave the rule out that drops INVALID packets", "false") {
                $0.settings.conntrackTCPBeLiberal = $1
            },
            .boolean("nfacct", "with the nfacct counters that newer kube-proxies add", "false") {
                $0.settings.hasAccountingCounters = $1
            },
            .boolean("no-random-fully", "for hosts whose iptables lacks MASQUERADE --random-fully", "false") {
                $0.settings.hasRandomFully = !$1
            },
        ])
}

extension OptionGroup {
    /// The options of IPVS mode.
    static let ipvs = OptionGroup(
        title: "Options of IPVS mode",
        options: [
            // Written out, since joining the names would be done in every run (measured: a fortieth of rendering the
            // demo cluster).
            OptionSpec(
                name: "ipvs-scheduler", value: .text("NAME"),
                help: "how virtual servers choose: rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh",
                defaultText: "rr"
            ) { invocation, text throws(OptionError) in
                try set { () throws(SettingError) in try invocation.settings.ipvs.setScheduler(text) }
            },
            .ipvsExcludeCIDRs,
            .boolean("ipvs-strict-arp", "answer ARP only for addresses of the interface that is asked", "false") {
                $0.settings.ipvs.strictARP = $1
            },
            OptionSpec(
                name: "ipvs-tcp-timeout", value: .text("DURATION"),
                help: "how long idle TCP connections are kept, such as 15m0s", defaultText: "0s, as the host has it"
            ) { invocation, text throws(OptionError) in
                try set { () throws(SettingError) in
                    invocation.settings.ipvs.tcpTimeout = try IPVSSettings.timeout(text)
                }
            },
            OptionSpec(
                name: "ipvs-tcpfin-timeout", value: .text("DURATION"),
                help: "how long TCP connections are kept after a FIN", defaultText: "0s"
            ) { invocation, text throws(OptionError) in
                try set { () throws(SettingError) in
                    invocation.settings.ipvs.tcpFinTimeout = try IPVSSettings.timeout(text)
                }
            },
            OptionSpec(
                name: "ipvs-udp-timeout", value: .text("DURATION"), help: "how long idle UDP connections are kept",
                defaultText: "0s"
            ) { invocation, text throws(OptionError) in
                try set { () throws(SettingError) in
                    invocation.settings.ipvs.udpTimeout = try IPVSSettings.timeout(text)
                }
            },
            OptionSpec(
                name: "kernel-version", value: .text("VERSION"),
                help: "the kernel's version on the node, as uname -r prints it",
                defaultText: "6.1; of apply: the running one"
            ) { invocation, text throws(OptionError) in
                try set { () throws(SettingError) in try invocation.settings.ipvs.setKernelVersion(text) }
            },
            OptionSpec(
                name: "ipvs-forwarding", value: .text("METHOD"),
                help: "how packets reach real servers: masquerading, as kube-proxy has it, gatewaying or tunneling",
                defaultText: "masquerading"
            ) { invocation, text throws(OptionError) in
                try set { () throws(SettingError) in try invocation.settings.ipvs.setForwarding(text) }
            },
        ])
}

extension OptionSpec {
    static let family = OptionSpec(
        name: "family", value: .text("ipv4|ipv6"), help: "the address family, one per output", defaultText: "ipv4"
    ) { invocation, text throws(OptionError) in
        try set { () throws(SettingError) in try invocation.settings.setFamily(text) }
    }

    static let proxyMode = OptionSpec(
        name: "proxy-mode", value: .text("iptables|ipvs"),
        help: "kube-proxy's mode; render, apply, cleanup, explain and lint serve ipvs", defaultText: "iptables"
    ) { invocation, text throws(OptionError) in
        try set { () throws(SettingError) in try invocation.settings.setMode(text) }
    }

    static let kubeProxyVersion = OptionSpec(
        name: "kube-proxy-version", value: .text("1.N"), help: "kube-proxy's version, 1.24 to 1.37",
        defaultText: "the Node's kubeProxyVersion or kubeletVersion, else 1.36"
    ) { invocation, text throws(OptionError) in
        try set { () throws(SettingError) in try invocation.settings.setVersion(text) }
    }

    static let ipvsExcludeCIDRs = OptionSpec(
        name: "ipvs-exclude-cidrs", value: .text("CIDR[,CIDR]"),
        help: "where virtual servers that others left are not touched; the texts do not depend on it"
    ) { invocation, text throws(OptionError) in
        try set { () throws(SettingError) in try invocation.settings.ipvs.setExcludeCIDRs(text) }
    }

    /// An option that is on or off.
    static func boolean(
        _ name: String, _ help: String, _ defaultText: String?,
        _ set: @escaping @Sendable (inout Invocation, Bool) -> Void
    ) -> OptionSpec {
        OptionSpec(name: name, value: .boolean, help: help, defaultText: defaultText) {
            invocation, text throws(OptionError) in set(&invocation, try parseBoolean(text))
        }
    }
}

/// The words that Go's flags accept as a boolean.
private func parseBoolean(_ text: String) throws(OptionError) -> Bool {
    switch text {
    case "1", "t", "T", "true", "TRUE", "True": return true
    case "0", "f", "F", "false", "FALSE", "False": return false
    default: throw OptionError(message: "'\(text)' is neither true nor false")
    }
}

/// Runs a setter; its error becomes the option's.
private func set(_ body: () throws(SettingError) -> Void) throws(OptionError) {
    do {
        try body()
    } catch {
        throw OptionError(message: error.description)
    }
}
