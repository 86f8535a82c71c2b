internal import KubeObjects

extension LintRule {
    static let healthCheckMissing = LintRule(
        name: "health-check-missing", severity: .warning,
        explanation:
            "A Service of type LoadBalancer has externalTrafficPolicy Local but no healthCheckNodePort. A load balancer "
            + "cannot learn which nodes have endpoints, and sends connections to nodes that drop them.",
        remedy: "set externalTrafficPolicy to Cluster and back to Local, so that the API server gives a port"
    ) { subject, report in
        for port in subject.firstPorts where port.externalPolicyIsLocal && port.healthCheckNodePort == 0 {
            guard subject.service(port).type == .loadBalancer else { continue }
            report.add(
                .service(port.serviceIndex),
                "load balancers cannot ask which nodes have endpoints: there is no "
                    + "healthCheckNodePort")
        }
    }
}
