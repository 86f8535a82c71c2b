internal import KubeObjects

extension LintRule {
    static let configurationWithoutMode = LintRule(
        name: "configuration-without-mode", severity: .info,
        explanation:
            "A KubeProxyConfiguration does not name the mode. kube-proxy up to 1.39 then runs in iptables mode, and 1.37 warns "
            + "of it; from 1.40 on it runs in nftables mode.",
        remedy: "set mode: iptables, or mode: nftables where the nodes' kernels have it"
    ) { subject, report in
        guard let configuration = subject.snapshot.configuration, configuration.mode?.value ?? "" == "" else { return }
        report.add(
            .cluster,
            "the KubeProxyConfiguration does not say which mode kube-proxy runs in; the default changes from iptables to "
                + "nftables with 1.40")
    }
}
