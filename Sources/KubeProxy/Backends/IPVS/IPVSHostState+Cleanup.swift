internal import Iptables
public import NetAddress

extension IPVSHostState {
    /// The state of the host once all that kube-proxy in IPVS mode made is removed (kube-proxy 1.36: `CleanupLeftovers`
    /// of `pkg/proxy/ipvs/proxier.go`). Settings of the kernel stay as they are.
    ///
    /// kube-proxy clears the kernel's whole table of virtual servers. Here only those are deleted that are on the
    /// interface's addresses or that its sets name; others stay.
    ///
    /// - Parameter excluded: ranges whose virtual servers stay as well.
    public func withoutProxy(excluding excluded: [IPPrefix]) -> IPVSHostState {
        var state = self
        state.hasInterface = false
        state.sysctls = []
        state.timeouts = []
        state.families = families.map { $0.withoutProxy(excluding: excluded) }
        return state
    }
}

extension IPVSFamilyState {
    fileprivate func withoutProxy(excluding excluded: [IPPrefix]) -> IPVSFamilyState {
        var state = self
        let bound = Set(addresses.map(\.address))
        let named = Set(
            sets.filter { set in IPVSFamilyState.frontendSets.contains { $0.name(family) == set.name } }.flatMap(
                \.entries))
        var nodePorts: [TransportProtocol: Set<String>] = [:]
        for (transport, set) in [(TransportProtocol.tcp, IPSet.nodePortTCP), (.udp, .nodePortUDP)] {
            nodePorts[transport] = Set(sets.first { $0.name == set.name(family) }?.entries ?? [])
        }
        state.servers = servers.filter { server in
            let isOurs =
                bound.contains(server.address)
                || named.contains(server.entry)
                || nodePorts[server.transport]?.contains("\(server.port)") ?? false
            return !isOurs || excluded.contains { $0.contains(server.address) }
        }
        state.addresses = []
        state.sets = []
        state.rules = rules.withoutIPVS(family)
        return state
    }

    /// The sets of addresses with ports that virtual servers stand on.
    private static let frontendSets: [IPSet] = [
        .clusterIP, .externalIP, .externalIPLocal, .loadBalancer, .nodePortSCTP,
    ]

    /// Rules that are not kube-proxy's and lead to chains which another state does not have.
    public func blockingReferences(to wanted: IPVSFamilyState) -> [ChainReference] {
        rules.tables.flatMap { table in
            let own = IPVSRules.chains(of: table.name)
            let jumps = JumpRule.ipvsMode.filter { $0.table == table.name }
            let doomed = own.filter { table[chain: $0] != nil && wanted.rules[table: table.name]?[chain: $0] == nil }
            return ChainReference.all(
                to: Set(doomed), in: table, exceptIn: { own.contains($0) },
                besides: { chain, rule in jumps.contains { $0.chain == chain.name && $0.isDone(by: rule) } })
        }
    }
}

extension Ruleset {
    /// The rules without IPVS mode's chains and jumps. Chains that both modes have stay where iptables mode has left
    /// some, without rules that need the others or the sets.
    fileprivate func withoutIPVS(_ family: AddressFamily) -> Ruleset {
        let isMixed = holdsChains(only: .iptables)
        let sets = Set(IPSet.allCases.map { $0.name(family) })
        var rules = self
        for index in tables.indices {
            let table = tables[index]
            let own = IPVSRules.chains(of: table.name)
            let doomed = OwnedChains(
                removedWith: .ipvsMode, in: table.name, keeping: isMixed ? .iptablesMode : nil)
            rules.tables[index].chains = table.chains.filter { !doomed.contains($0.name) }.map { chain in
                var chain = chain
                chain.rules.removeAll { rule in
                    if own.contains(chain.name) {
                        return rule.target?.chain.map { doomed.contains($0) } ?? false
                            || rule.matches.contains { match in
                                if case .set(let match) = match { sets.contains(match.name) } else { false }
                            }
                    }
                    return JumpRule.ipvsMode.contains { jump in
                        jump.table == table.name && jump.chain == chain.name && doomed.contains(jump.target.name)
                            && jump.isDone(by: rule)
                    }
                }
                return chain
            }
        }
        return rules
    }
}
