internal import KubeProxy
internal import NetAddress

extension Dangers {
    /// Refuses a host that belongs to another, and plans for nftables mode that would cause an outage.
    ///
    /// - Parameters:
    ///   - rules: what iptables has on the host, of all families and backends.
    ///   - risks: why the plans would cause an outage; empty: they would not.
    package static func refuse(nftables rules: [HostRules], _ risks: [String]) throws(HostError) {
        if let sign = HostFacts.signOfKubeProxy(rules) {
            throw HostError(
                "error: kube-proxy seems to run on this host: \(sign); it would undo at its next sync what is written here. "
                    + "Stop it, take away what it left with '\(cleanup(.nftables))', or give --force")
        }
        for rules in rules where rules.live.holdsProxyChains {
            throw HostError(
                "error: \(rules.iptables.name): the chains of kube-proxy in iptables or IPVS mode are on this host, and packets "
                    + "would meet both. Nothing was changed; take them away with '\(cleanup(.nftables))', or give --force"
            )
        }
        if HostFacts.hasIPVSInterface {
            throw HostError(
                "error: the interface \(IPVSHostState.interfaceName), which kube-proxy in IPVS mode made, is on this host, and "
                    + "takes packets for Services. Nothing was changed; take it away with '\(cleanup(.nftables))', or give --force"
            )
        }
        if let risk = risks.first {
            throw HostError("error: \(risk). Nothing was changed; give --force if this is meant")
        }
    }

    /// Refuses tables that a process holds for itself.
    static func refuseOwnedTables(_ state: NftablesHostState) throws(HostError) {
        for part in state.parts where part.table?.hasOwner == true {
            throw HostError(
                "error: the table \(part.name) is owned by another process ('flags owner'), which alone can change or delete "
                    + "it; nothing was changed. Stop that process")
        }
    }

    /// Refuses tables that have the names of kube-proxy's and are another program's.
    ///
    /// - Parameter condition: when the command that deletes the table may be given.
    static func refuseTablesOfOthers(_ state: NftablesHostState, orElse condition: String) throws(HostError) {
        for part in state.parts where part.table?.isOfAnotherProgram == true {
            throw HostError(
                "error: the table \(part.name) is there, but it is not kube-proxy's: it has no chain 'services'. Nothing was "
                    + "changed; delete it with 'nft delete table \(part.name)'\(condition)")
        }
    }
}

extension NftablesHostState.Part {
    /// The family and name of the table.
    var name: String { "\(family.keyword) \(NftablesHostState.tableName)" }
}
