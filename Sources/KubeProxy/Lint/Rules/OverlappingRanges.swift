internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let overlappingRanges = LintRule(
        name: "overlapping-ranges", severity: .error,
        explanation:
            "A cluster IP is a Node's address or is in a Node's pod CIDR, so that the ranges of Services, Nodes and pods "
            + "overlap. kube-proxy takes what is sent to the cluster IP, whatever pod or Node has the address.",
        remedy: "choose a --service-cluster-ip-range that neither Nodes nor pods use"
    ) { subject, report in
        let nodes = subject.nodesByAddress
        let pods = subject.podRanges
        let affected = subject.firstPorts.filter { nodes[$0.clusterIP] != nil || pods.contains($0.clusterIP) }
        guard let first = affected.first else { return }
        let address = first.clusterIP
        let place =
            nodes[address].map { "is \($0)'s address" }
            ?? "is in the pod CIDR \(subject.ownerOfPod(address))"
        report.add(
            .cluster,
            "the cluster IP \(address) of \(subject.service(first).qualifiedName) \(place)"
                + (affected.count > 1 ? "; \(counted(affected.count - 1, "other cluster IP")) overlap likewise" : ""))
    }
}

extension LintSubject {
    /// The Nodes' pod CIDRs of the family.
    var podRanges: AddressSet {
        let family = plan.settings.family
        return AddressSet(family, snapshot.nodes.flatMap { $0.podCIDRs.filter { $0.family == family } })
    }

    /// `RANGE of Node NAME`, for an address in one of ``podRanges``.
    func ownerOfPod(_ address: IPAddress) -> String {
        for node in snapshot.nodes {
            guard let range = node.podCIDRs.first(where: { $0.contains(address) }) else { continue }
            return "\(range) of Node \(node.name)"
        }
        return ""
    }
}
