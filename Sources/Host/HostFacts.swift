internal import Iptables
internal import KubeChainsBytes
package import KubeProxy
package import NetAddress

/// What kube-proxy would find out about its host, as far as it shapes rules.
package enum HostFacts {
    private static let liberalSysctl = "/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal"
    private static let kernelRelease = "/proc/sys/kernel/osrelease"
    static let routeLocalnetSysctl = "/proc/sys/net/ipv4/conf/all/route_localnet"
    private static let counters = ["ct_state_invalid_dropped_pkts", "localhost_nps_accepted_pkts"]

    /// Settings completed with the host's facts, where neither flags nor configuration set them.
    ///
    /// - Parameter isGiven: whether the user gave a flag, so that the host is not asked.
    package static func complete(
        _ settings: ProxySettings, isGiven: (ProxyFlag) -> Bool, _ iptables: IptablesPrograms?
    ) throws(HostError) -> ProxySettings {
        var settings = settings
        settings.nodeName = settings.nodeName ?? System.hostName
        if settings.hostAddresses == nil {
            do throws(SystemError) {
                // kube-proxy ignores the addresses that it assigned itself.
                let excluded = settings.mode == .ipvs ? IPVSHostState.interfaceName : nil
                settings.hostAddresses = try System.interfaceAddresses(except: excluded)
            } catch {
                throw HostError("error: the addresses of the host's interfaces cannot be read: \(error)")
            }
        }
        if !isGiven(.conntrackTCPBeLiberal) {
            settings.conntrackTCPBeLiberal = (System.text(of: liberalSysctl) ?? "0") != "0"
        }
        if !isGiven(.noRandomFully), let iptables { settings.hasRandomFully = iptables.hasRandomFully }
        if !isGiven(.kernelVersion), let release = System.text(of: kernelRelease) {
            // A version that is not understood leaves the default.
            try? settings.ipvs.setKernelVersion(release)
        }
        if !isGiven(.nfacct) { settings.hasAccountingCounters = hasCounters }
        return settings
    }

    /// The running kernel's release, such as `6.1.0-18-amd64`; nil: it cannot be read.
    package static var kernelReleaseText: String? { System.text(of: kernelRelease) }

    /// A table of nftables mode, such as `table ip kube-proxy`; nil: there is none, or no nft to ask.
    static var nftablesTable: String? {
        guard let nft = System.findProgram("nft"), let list = try? System.run(nft, ["list", "tables"]), list.isSuccess
        else { return nil }
        let tables = String(decoding: list.output, as: UTF8.self).split(separator: "\n")
        let own = AddressFamily.allCases.map { "table \($0.keyword) \(NftablesHostState.tableName)" }
        return tables.first { own.contains(String($0)) }.map { String($0) }
    }

    /// Whether the interface is there on which IPVS mode puts the addresses of Services.
    static var hasIPVSInterface: Bool {
        System.text(of: "/sys/class/net/\(IPVSHostState.interfaceName)/ifindex") != nil
            || System.text(of: "/proc/sys/net/ipv4/conf/\(IPVSHostState.interfaceName)/forwarding") != nil
    }

    /// The sign that a kube-proxy runs on the host; nil if none does.
    package static func signOfKubeProxy(_ rules: [HostRules]) -> String? {
        if let process = System.process(named: "kube-proxy") {
            return "process \(process.id) is named kube-proxy"
                + (process.isUnknown
                    ? ", and its network namespace cannot be asked for" : " and is in this network namespace")
        }
        let hasCanary = rules.contains { rules in
            rules.live.tables.contains { table in table[chain: "KUBE-PROXY-CANARY"] != nil }
        }
        return hasCanary ? "its chain KUBE-PROXY-CANARY is there" : nil
    }

    /// Whether the kernel holds both of kube-proxy's counters.
    private static var hasCounters: Bool {
        guard let program = System.findProgram("nfacct"), let list = try? System.run(program, ["list"]) else {
            return false
        }
        let text = String(decoding: list.output, as: UTF8.self)
        return counters.allSatisfy { text.contains(text: " \($0);") }
    }

    /// Creates kube-proxy's counters if they are missing.
    package static func makeCounters() throws(HostError) {
        // Without the program they may exist all the same; if they do not, the rules are refused.
        guard let program = System.findProgram("nfacct") else { return }
        for name in counters {
            do {
                // It fails if the counter exists already.
                _ = try System.run(program, ["add", name])
            } catch {
                throw HostError("error: \(program) cannot be run: \(error)")
            }
        }
    }

    /// Looks whether ``enableRouteLocalnet()`` can do its work, before anything is changed.
    static func checkRouteLocalnet() throws(HostError) {
        guard System.text(of: routeLocalnetSysctl) != "1",
            let obstacle = System.obstacle(toWriting: routeLocalnetSysctl)
        else { return }
        throw HostError(
            "error: net.ipv4.conf.all.route_localnet cannot be set, which node ports on 127.0.0.1 need: \(obstacle); nothing was "
                + "changed. Set it to 1 from outside, or give --iptables-localhost-nodeports=false")
    }

    /// What of the kernel's settings keeps Services from working, whatever the rules are.
    package static func kernelWarnings(_ families: [AddressFamily]) -> [String] {
        let bridged =
            "packets between pods of one bridge do not meet the rules, so that Services fail for endpoints beside them"
        var settings: [(name: String, effect: String)] = []
        if families.contains(.ipv4) {
            settings += [
                ("net.ipv4.ip_forward", "packets of pods and for node ports are not forwarded"),
                ("net.bridge.bridge-nf-call-iptables", bridged),
            ]
        }
        if families.contains(.ipv6) {
            settings += [
                ("net.ipv6.conf.all.forwarding", "IPv6 packets of pods and for node ports are not forwarded"),
                ("net.bridge.bridge-nf-call-ip6tables", bridged),
            ]
        }
        return settings.compactMap { name, effect in
            let path = name.split(separator: ".").joined(separator: "/")
            guard System.text(of: "/proc/sys/\(path)") == "0" else { return nil }
            return "warning: the sysctl \(name) is 0: \(effect)"
        }
    }

    /// Makes loopback addresses routable, which node ports on 127.0.0.1 need.
    ///
    /// - Returns: a report of what was changed; nil if nothing was.
    package static func enableRouteLocalnet() throws(HostError) -> String? {
        let old = System.text(of: routeLocalnetSysctl) ?? "?"
        guard old != "1" else { return nil }
        do {
            try System.setKernelValue(routeLocalnetSysctl, "1")
        } catch {
            throw HostError(
                "error: net.ipv4.conf.all.route_localnet cannot be set, which node ports on 127.0.0.1 need: \(error); "
                    + "the rules are in place")
        }
        return "net.ipv4.conf.all.route_localnet: \(old) -> 1"
    }
}
