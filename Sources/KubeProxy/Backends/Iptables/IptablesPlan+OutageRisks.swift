public import Iptables

extension IptablesPlan {
    /// Why the plan's rules would take a host down that works now: most likely its snapshot is not whole.
    ///
    /// - Parameter live: the host's present rules.
    /// - Returns: sentences; none if there is no doubt.
    public func outageRisks(replacing live: Ruleset) -> [String] {
        let served = IptablesPlan.servicesWithEndpoints(live)
        let planned = Set(plan.servicePorts.lazy.filter(\.hasAnyEndpoint).map { hash(of: $0) })
        return plan.outageRisks(losing: served.count { !planned.contains($0) }, of: served.count)
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
