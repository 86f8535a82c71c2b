internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let podsOutsideClusterCIDR = LintRule(
        name: "pods-outside-cluster-cidr", severity: .warning,
        explanation:
            "Nodes have pod CIDRs outside of the cluster CIDR, or no pod's address is in it. kube-proxy takes traffic of such "
            + "pods for traffic from outside: it masquerades it on the way to cluster IPs, so that endpoints and network "
            + "policies see the node's address, and under externalTrafficPolicy Local drops it.",
        remedy: "set kube-proxy's clusterCIDR to the range that the network plugin gives to pods"
    ) { subject, report in
        let settings = subject.plan.settings
        guard settings.detectLocalMode == .clusterCIDR, case .source(let pods)? = subject.plan.node.localTraffic,
            pods.length > 0
        else { return }
        let outside = subject.nodes.filter { node in
            node.podCIDRs.contains { $0.family == pods.family && !pods.contains($0) }
        }
        if let first = outside.first, let range = first.podCIDRs.first(where: { $0.family == pods.family }) {
            report.add(
                .cluster,
                "the pod CIDR \(range) of Node \(first.name)"
                    + (outside.count > 1 ? " and those of \(counted(outside.count - 1, "other Node"))" : "")
                    + (outside.count > 1 ? " are" : " is") + " outside of the cluster CIDR \(pods): traffic of "
                    + (outside.count > 1 ? "their" : "its") + " pods counts as from outside")
            return
        }
        // Without pod CIDRs the endpoints tell. Those with a node's address are no pods with one of their own.
        guard subject.nodes.allSatisfy({ node in !node.podCIDRs.contains { $0.family == pods.family } }) else { return }
        let nodes = subject.nodesByAddress
        var example: IPAddress?
        for port in subject.plan.servicePorts {
            for endpoint in port.endpoints where nodes[endpoint.address] == nil {
                if pods.contains(endpoint.address) { return }
                if subject.endpoint(endpoint).nodeName != nil { example = example ?? endpoint.address }
            }
        }
        guard let example else { return }
        report.add(
            .cluster,
            "no pod's address is in the cluster CIDR \(pods), such as \(example): traffic of pods counts as from outside"
        )
    }
}
