internal import NetAddress

extension LintRule {
    static let nftablesNodePortsEverywhere = LintRule(
        name: "nftables-node-ports-everywhere", severity: .warning, modes: [.nftables],
        explanation:
            "The ranges of --nodeport-addresses are of one family only. For the other one kube-proxy then takes all addresses of "
            + "a node, while without the option it would take the primary one.",
        remedy: "give a range of each family"
    ) { subject, report in
        let family = subject.plan.settings.family
        guard case .ranges(let ranges) = subject.plan.settings.nodePortAddresses, !ranges.isEmpty,
            ranges.allSatisfy({ $0.family != family }),
            subject.plan.servicePorts.contains(where: { $0.nodePort > 0 })
        else { return }
        report.add(
            .cluster,
            "no range of --nodeport-addresses is of \(family.name); node ports answer on all \(family.name) addresses")
    }
}
