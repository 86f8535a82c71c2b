internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let noLocalEndpointExternal = LintRule(
        name: "no-local-endpoint-external", severity: .warning, modes: [.iptables, .nftables],
        explanation:
            "Under externalTrafficPolicy Local a node without an endpoint of its own drops what comes from outside to node "
            + "ports, external and load-balancer IPs: the client times out. An error where that is so on every "
            + "node; only information where a load balancer's health checks keep clients away from such nodes, which they "
            + "cannot where a load-balancer IP is such a node's own address.",
        remedy:
            "send clients only to nodes with an endpoint, run one on each node, or set externalTrafficPolicy: Cluster"
    ) { subject, report in
        var owners: [IPAddress: String] = [:]
        for node in subject.nodes {
            for address in node.internalIPs + node.externalIPs { owners[address] = node.name.text }
        }
        for port in subject.plan.servicePorts where port.externalPolicyIsLocal {
            var frontends: [String] = []
            if port.nodePort > 0 { frontends.append("node port \(port.nodePort)") }
            if !port.externalIPs.isEmpty { frontends.append("external IPs") }
            if !port.loadBalancerIPs.isEmpty { frontends.append("the load balancer's address") }
            guard !frontends.isEmpty, let nodes = subject.nodesWithoutEndpoint(of: port) else { continue }
            // No health check keeps clients away from an address that is the node's own, as those of ServiceLB in k3s.
            let owner = port.loadBalancerIPs.compactMap { owners[$0] }.first { !nodes.present.contains($0) }
            report.add(
                .port(port),
                "connections from outside to \(listed(frontends)) are dropped on \(nodes.text)"
                    + (owner.map { ", although a load-balancer IP is the address of \($0)" } ?? ""),
                nodes.areAll ? .error : port.healthCheckNodePort > 0 && owner == nil ? .info : nil)
        }
    }
}
