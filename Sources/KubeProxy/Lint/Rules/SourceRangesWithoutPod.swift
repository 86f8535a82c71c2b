internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let sourceRangesWithoutPod = LintRule(
        name: "source-ranges-without-pod", severity: .info,
        explanation:
            "No pod's address is in the source ranges, nor is any node's, so that what pods send to the load balancer's address is dropped on "
            + "their node: kube-proxy takes it for traffic to the load balancer (kubernetes/kubernetes#109575).",
        remedy: "add the pods' range if pods should reach the load balancer's address, or let them use the cluster IP"
    ) { subject, report in
        let family = subject.plan.settings.family
        var pods: [IPPrefix] = []
        if case .source(let range)? = subject.plan.node.localTraffic { pods = [range] }
        if pods.isEmpty { pods = subject.nodes.flatMap { $0.podCIDRs.filter { $0.family == family } } }
        guard let example = pods.first else { return }
        let nodes = subject.members.compactMap(\.address)
        for port in subject.firstPorts where !port.sourceRanges.isEmpty && !port.loadBalancerIPs.isEmpty {
            let isAnyIn = port.sourceRanges.contains { range in
                pods.contains { range.contains($0.network) || $0.contains(range.network) }
                    || nodes.contains { range.contains($0) }
            }
            guard !isAnyIn else { continue }
            report.add(
                .service(port.serviceIndex),
                "pods (\(example)) are in no source range; what they send to \(port.loadBalancerIPs[0]) is dropped")
        }
    }
}
