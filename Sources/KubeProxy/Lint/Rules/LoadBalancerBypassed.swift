internal import KubeObjects

extension LintRule {
    static let loadBalancerBypassed = LintRule(
        name: "load-balancer-bypassed", severity: .warning,
        explanation:
            "An annotation asks the load balancer for TLS or the PROXY protocol, and its address has ipMode VIP or none. "
            + "kube-proxy then takes what pods and nodes send to that address itself: such connections never reach the load "
            + "balancer, so the endpoints get them without TLS termination and without a PROXY header "
            + "(kubernetes/kubernetes#66607).",
        remedy:
            "let the load balancer's controller set ipMode: Proxy (kube-proxy 1.30 and newer), or let clients in the cluster "
            + "use the cluster IP"
    ) { subject, report in
        for port in subject.firstPorts where !port.loadBalancerIPs.isEmpty {
            guard let annotation = subject.service(port).balancerAnnotation else { continue }
            report.add(
                .service(port.serviceIndex),
                "pods and nodes do not reach the load balancer at \(port.loadBalancerIPs[0]): kube-proxy sends them to the "
                    + "endpoints without what \(annotation) asks for")
        }
    }
}
