internal import Iptables
internal import NetAddress
internal import Nftables

/// What is beside kube-proxy's table on the host.
struct NftablesHost {
    private let plan: NftablesPlan
    private let tables: [NftTable]
    private let iptables: [Ruleset]
    private let live: NftablesTableIndex
    private let family: AddressFamily

    /// - Parameters:
    ///   - plan: what is expected.
    ///   - tables: all tables of the host.
    ///   - iptables: what iptables-save printed there.
    ///   - live: kube-proxy's table.
    init(_ plan: NftablesPlan, _ tables: [NftTable], _ iptables: [Ruleset], _ live: NftablesTableIndex) {
        self.plan = plan
        self.tables = tables
        family = plan.plan.settings.family
        self.iptables = iptables.filter { [family] in $0.family == family }
        self.live = live
    }

    func add(to findings: inout AuditFindings) {
        addOwn(&findings)
        addForeign(&findings)
    }

    private func addOwn(_ findings: inout AuditFindings) {
        for flag in live.table.flags {
            let name = "\(live.table.family) \(live.table.name)"
            findings.add(
                NftablesEvidence.TableFlags(table: name, flag: flag), line: live.table.place.number,
                rule: "table \(name) { flags \(live.table.flags.joined(separator: ",")); }")
        }
        for table in tables {
            let chains = table.iptablesChains(family)
            guard let first = chains.first else { continue }
            findings.add(
                LeftOver(cause: .iptablesMode, chains: chains.map(\.name), blocked: []), line: first.place.number,
                rule: "chain \(table.family) \(table.name) \(first.name)")
        }
        for rules in iptables where rules.holdsProxyChains {
            let names = rules.tables.flatMap(\.chains).map(\.name).filter { $0.hasPrefix("KUBE-S") }
            findings.add(LeftOver(cause: .iptablesMode, chains: names, blocked: []))
        }
    }

    /// Rules of others that decide about packets to Services, or change kube-proxy's mark.
    private func addForeign(_ findings: inout AuditFindings) {
        // What iptables-save prints is not looked at twice.
        let others = tables.filter { !$0.isKubeProxys(family) && (iptables.isEmpty || !$0.isOfIptables) }
        var search = NftablesForeignRules(plan, others.map(\.withoutKubernetesRules))
        search.add(to: &findings)
        let mark = plan.node.masqueradeMark
        // The chains of the nat table have the same priorities as kube-proxy's, so that nothing says which come first.
        let omitted: Set = ["nat"]
        var beside = AuditFindings()
        for rules in iptables {
            let chains = ChainsByName(rules)
            ForeignRuleSearch(plan.plan, beside: chains, mark: mark, leavingOut: omitted).run(&beside)
            for (rule, change) in ForeignMark.changes(in: chains, of: mark, leavingOut: omitted) {
                beside.add(
                    NftablesEvidence.ForeignMark(bit: mark.trailingZeroBitCount, change: change), nil, at: rule)
            }
        }
        // Lines are those of the tables' dump, in which these rules are not.
        for finding in beside.all { findings.add(finding.evidence, finding.label, rule: finding.rule) }
    }
}

extension NftTable {
    /// The same, in which the chains of kubelet and of kube-proxy's iptables mode do nothing.
    fileprivate var withoutKubernetesRules: NftTable {
        guard isOfIptables else { return self }
        var table = self
        for index in table.chains.indices where table.chains[index].name.hasPrefix("KUBE-") {
            table.chains[index].rules = []
        }
        return table
    }
}
