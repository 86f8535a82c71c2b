internal import Iptables
internal import KubeChainsBytes

extension LintRule {
    static let ruleBudget = LintRule(
        name: "rule-budget", severity: .info, modes: [.iptables],
        explanation:
            "How much kube-proxy programs on a node, and how many rules of KUBE-SERVICES each new connection passes that is "
            + "for no Service. A warning above \(depthBudget) of them, or \(sizeBudget >> 20) MiB of text.",
        remedy: "with many Services use kube-proxy's nftables mode, which looks Services up in a map"
    ) { subject, report in
        guard !subject.plan.servicePorts.isEmpty else { return }
        let size = IptablesPlan(subject.plan).write(.restore, to: unsafe TextWriter { _ in })
        report.add(
            .cluster,
            "on \(subject.plan.node.name.map { "node \($0)" } ?? "a node") there are \(size.chains) chains and "
                + "\(size.rules) rules in \(size.bytes) bytes; a new connection passes up to \(size.servicesDepth) rules "
                + "of KUBE-SERVICES",
            size.servicesDepth > depthBudget || size.bytes > sizeBudget ? .warning : nil)
    }

    private static let depthBudget = 10_000
    private static let sizeBudget = 32 << 20
}
