extension LintRule {
    static let longInterfacePrefix = LintRule(
        name: "long-interface-prefix", severity: .error, modes: [.iptables, .ipvs],
        explanation:
            "The prefix of pods' interfaces has 15 characters. With the '+' that stands for the rest of the name it is longer "
            + "than an interface's name may be, and iptables refuses kube-proxy's whole text.",
        remedy: "give a shorter prefix"
    ) { subject, report in
        guard case .interface(let name) = subject.plan.node.localTraffic, name.utf8.count > 15 else { return }
        report.add(
            .cluster, "iptables refuses the interface \(name), which is longer than 15 characters; no rule loads")
    }
}
