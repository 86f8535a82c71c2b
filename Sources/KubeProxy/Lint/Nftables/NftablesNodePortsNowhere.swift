internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let nftablesNodePortsNowhere = LintRule(
        name: "nftables-node-ports-nowhere", severity: .error, modes: [.nftables],
        explanation:
            "None of a Node's addresses is among those that take node ports: no range of --nodeport-addresses holds one, the "
            + "ranges hold loopback addresses only, which nftables mode leaves out, or the primary address is on no interface.",
        remedy: "give ranges with --nodeport-addresses in which each Node has an address"
    ) { subject, report in
        for (node, _, open) in subject.nftablesNodePorts() where open.isEmpty {
            report.add(.node(node), "node ports answer on none of its \(subject.plan.settings.family.name) addresses")
        }
    }
}
