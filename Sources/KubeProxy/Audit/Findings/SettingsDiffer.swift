internal import NetAddress

/// kube-proxy runs with another setting than the one given.
public struct SettingsDiffer: AuditEvidence {
    public static let id = AuditFinding.Identifier.settingsDiffer
    /// The setting, as found and as given.
    public let setting: SettingDifference
}

extension SettingsDiffer: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for setting in subject.settings { findings.add(SettingsDiffer(setting: setting)) }
    }

    public var severity: FindingSeverity {
        if case .node(found: nil, _) = setting { .error } else { .warning }
    }

    public var effect: String {
        switch setting {
        case .node(let found?, let given):
            "the rules are those of node \(found), not of \(given ?? "the node") as given here: with policy Local traffic "
                + "goes to \(found)'s pods"
        case .node(nil, let given):
            "kube-proxy runs under a node name that no Node of the snapshot has"
                + (given.map { ", not under \($0) as given here" } ?? "")
                + ": every endpoint counts as remote, and traffic with policy Local is dropped on this node"
        case .version(let first, let last, let given):
            "the rules are of kube-proxy \(first == last ? "1.\(first)" : "1.\(first) to 1.\(last)"), not of \(given) as "
                + "given here: the versions treat some Services and clients differently"
        case .masqueradeBit(let found, let given):
            "kube-proxy's mark is bit \(found) (--iptables-masquerade-bit \(found)), not bit \(given) as given here: packets "
                + "are masqueraded by the other mark"
        case .nftablesMasqueradeBit(let found, let given):
            "kube-proxy's mark is bit \(found) (nftables.masqueradeBit: \(found) in its configuration), not bit \(given) "
                + "as given here: packets are masqueraded by the other mark"
        case .localhostNodePortsInNftables(let found):
            "kube-proxy runs with --feature-gates KubeProxyNFTablesLocalhostNodePorts=\(found), not \(!found) as given "
                + "here: node ports on the loopback address are \(found ? "" : "not ")handled by it"
        case .clusterIPMasquerade(let found, let given, let isNodeCIDR):
            "kube-proxy runs with \(isNodeCIDR ? "--detect-local-mode NodeCIDR, here \(found.range)" : found.setting), not "
                + "with \(given.setting) as given here: on the way to cluster IPs it masquerades \(found.words), not "
                + given.words
        case .nodePortAddresses(let found, let given):
            "kube-proxy runs with \(found.setting), not with \(given.setting) as given here: node ports answer on "
                + "\(found.words), not on \(given.words)"
        case .localhostNodePorts(let found):
            "kube-proxy runs with --iptables-localhost-nodeports=\(found), not \(!found) as given here: node ports "
                + (found ? "answer on 127.0.0.1" : "do not answer on 127.0.0.1")
        case .conntrackTCPBeLiberal(let found):
            "the node has --conntrack-tcp-be-liberal=\(found), not \(!found) as given here: packets that conntrack calls "
                + "INVALID are " + (found ? "forwarded, not dropped" : "dropped, not forwarded")
        case .randomFully(let found):
            "kube-proxy masquerades \(found ? "with" : "without") --random-fully, not \(found ? "without" : "with") it as "
                + "given here (--no-random-fully=\(found)): source ports "
                + (found ? "are random" : "may collide, which delays new connections")
        case .scheduler(let found, let given):
            "kube-proxy runs with --ipvs-scheduler \(found), not with \(given) as given here: it decides which endpoint a "
                + "connection goes to"
        case .forwarding(let found, let given):
            "packets reach real servers by \(found) (--ipvs-forwarding \(found)), not by \(given) as given here"
        case .strictARP(let found):
            "kube-proxy runs with --ipvs-strict-arp=\(found), not \(!found) as given here: the node "
                + (found ? "is silent when" : "answers when") + " hosts of its network ask who has a Service's address"
        case .externalIPs(let found):
            "kube-proxy runs with --feature-gates AllowServiceExternalIPs=\(found), not \(!found) as given here: "
                + "external IPs " + (found ? "lead to Services" : "are ignored")
        case .hostAddresses(let found, let given):
            "the node has other addresses than those given here (\(given.map { "\($0)" }.joined(separator: ", "))): "
                + "node ports answer on \(found.map { "\($0)" }.joined(separator: ", "))"
        case .bindAddress(let found, let given):
            "kube-proxy runs with \(found.map { "--bind-address \($0)" } ?? "no --bind-address"), not with "
                + "--bind-address \(given) as given here: it decides whether the source ranges of load balancers hold "
                + "the node itself"
        case .accountingCounters(let found):
            "kube-proxy runs \(found ? "with" : "without") nfacct counters, not \(found ? "without" : "with") them as "
                + "given here (--nfacct=\(!found)): the metrics of dropped packets and of node ports on loopback are "
                + (found ? "counted" : "missing") + "; packets fare the same"
        }
    }

    public var remedy: String {
        let confirmation = ", if that is how kube-proxy should run; else correct it there"
        switch setting {
        case .node(let found?, _): return "give --node \(found), or take the dump on the other node"
        case .node(nil, _):
            return "compare kube-proxy's --hostname-override (hostnameOverride in its configuration, else the host's "
                + "name) with 'kubectl get nodes', and set it to the Node's name"
        case .version(_, let last, _):
            return "give --kube-proxy-version 1.\(last)" + confirmation
        case .masqueradeBit(let found, _): return "give --iptables-masquerade-bit \(found)" + confirmation
        case .nftablesMasqueradeBit(let found, _):
            return "give --nftables-masquerade-bit \(found)" + confirmation
        case .localhostNodePortsInNftables(let found):
            return "give --feature-gates KubeProxyNFTablesLocalhostNodePorts=\(found)" + confirmation
        case .clusterIPMasquerade(_, _, isNodeCIDR: true):
            return "give --detect-local-mode NodeCIDR" + confirmation
        case .clusterIPMasquerade(.nobody, .everybody, _): return "leave --masquerade-all out" + confirmation
        case .clusterIPMasquerade(.nobody, _, _):
            return "leave --cluster-cidr and --detect-local-mode out" + confirmation
        case .clusterIPMasquerade(let found, _, _):
            return "give \(found.setting)" + confirmation
        case .nodePortAddresses(let found, _):
            return (found == .allAddresses ? "leave --nodeport-addresses out" : "give \(found.setting)") + confirmation
        case .localhostNodePorts(let found):
            return "give --iptables-localhost-nodeports=\(found)" + confirmation
        case .conntrackTCPBeLiberal(let found):
            return "give --conntrack-tcp-be-liberal=\(found), if the sysctl nf_conntrack_tcp_be_liberal is "
                + "\(found ? 1 : 0) on the node"
        case .randomFully(let found):
            return "give --no-random-fully=\(!found)"
                + (found ? "" : ", or update the host's iptables to 1.6.2 or newer")
        case .scheduler(let found, _): return "give --ipvs-scheduler \(found)" + confirmation
        case .forwarding(let found, _): return "give --ipvs-forwarding \(found)" + confirmation
        case .strictARP(let found): return "give --ipvs-strict-arp=\(found)" + confirmation
        case .externalIPs(let found):
            return "give --feature-gates AllowServiceExternalIPs=\(found)" + confirmation
        case .hostAddresses:
            return "give --node-address for each address that 'ip address' shows on the node, or leave it out"
        case .bindAddress(let found, _):
            return (found.map { "give --bind-address \($0)" } ?? "leave --bind-address out") + confirmation
        case .accountingCounters(let found):
            return "give --nfacct=\(found)"
                + (found
                    ? "" : ", or restart kube-proxy where the kernel has xt_nfacct and nfnetlink_acct")
        }
    }
}

extension SettingDifference.MasqueradedSources {
    fileprivate var words: String {
        switch self {
        case .nobody: "nothing"
        case .everybody: "everything"
        case .outsideRange(let range): "what comes from outside \(range)"
        case .outsideInterface(let name): "what comes in by another interface than \(name)"
        case .outsideInterfaces(let prefix): "what comes in by interfaces whose names do not begin with \(prefix)"
        }
    }

    /// The options that have this effect.
    fileprivate var setting: String {
        guard self != .nobody else { return "no --cluster-cidr" }
        return options.map { option in "--\(option.name)" + (option.value.map { " \($0)" } ?? "") }
            .joined(separator: " ")
    }

    fileprivate var range: String {
        if case .outsideRange(let range) = self { "\(range)" } else { "" }
    }
}

extension SettingDifference.NodePortPlaces {
    fileprivate var setting: String {
        switch self {
        case .allAddresses: "no --nodeport-addresses"
        case .primary: "--nodeport-addresses primary"
        case .addresses([]): "--nodeport-addresses that no address of the node is in"
        case .addresses(let addresses):
            "--nodeport-addresses " + addresses.map { "\(IPPrefix(single: $0))" }.joined(separator: ",")
        case .ranges(let ranges): "--nodeport-addresses " + ranges.map { "\($0)" }.joined(separator: ",")
        }
    }

    fileprivate var words: String {
        switch self {
        case .allAddresses: "all addresses of the node"
        case .primary: "the Node's primary address"
        case .addresses([]): "no address"
        case .addresses(let addresses): addresses.map { "\($0)" }.joined(separator: " and ")
        case .ranges(let ranges): "addresses in " + ranges.map { "\($0)" }.joined(separator: " and ")
        }
    }
}
