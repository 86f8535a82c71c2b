internal import KubeObjects

extension LintRule {
    static let nodeWithoutZone = LintRule(
        name: "node-without-zone", severity: .warning,
        explanation:
            "A Node has no label topology.kubernetes.io/zone, so that kube-proxy ignores all hints by zone there: its traffic "
            + "goes to the endpoints of all zones.",
        remedy: "label the Node with its zone"
    ) { subject, report in
        guard subject.nodes.contains(where: { $0.zone.isEmpty }) else { return }
        let anyIsHinted = subject.plan.servicePorts.contains { port in
            port.usesClusterPolicy && HintSummary(port, subject).allHaveZones
        }
        guard anyIsHinted else { return }
        for node in subject.nodes where node.zone.isEmpty {
            report.add(.node(node), "it has no label topology.kubernetes.io/zone; hints by zone are ignored on it")
        }
    }
}
