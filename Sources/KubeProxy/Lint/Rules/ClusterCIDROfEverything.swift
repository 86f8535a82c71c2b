internal import NetAddress

extension LintRule {
    static let clusterCIDROfEverything = LintRule(
        name: "cluster-cidr-of-everything", severity: .error, modes: [.iptables, .ipvs],
        explanation:
            "The cluster CIDR holds all addresses. iptables with the nft backend refuses '! -s 0.0.0.0/0' and '! -s ::/0', so "
            + "that kube-proxy's whole text fails to load; the legacy backend loads it and masquerades nobody.",
        remedy: "give the range of the pods' addresses"
    ) { subject, report in
        guard case .source(let range) = subject.plan.node.localTraffic, range.length == 0,
            !subject.plan.settings.masqueradeAll, subject.plan.servicePorts.contains(where: \.acceptsInternal)
        else { return }
        report.add(.cluster, "the cluster CIDR \(range) holds all addresses; with the nft backend no rule loads")
    }
}
