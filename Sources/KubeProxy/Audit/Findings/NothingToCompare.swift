/// The dump is nothing that can be compared with the rules of iptables mode.
public struct NothingToCompare: AuditEvidence {
    public static let id = AuditFinding.Identifier.nothingToCompare
    /// Why the dump cannot be compared.
    public let problem: DumpProblem

    public var severity: FindingSeverity { .error }

    public var effect: String {
        switch problem {
        case .empty:
            "the dump is empty: it has no rules, so nothing can be compared. iptables-save may have been run without root, "
                + "on another host or in a container's network namespace, with the other backend, or ssh failed"
        case .noProxyRules(hasKubeletChains: true):
            "the dump has kubelet's chains, but none that kube-proxy makes in iptables mode: kube-proxy runs in nftables "
                + "mode, does not run, uses the other backend of iptables, or another program removed its rules"
        case .noProxyRules(hasKubeletChains: false):
            "the dump has no chain of kube-proxy's: this is another host, the other backend of iptables, a node whose "
                + "Services another program handles, or kube-proxy does not run"
        case .missingTable(let table):
            "the dump has no \(table) table: it is of one table only, or was cut"
        case .ipvsMode:
            "kube-proxy runs in IPVS mode on this node (its chains KUBE-LOAD-BALANCER and KUBE-NODE-PORT are there): "
                + "Services are virtual servers, not rules"
        case .emptyServices:
            "kube-proxy's chains and jumps are there, but KUBE-SERVICES is empty: no Service works on this node, since "
                + "iptables-restore refuses kube-proxy's rules"
        case .flushed:
            "the nat table was flushed: the chains of kube-proxy are there, but without rules; no Service works on this node"
        case .otherCluster:
            "the dump and the snapshot have no Service in common, but perhaps default/kubernetes: they are of different "
                + "clusters, or of very different times"
        }
    }

    public var remedy: String {
        switch problem {
        case .empty: "run 'sudo iptables-save' in the node's network namespace, and look at its exit code and messages"
        case .noProxyRules(hasKubeletChains: true):
            "ask 'curl -s localhost:10249/proxyMode' on the node; in nftables mode the rules are in "
                + "'nft list table ip kube-proxy', in iptables mode look for 'iptables-restore' in kube-proxy's log"
        case .noProxyRules(hasKubeletChains: false):
            "run 'iptables-nft-save' and 'iptables-legacy-save' on the node and give both with --live; "
                + "ask 'curl -s localhost:10249/proxyMode' for kube-proxy's mode"
        case .missingTable: "run 'sudo iptables-save' without -t, which prints all tables"
        case .ipvsMode:
            "run 'ipvsadm -Sn' and 'ipset save' on the node too, and give all three with --live and --proxy-mode ipvs"
        case .emptyServices:
            "look for 'iptables-restore' in kube-proxy's log: it names the line that is refused, mostly for a missing "
                + "kernel module or left-overs of an older version"
        case .flushed: remedyForFlush
        case .otherCluster:
            "take both from one cluster: 'kubectl config current-context' says which one kubectl asks, and the snapshot's "
                + "Nodes must include the dump's host"
        }
    }
}
