internal import Iptables
internal import KubeChainsBytes

/// What kube-proxy in IPVS mode sets up besides the texts that it restores (kube-proxy 1.36: `NewProxier`,
/// `createAndLinkKubeChain` and `iptablesJumpChain` of `pkg/proxy/ipvs/proxier.go`).
struct IPVSSetup {
    private let settings: IPVSSettings

    init(_ settings: ProxySettings) { self.settings = settings.ipvs }

    func write(to text: inout TextWriter) {
        for sysctl in sysctls { text.append(string: "sysctl \(sysctl.name) = \(sysctl.value)\n") }
        if !timeouts.isEmpty {
            text.append(string: "ipvsadm --set \(timeouts.map { "\($0)" }.joined(separator: " "))\n")
        }
        for table in IPVSRules.tables {
            for chain in table.chains { text.append(string: "iptables -t \(table.name) -N \(chain.text)\n") }
        }
        for jump in JumpRule.ipvsMode {
            text.append(string: "iptables -t \(jump.table) -I \(jump.text)\n")
        }
    }

    /// Both families share them.
    var sysctls: [IPVSHostState.Sysctl] {
        var sysctls: [(StaticString, Int)] = [("vs/conntrack", 1)]
        // Older kernels do not have it; newer ones do the right thing by default.
        if (KernelVersion(4, 1)..<KernelVersion(5, 9)).contains(settings.kernelVersion) {
            sysctls.append(("vs/conn_reuse_mode", 0))
        }
        sysctls += [("vs/expire_nodest_conn", 1), ("vs/expire_quiescent_template", 1), ("ip_forward", 1)]
        if settings.strictARP { sysctls += [("conf/all/arp_ignore", 1), ("conf/all/arp_announce", 2)] }
        return sysctls.map { name, value in IPVSHostState.Sysctl(name: "net/ipv4/\(name)", value: "\(value)") }
    }

    /// In whole seconds, those for TCP, TCP after a FIN and UDP, 0 for one that stays as it is; none if all do.
    var timeouts: [Int] {
        let timeouts = [settings.tcpTimeout, settings.tcpFinTimeout, settings.udpTimeout]
        guard timeouts.contains(where: { $0 > .zero }) else { return [] }
        return timeouts.map { Int($0.components.seconds) }
    }
}
