extension LintRule {
    static let ipvsMode = LintRule(
        name: "ipvs-mode", severity: .warning, modes: [.ipvs],
        explanation:
            "Kubernetes has deprecated kube-proxy's IPVS mode in 1.35. It is to be off by default from 1.40 on and removed "
            + "later (KEP-5495).",
        remedy:
            "change to nftables or iptables mode node by node; the findings named ipvs-… say what changes for clients"
    ) { subject, report in
        guard !subject.plan.servicePorts.isEmpty else { return }
        report.add(.cluster, "IPVS mode is deprecated since Kubernetes 1.35, and is to be off by default from 1.40 on")
    }
}
