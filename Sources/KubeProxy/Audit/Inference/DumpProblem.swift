internal import Iptables

/// Why a dump cannot be compared with what kube-proxy writes in iptables mode.
public enum DumpProblem: Sendable, Hashable {
    /// It has no rule, and no chain but built-in ones.
    case empty
    /// It has rules, but none of kube-proxy's; kubelet's chains may be there.
    case noProxyRules(hasKubeletChains: Bool)
    /// The table of this name is not in it, the other one is.
    case missingTable(String)
    /// It is of a kube-proxy in IPVS mode.
    case ipvsMode
    /// kube-proxy's chains and jumps are there, but nothing is in them: iptables-restore refused its rules.
    case emptyServices
    /// The chains of Service ports are there, but no chain of kube-proxy's in the nat table has a rule.
    case flushed
    /// Its rules are of several Services, and none of them is one of the snapshot's, but perhaps default/kubernetes.
    case otherCluster

    /// What keeps a dump from being compared; nil: nothing.
    ///
    /// - Parameter hasEndpoints: whether Service ports have endpoints, so that there must be rules.
    init?(_ live: ChainsByName, hasEndpoints: Bool) {
        let tables = live.ruleset.tables
        let hasRules = tables.contains { table in
            table.chains.contains { !$0.rules.isEmpty || $0.policy == nil || $0.policy == .drop }
        }
        guard hasRules else {
            self = .empty
            return
        }
        let nat = live.ruleset[table: "nat"]
        let filter = live.ruleset[table: "filter"]
        let services = live.chain("nat", "KUBE-SERVICES")
        let hasServiceChains =
            live.leavesOutServices || nat?.chains.contains { ChainName($0.name)?.hash != nil } ?? false
        if live.isOfIPVSMode, !(services?.rules.contains { ChainName($0.target?.chain ?? "")?.hash != nil } ?? false) {
            self = .ipvsMode
            return
        }
        if services == nil, !hasServiceChains, !live.has("filter", "KUBE-SERVICES") {
            self = .noProxyRules(
                hasKubeletChains: tables.contains { $0.chains.contains { $0.name.hasPrefix("KUBE-") } })
            return
        }
        if hasEndpoints, let services, services.rules.isEmpty, !hasServiceChains {
            self = .emptyServices
            return
        }
        if hasServiceChains, live.hasOnlyEmptyChains("nat") {
            self = .flushed
            return
        }
        if nat == nil {
            self = .missingTable("nat")
        } else if filter == nil {
            self = .missingTable("filter")
        } else {
            return nil
        }
    }
}

extension DumpProblem {
    /// That a dump is of another cluster than the plan, as far as the names of Services tell; nil: it is not.
    init?(_ live: ChainsByName, of iptables: IptablesPlan) {
        guard !live.leavesOutServices else { return nil }
        var known: Set<ChainHash> = []
        var shared: Set<ChainHash> = []
        for port in iptables.plan.servicePorts where port.hasAnyEndpoint {
            let hash = iptables.hash(of: port)
            if port.isOfAPIServer { shared.insert(hash) } else { known.insert(hash) }
        }
        var found: Set<ChainHash> = []
        for chain in live.ruleset[table: "nat"]?.chains ?? [] {
            guard let name = ChainName(chain.name), [.clusterPolicy, .localPolicy].contains(name.kind),
                let hash = name.hash, !shared.contains(hash)
            else { continue }
            if known.contains(hash) { return nil }
            found.insert(hash)
        }
        guard known.count > 1, found.count > 1 else { return nil }
        self = .otherCluster
    }
}

extension ChainsByName {
    /// Whether the nat table has the chains of IPVS mode, or its rules ask for that mode's sets.
    var isOfIPVSMode: Bool {
        IPVSChains.names.contains { has("nat", $0) }
            || rules("nat", "KUBE-SERVICES").contains { rule in
                rule.matches.contains { if case .set = $0 { true } else { false } }
            }
    }
}

/// The chains that only IPVS mode makes.
enum IPVSChains {
    static let names = ["KUBE-LOAD-BALANCER", "KUBE-NODE-PORT"]
}
