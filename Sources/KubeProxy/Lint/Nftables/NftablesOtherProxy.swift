internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let nftablesOtherProxy = LintRule(
        name: "nftables-other-proxy", severity: .warning, modes: [.nftables],
        explanation:
            "A Service is left to another proxy by the label service.kubernetes.io/service-proxy-name. Its cluster IP counts as "
            + "unallocated in nftables mode: what is sent there and not translated before filter chains at priority 0 is "
            + "dropped on every node.",
        remedy: "make sure that the other proxy translates before, at priority -100 or lower"
    ) { subject, report in
        let family = subject.plan.settings.family
        let ranges = subject.snapshot.serviceCIDRs.flatMap(\.ranges).map(\.prefix).filter { $0.family == family }
        for skipped in subject.plan.skippedServices where skipped.reason == .otherProxy {
            guard let address = subject.snapshot.services[skipped.serviceIndex].clusterIP(family),
                ranges.contains(where: { $0.contains(address) })
            else { continue }
            report.add(
                .service(skipped.serviceIndex),
                "connections to \(address) are dropped unless the other proxy translates them first")
        }
    }
}
