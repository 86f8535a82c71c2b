internal import KubeObjects

extension LintRule {
    static let sourceRangesUnused = LintRule(
        name: "source-ranges-unused", severity: .info,
        explanation:
            "A Service has source ranges, but no load-balancer IP that reaches the node as a destination: there is none, "
            + "only a hostname, or one of ipMode Proxy. kube-proxy writes no rule for the ranges; only the load "
            + "balancer itself can restrict clients.",
        remedy: "make sure that the load balancer restricts its clients"
    ) { subject, report in
        for port in subject.firstPorts where !port.sourceRanges.isEmpty && port.loadBalancerIPs.isEmpty {
            let isProxied = subject.service(port).loadBalancerIngress.contains { !$0.isVIP }
            report.add(
                .service(port.serviceIndex),
                "kube-proxy writes no rule for the source ranges, since "
                    + (isProxied
                        ? "the load balancer's address is of ipMode Proxy"
                        : "there is no load-balancer IP in the status"))
        }
    }
}
