extension LintRule {
    static let noLocalEndpointExternal = LintRule(
        name: "no-local-endpoint-external", severity: .warning, mode: .iptables,
        explanation:
            "Under externalTrafficPolicy Local a node without an endpoint of its own drops what comes from outside to node "
            + "ports, external and load-balancer IPs: the client sees silence. An error where that is so on every "
            + "node; only information where a load balancer's health checks keep clients away from such nodes.",
        remedy:
            "send clients only to nodes with an endpoint, run one on each node, or set externalTrafficPolicy: Cluster"
    ) { subject, report in
        for port in subject.plan.servicePorts where port.externalPolicyIsLocal {
            var frontends: [String] = []
            if port.nodePort > 0 { frontends.append("node port \(port.nodePort)") }
            if !port.externalIPs.isEmpty { frontends.append("external IPs") }
            if !port.loadBalancerIPs.isEmpty { frontends.append("the load balancer's address") }
            guard !frontends.isEmpty, let nodes = subject.nodesWithoutEndpoint(of: port) else { continue }
            report.add(
                .port(port), "connections from outside to \(listed(frontends)) are dropped on \(nodes.text)",
                nodes.areAll ? .error : port.healthCheckNodePort > 0 ? .info : nil)
        }
    }
}
