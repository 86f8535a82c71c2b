internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let missingClusterCIDR = LintRule(
        name: "missing-cluster-cidr", severity: .warning,
        explanation:
            "kube-proxy is not told which traffic is that of pods. It then does not masquerade what comes from outside of "
            + "the cluster to cluster IPs, whose answers may go astray, and under externalTrafficPolicy Local pods do not "
            + "reach endpoints of other nodes by external addresses.",
        remedy:
            "give --cluster-cidr or --config as kube-proxy has them; if it has none, set clusterCIDR in its configuration"
    ) { subject, report in
        let settings = subject.plan.settings
        guard !subject.plan.servicePorts.isEmpty, !settings.masqueradeAll else { return }
        let family = settings.family
        guard settings.detectLocalMode == .nodeCIDR else {
            guard subject.plan.node.localTraffic == nil else { return }
            report.add(
                .cluster,
                "there is no \(family.name) cluster CIDR: traffic from outside to cluster IPs is not masqueraded")
            return
        }
        for node in subject.nodes where !node.podCIDRs.contains(where: { $0.family == family }) {
            report.add(
                .node(node),
                "it has no \(family.name) pod CIDR: traffic from outside to cluster IPs is not masqueraded on it")
        }
    }
}
