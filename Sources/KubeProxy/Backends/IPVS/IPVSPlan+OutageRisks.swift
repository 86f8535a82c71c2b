internal import KubeObjects
internal import NetAddress

extension IPVSPlan {
    /// Why the plan's virtual servers would cause an outage on a working host: its snapshot is probably incomplete.
    ///
    /// - Parameter live: what the host has now of the plan's family.
    /// - Returns: sentences; none if there is no such risk.
    public func outageRisks(replacing live: IPVSFamilyState) -> [String] {
        if let risk = claimedNode { return [risk] }
        // A Service has many virtual servers, one for each address; its cluster IP counts.
        let clusterIPs = Set(live.sets.first { $0.name == IPSet.clusterIP.name(live.family) }?.entries ?? [])
        let served = Set(
            live.servers.lazy.filter { $0.realServers.contains { $0.weight > 0 } }.map(\.entry)
                .filter { clusterIPs.contains($0) })
        let planned = Set(
            virtualServers.lazy.filter { realServers(of: $0).contains { _ in true } }.map { server in
                "\(server.address),\(server.transport.name):\(server.port)"
            })
        return plan.outageRisks(losing: served.subtracting(planned).count, of: served.count)
    }

    /// An address of another node that a Service answers on. The interface `kube-ipvs0` has all such addresses, so that this node
    /// would take for its own all that is sent to the other one, its kubelet and API server included
    /// (kubernetes/kubernetes#75290, #127410).
    private var claimedNode: String? {
        var nodes: [IPAddress: String] = [:]
        for node in plan.snapshot.nodes where node.name.text != plan.node.name {
            for address in node.internalIPs + node.externalIPs { nodes[address] = node.name.text }
        }
        let servers = plan.apiServers.subtracting(plan.node.hostAddresses)
        for port in plan.servicePorts {
            for address in port.externalIPs + port.loadBalancerIPs {
                if nodes[address] == nil, servers.contains(address) {
                    return
                        "\(address), on which \(port.name) answers, is the address of the API server: in IPVS mode this node "
                        + "would reach it no more"
                }
                guard let node = nodes[address] else { continue }
                return
                    "\(address), on which \(port.name) answers, is the address of node \(node): in IPVS mode this node would "
                    + "take all of that node's traffic"
            }
        }
        return nil
    }
}
