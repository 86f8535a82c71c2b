internal import KubeObjects

extension LintRule {
    static let sourceRangesInAnnotation = LintRule(
        name: "source-ranges-in-annotation", severity: .warning,
        explanation:
            "Source ranges are given by the annotation service.beta.kubernetes.io/load-balancer-source-ranges, which cloud "
            + "providers read and kube-proxy does not: with no spec.loadBalancerSourceRanges it lets every client in.",
        remedy: "set spec.loadBalancerSourceRanges instead of the annotation"
    ) { subject, report in
        for port in subject.firstPorts where !port.loadBalancerIPs.isEmpty {
            let service = subject.service(port)
            guard let annotation = service.sourceRangesAnnotation, !annotation.isEmpty,
                service.loadBalancerSourceRanges.isEmpty
            else { continue }
            report.add(
                .service(port.serviceIndex),
                "its source ranges are in an annotation, which kube-proxy does not read; every client that reaches a node is "
                    + "let in to \(port.loadBalancerIPs[0])")
        }
    }
}
