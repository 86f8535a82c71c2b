internal import NetAddress

extension LintRule {
    static let nftablesLocalhostNodePort = LintRule(
        name: "nftables-localhost-node-port", severity: .info, modes: [.nftables],
        explanation:
            "Node ports do not answer on 127.0.0.1 in nftables mode. From 1.37 on kube-proxy itself serves TCP there, if the "
            + "feature gate KubeProxyNFTablesLocalhostNodePorts is on and --nodeport-addresses has localhost. In iptables mode "
            + "they answer there for IPv4.",
        remedy: "use the node's address, or the cluster IP, in programs on the node, such as a registry's mirror"
    ) { subject, report in
        let plan = subject.plan
        guard plan.settings.family == .ipv4, plan.servicePorts.contains(where: { $0.nodePort > 0 }) else { return }
        let isGated =
            plan.settings.localhostNodePortsInNftables && plan.behaviors.contains(.nftablesLocalhostNodePorts)
        let node = NftablesNode(plan.settings, plan.node, plan.behaviors)
        if isGated, !node.rejectedAtLocalhost.contains(.tcp) { return }
        report.add(
            .cluster, "node ports do not answer on 127.0.0.1\(isGated ? "; they are refused and counted there" : "")")
    }
}
