extension LintRule {
    static let noLocalEndpointInternal = LintRule(
        name: "no-local-endpoint-internal", severity: .warning, modes: [.iptables, .nftables],
        explanation:
            "Under internalTrafficPolicy Local a node without an endpoint of its own drops what its pods send to the cluster "
            + "IP: the client times out instead of being refused. An error where that is so on every node.",
        remedy:
            "run an endpoint on each node that has clients, as a DaemonSet does, or set internalTrafficPolicy: Cluster"
    ) { subject, report in
        for port in subject.plan.servicePorts where port.internalPolicyIsLocal {
            guard let nodes = subject.nodesWithoutEndpoint(of: port) else { continue }
            report.add(
                .port(port), "connections to the cluster IP are dropped on \(nodes.text)", nodes.areAll ? .error : nil)
        }
    }
}
