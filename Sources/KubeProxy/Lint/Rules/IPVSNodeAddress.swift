internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let ipvsNodeAddress = LintRule(
        name: "ipvs-node-address", severity: .error, modes: [.ipvs],
        explanation:
            "A load-balancer or external IP is the address of a node, as k3s' service load balancer sets it. In IPVS mode "
            + "every node has such addresses on kube-ipvs0, so that all other nodes take for their own what is sent to that "
            + "node, its kubelet and API server included (kubernetes/kubernetes#75290, #127410). 'apply' refuses it. The same "
            + "holds for the API server's address, an endpoint of default/kubernetes.",
        remedy:
            "give the Service an address that is no node's, set ipMode: Proxy in its status, or use iptables or nftables mode"
    ) { subject, report in
        var owners: [IPAddress: String] = [:]
        for node in subject.snapshot.nodes where subject.names.contains(where: { $0 != node.name.text }) {
            for address in node.internalIPs + node.externalIPs { owners[address] = node.name.text }
        }
        let servers = subject.plan.apiServers
        let nodes = servers.isEmpty ? [:] : subject.nodesByAddress
        var said: Set<IPAddress> = []
        for port in subject.plan.servicePorts {
            for (kind, addresses) in [
                ("load balancer IP", port.loadBalancerIPs), ("external IP", port.externalIPs),
            ] {
                for address in addresses {
                    guard let owner = owners[address] else {
                        guard servers.contains(address), nodes[address] == nil,
                            said.insert(address).inserted
                        else { continue }
                        report.add(
                            .port(port),
                            "the \(kind) \(address) is the API server's address: in IPVS mode all nodes take what is sent there "
                                + "for their own, and reach the API server no more")
                        continue
                    }
                    guard said.insert(address).inserted else { continue }
                    report.add(
                        .port(port),
                        "the \(kind) \(address) is Node \(owner)'s address: in IPVS mode all other nodes take what is "
                            + "sent to that node for their own, its kubelet and API server included")
                }
            }
        }
    }
}
