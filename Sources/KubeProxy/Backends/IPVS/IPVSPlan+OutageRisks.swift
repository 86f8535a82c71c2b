internal import NetAddress

extension IPVSPlan {
    /// Why the plan's virtual servers would cause an outage on a working host: its snapshot is probably incomplete.
    ///
    /// - Parameter live: what the host has now of the plan's family.
    /// - Returns: sentences; none if there is no such risk.
    public func outageRisks(replacing live: IPVSFamilyState) -> [String] {
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
}
