public import Iptables

extension IptablesPlan {
    /// The rules of a host on which kube-proxy runs alone: the plan's, and the jumps from the built-in chains, each put at
    /// the top of its chain.
    public var hostRules: Ruleset {
        var rules = ruleset(keepsComments: true)
        if !plan.behaviors.contains(.dropsInFilterTable) { rules.addKubeletChains() }
        for index in rules.tables.indices {
            var builtIn: [Chain] = []
            let own = rules.tables[index].chains
            for jump in JumpRule.iptablesMode where jump.table == rules.tables[index].name {
                // kubelet's own chain may be missing.
                guard let target = jump.rule.target?.chain, own.contains(where: { $0.name == target }) else { continue }
                if let position = builtIn.firstIndex(where: { $0.name == jump.chain }) {
                    builtIn[position].rules.insert(jump.rule, at: 0)
                } else {
                    builtIn.append(Chain(name: jump.chain, policy: .accept, rules: [jump.rule]))
                }
            }
            rules.tables[index].chains = builtIn + own
        }
        return rules
    }
}

extension Ruleset {
    /// Adds the chains of kubelet 1.24 by which it drops what kube-proxy marks (`pkg/kubelet/kubelet_network_linux.go`).
    fileprivate mutating func addKubeletChains() {
        let mark: UInt32 = 1 << 15
        for index in tables.indices {
            if tables[index].name == "nat" {
                let marking = Rule(matches: [], target: .mark(MarkChange(value: mark, mask: mark)))
                tables[index].chains.append(
                    Chain(name: KubeChain.markDrop.name, counters: Counters(), rules: [marking]))
            } else if tables[index].name == "filter" {
                let match = Match.mark(MarkMatch(mark, mask: mark))
                let comment = Match.comment("kubernetes firewall for dropping marked packets")
                let drop = Rule(matches: [comment, match], target: .drop)
                tables[index].chains.append(
                    Chain(name: KubeChain.firewall.name, counters: Counters(), rules: [drop]))
            }
        }
    }
}
