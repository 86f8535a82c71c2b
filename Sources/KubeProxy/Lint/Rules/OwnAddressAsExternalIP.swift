internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let ownAddressAsExternalIP = LintRule(
        name: "own-address-as-external-ip", severity: .warning,
        explanation:
            "An external IP is a node's or a pod's own address or in a Node's pod CIDR, or a load balancer's is. kube-proxy takes what is "
            + "sent there on every node, so that this port of the node or pod itself cannot be reached any more.",
        remedy: "use an address that is routed to the nodes and belongs to nobody"
    ) { subject, report in
        guard subject.plan.servicePorts.contains(where: { !$0.externalIPs.isEmpty || !$0.loadBalancerIPs.isEmpty })
        else { return }
        let nodes = subject.nodesByAddress
        let podRanges = subject.podRanges
        var pods: [IPAddress: String] = [:]
        for port in subject.plan.servicePorts {
            for endpoint in port.endpoints where pods[endpoint.address] == nil {
                pods[endpoint.address] = port.name.description
            }
        }
        for port in subject.plan.servicePorts {
            let number = "\(port.name.transport.kubernetesName) port \(port.port)"
            for address in port.externalIPs {
                if let node = nodes[address] {
                    // In IPVS mode much more than the port is lost, on all nodes but that one.
                    if subject.modes != nil, subject.snapshot.nodes.count > 1 { continue }
                    report.add(
                        .port(port),
                        "the external IP \(address) is \(node)'s address; its own \(number) cannot be reached")
                } else if let pod = pods[address] {
                    report.add(
                        .port(port),
                        "the external IP \(address) is that of an endpoint of \(pod); the pod's own \(number) cannot be "
                            + "reached")
                } else if podRanges.contains(address) {
                    report.add(
                        .port(port),
                        "the external IP \(address) is in the pod CIDR \(subject.ownerOfPod(address)); a pod's own \(number) "
                            + "cannot be reached there")
                }
            }
            for address in port.loadBalancerIPs where nodes[address] == nil {
                guard let pod = pods[address] else {
                    if podRanges.contains(address) {
                        report.add(
                            .port(port),
                            "the load balancer's address \(address) is in the pod CIDR \(subject.ownerOfPod(address)); a "
                                + "pod's own \(number) cannot be reached there")
                    }
                    continue
                }
                report.add(
                    .port(port),
                    "the load balancer's address \(address) is that of an endpoint of \(pod); the pod's own \(number) "
                        + "cannot be reached")
            }
        }
    }
}
