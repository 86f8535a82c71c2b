public import Iptables
internal import NetAddress

/// What has to be written so that a host's rules become those of a plan: chains, missing jumps to them, and
/// chains that are no longer used (kube-proxy 1.36: a full sync of `syncProxyRules`).
public struct HostChanges: Sendable {
    /// The plan's chains of the filter table to rewrite; nil: all of them.
    var filterChains: Set<ChainName>?
    /// The plan's chains of the nat table to rewrite; nil: all of them.
    var natChains: Set<ChainName>?
    /// In the order in which they are inserted at the top of their chains.
    public let missingJumps: [JumpRule]
    /// The chains that kubelet fills and kube-proxy needs, as far as they are missing: they are created without rules.
    public let createdChains: [KubeChainEntry]
    /// Chains of the nat table that belong to no Service port any more, in the order of their names.
    public let staleChains: [String]

    /// What has to be written to a host.
    ///
    /// - Parameters:
    ///   - live: the host's present rules.
    ///   - isIncremental: whether chains that are already right are left alone. Comments count, counters do not.
    public init(_ plan: IptablesPlan, _ live: Ruleset, isIncremental: Bool) {
        self.init(plan, live, nil, isIncremental ? plan.ruleset(keepsComments: true) : nil)
    }

    /// What has to be written to a host whose rules were read beside the plan, comments included, where chains that are already
    /// right are left alone.
    package init(_ dump: DumpBesidePlan) { self.init(dump.plan, dump.actual, dump.unchanged, dump.expected) }

    /// - Parameters:
    ///   - unchanged: Service ports whose chains are right, and not among the rules.
    ///   - wanted: the plan's rules; nil: all chains are written.
    private init(_ plan: IptablesPlan, _ live: Ruleset, _ unchanged: UnchangedServices?, _ wanted: Ruleset?) {
        let rules = RuleComposer(plan)
        let liveFilter = live[table: "filter"]?.chains ?? []
        let liveNAT = live[table: "nat"]?.chains ?? []
        let textHoldsFirewall = plan.plan.node.hasLocalhostNodePorts
        let version = plan.plan.version.version.knownMinor
        let behaviors = plan.plan.behaviors
        createdChains = KubeChainEntry.all.filter { entry in
            guard entry.owner == .kubelet else { return false }
            switch entry.chain {
            case .firewall where behaviors.contains(.loopbackGuard) && !textHoldsFirewall: break
            case .markDrop where !behaviors.contains(.dropsInFilterTable): break
            default: return false
            }
            return live[table: entry.table]?[chain: entry.chain.name] == nil
        }
        missingJumps = JumpRule.iptablesMode.filter { jump in
            jump.isMade(by: version) && !jump.isDone(by: live[table: jump.table]?[chain: jump.chain]?.rules ?? [])
        }

        var used: Set<ChainName> = []
        rules.eachNatChain { used.insert($0) }
        let own = OwnedChains.ofServicePorts
        staleChains = liveNAT.map(\.name).filter { own.contains($0) && !used.containsChain($0) }.sorted()

        guard let wanted else { return }
        filterChains = HostChanges.differing(rules.filterChains, wanted[table: "filter"]?.chains ?? [], liveFilter)
        var chains = RuleComposer.fixedNATChains
        for port in plan.plan.servicePorts where unchanged?.contains(port.index) != true {
            plan.eachChain(of: port) { chains.append($0) }
        }
        natChains = HostChanges.differing(chains, wanted[table: "nat"]?.chains ?? [], liveNAT)
    }

    /// The chains whose live rules differ from the wanted ones, or that are missing.
    ///
    /// - Parameter names: those of the wanted chains, in their order.
    private static func differing(_ names: [ChainName], _ wanted: [Chain], _ live: [Chain]) -> Set<ChainName> {
        let positions = ChainPositions(live)
        var differing: Set<ChainName> = []
        for (name, chain) in zip(names, wanted) {
            let position = positions.position(of: chain.name, in: live)
            let isSame = position.map { chain.rules.isSame(as: live[$0].rules) } ?? false
            if !isSame { differing.insert(name) }
        }
        return differing
    }

    /// The changes by name, in the order of tables and names.
    public var names: [String] {
        let chains = [("filter", filterChains ?? []), ("nat", natChains ?? [])].flatMap { table, chains in
            chains.sorted().map { "the chain \($0) of the \(table) table" }
        }
        let jumps = missingJumps.map { "the jump from \($0.chain) of the \($0.table) table to \($0.target.text)" }
        return chains + jumps + staleChains.map { "the stale chain \($0) of the nat table" }
    }

    /// Whether a table has no changes.
    public func isEmpty(table: String) -> Bool {
        guard missingJumps.allSatisfy({ $0.table != table }), createdChains.allSatisfy({ $0.table != table }) else {
            return false
        }
        return table == "filter"
            ? filterChains?.isEmpty == true
            : natChains?.isEmpty == true && staleChains.isEmpty
    }

    /// Whether the host's rules are what they should be.
    public var isEmpty: Bool { isEmpty(table: "filter") && isEmpty(table: "nat") }
}

extension Set<ChainName> {
    /// Whether the chain with a name is among these.
    func containsChain(_ name: String) -> Bool { ChainName(name).map { contains($0) } ?? false }
}

extension HostChanges {
    /// The remaining rules that jump to chains which are deleted.
    public func blockingReferences(in live: Ruleset) -> [ChainReference] {
        guard let nat = live[table: "nat"] else { return [] }
        let written = natChains.map { Set($0.map(\.description)) }
        let own = OwnedChains(KubeChainEntry.all.filter { $0.owner == .iptablesMode && $0.table == "nat" })
        return ChainReference.all(
            to: Set(staleChains), in: nat,
            exceptIn: {
                written?.contains($0) ?? own.contains($0)
            })
    }
}
