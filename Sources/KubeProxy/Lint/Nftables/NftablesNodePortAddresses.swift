internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let nftablesNodePortAddresses = LintRule(
        name: "nftables-node-port-addresses", severity: .warning, modes: [.nftables],
        explanation:
            "In nftables mode node ports answer on the Node's primary address only, unless --nodeport-addresses says "
            + "otherwise. In iptables mode they answer on all of its addresses.",
        remedy:
            "send clients to the primary address, or give --nodeport-addresses, such as 0.0.0.0/0,::/0 for what iptables mode "
            + "does"
    ) { subject, report in
        switch subject.plan.settings.nodePortAddresses {
        case .primary, .ranges([]): break
        case .ranges, .entries: return
        }
        for (node, addresses, open) in subject.nftablesNodePorts() where !open.isEmpty {
            let others = addresses.filter { !open.contains($0) }.map(\.description)
            guard !others.isEmpty else { continue }
            report.add(
                .node(node),
                "node ports answer on \(open[0]), not on "
                    + listed(Array(others.prefix(LintSubject.exampleLimit)), of: others.count))
        }
    }
}
