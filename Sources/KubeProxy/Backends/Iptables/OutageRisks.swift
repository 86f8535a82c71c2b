public import Iptables
public import KubeObjects
internal import NetAddress

extension NodePlan {
    /// Why rules from this snapshot would take a host down that works now: most likely the snapshot is not whole.
    ///
    /// - Parameters:
    ///   - live: the host's present rules.
    /// - Returns: sentences; none if there is no doubt.
    public func outageRisks(_ snapshot: ClusterSnapshot, replacing live: Ruleset) -> [String] {
        let live = NodePlan.servicesWithEndpoints(live)
        let planned = Set(servicePorts.lazy.filter(\.hasAnyEndpoint).map(\.hash))
        return NodePlan.outageRisks(snapshot, live.count, losing: live.count { !planned.contains($0) })
    }

    /// The same for IPVS mode.
    public static func outageRisks(
        _ snapshot: ClusterSnapshot, replacing live: IPVSFamilyState, by wanted: IPVSFamilyState
    ) -> [String] {
        // A Service has many virtual servers, one for each address; its cluster IP counts.
        let clusterIPs = Set(live.sets.first { $0.name == IPSet.clusterIP.name(live.family) }?.entries ?? [])
        func serving(_ state: IPVSFamilyState) -> Set<String> {
            Set(
                state.servers.lazy.filter { $0.realServers.contains { $0.weight > 0 } }.map(\.entry)
                    .filter { clusterIPs.contains($0) })
        }
        let (old, new) = (serving(live), serving(wanted))
        return outageRisks(snapshot, old.count, losing: old.subtracting(new).count)
    }

    private static func outageRisks(
        _ snapshot: ClusterSnapshot, _ count: Int, losing: Int
    ) -> [String] {
        if snapshot.services.isEmpty {
            return ["the snapshot has no Service: every rule for Services would go"]
        }
        if snapshot.endpointSlices.isEmpty {
            return [
                "the snapshot has no EndpointSlice: every Service would refuse connections; "
                    + "was 'endpointslices' left out of the kubectl line?"
            ]
        }
        guard losing * 2 > count else { return [] }
        return [
            "\(losing) of the \(count) Service ports that have endpoints on this host now would have none with this snapshot"
        ]
    }

    /// The Service ports that any live chain leads to endpoints for.
    private static func servicesWithEndpoints(_ live: Ruleset) -> Set<ChainHash> {
        var hashes: Set<ChainHash> = []
        for chain in live[table: "nat"]?.chains ?? [] {
            guard let name = ChainName(chain.name), let hash = name.hash,
                name.kind == .clusterPolicy || name.kind == .localPolicy
            else { continue }
            if chain.rules.contains(where: { $0.target?.chain?.hasPrefix("KUBE-SEP-") ?? false }) {
                hashes.insert(hash)
            }
        }
        return hashes
    }
}
