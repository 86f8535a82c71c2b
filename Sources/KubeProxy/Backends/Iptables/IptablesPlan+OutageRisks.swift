public import Iptables

extension IptablesPlan {
    /// Why the plan's rules would cause an outage on a working host: its snapshot is probably incomplete.
    ///
    /// - Parameter live: the host's present rules.
    /// - Returns: sentences; none if there is no such risk.
    public func outageRisks(replacing live: Ruleset) -> [String] {
        let served = IptablesPlan.servicesWithEndpoints(live)
        let planned = Set(plan.servicePorts.lazy.filter(\.hasAnyEndpoint).map { hash(of: $0) })
        return plan.outageRisks(losing: served.count { !planned.contains($0) }, of: served.count)
    }

    /// The Service ports with endpoints in a live chain.
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
