internal import KubeObjects
internal import NetAddress

extension NodeEvidence {
    /// Up to 1.35 it depends on the node which of several equal endpoints counts, and so which endpoints their Service port
    /// uses: the ports are planned for each Node that has such an endpoint.
    mutating func readEqualEndpoints(_ plan: NodePlan, _ live: some PolicyEvidence) {
        let groups = plan.cluster.tables.equalEndpoints
        guard !groups.isEmpty, plan.snapshot.nodes.count > 1 else { return }
        let slices = plan.snapshot.endpointSlices
        var found: [ServicePortName: Set<EndpointReference>] = [:]
        var names: Set<String> = []
        for group in groups {
            let port = plan.servicePorts[group.port]
            guard port.usesClusterPolicy, port.hintCoverage.isEmpty else { continue }
            found[port.name] = live.endpoints(of: .cluster, port) ?? []
            for candidate in group.candidates.dropFirst() {
                if let node = slices.nodeName(of: candidate.source) { names.insert(node) }
            }
        }
        let services = Set(found.keys.map(\.qualifiedService))
        guard !found.isEmpty, let small = try? plan.snapshot.limited(to: services) else { return }
        let cluster = ClusterPlan(small, plan.settings)
        let others = misfit(cluster, "", found)
        for name in names { hintedNodes[name, default: 0] += misfit(cluster, name, found) - others }
    }

    /// How many Service ports use other endpoints on a node than the rules have.
    private func misfit(
        _ cluster: ClusterPlan, _ node: String, _ found: [ServicePortName: Set<EndpointReference>]
    ) -> Int {
        var settings = cluster.settings
        settings.nodeName = node
        guard let plan = try? NodePlan(cluster, settings) else { return 0 }
        return plan.servicePorts.count { port in
            guard let found = found[port.name] else { return false }
            let used = port.endpoints.filter { $0.clusterUse.isUsed }
            return Set(used.map { EndpointReference.address($0.address, port: $0.port) }) != found
        }
    }
}
