extension LintRule {
    static let nodePortIgnoresSourceRanges = LintRule(
        name: "node-port-ignores-source-ranges", severity: .warning,
        explanation:
            "A Service has source ranges and node ports. kube-proxy applies the ranges to the load balancer's address only: "
            + "whoever reaches an address of a node uses the node port, from wherever it comes.",
        remedy:
            "set allocateLoadBalancerNodePorts: false and remove the nodePort if the load balancer does without, or keep "
            + "clients from node ports by a firewall or --nodeport-addresses"
    ) { subject, report in
        if case .addresses(let addresses) = subject.nodePorts, addresses.isEmpty { return }
        for port in subject.plan.servicePorts where !port.sourceRanges.isEmpty && port.nodePort > 0 {
            report.add(.port(port), "the source ranges do not hold for node port \(port.nodePort)")
        }
    }
}
