internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let sourceRangesOfOtherFamily = LintRule(
        name: "source-ranges-of-other-family", severity: .error,
        explanation:
            "loadBalancerSourceRanges holds ranges of one family only, and the load balancer has an address of the other "
            + "too. kube-proxy then restricts nobody in the other family: the Service is open to all its clients.",
        remedy: "add ranges of the other family; one that nobody has, such as 192.0.2.1/32 or 2001:db8::/128, shuts it"
    ) { subject, report in
        let family = subject.plan.settings.family
        for port in subject.firstPorts where !port.loadBalancerIPs.isEmpty {
            let ranges = subject.service(port).loadBalancerSourceRanges
            guard !ranges.isEmpty, ranges.allSatisfy({ $0.family != family }) else { continue }
            report.add(
                .service(port.serviceIndex),
                "no source range is an \(family.name) one, so that every \(family.name) client may use "
                    + "\(port.loadBalancerIPs[0])")
        }
    }
}
