public import Iptables

extension IptablesPlan {
    /// The rules of a host on which kube-proxy runs alone: the plan's, and the jumps from the built-in chains, each put at
    /// the top of its chain.
    public var hostRules: Ruleset {
        var rules = ruleset(keepsComments: true)
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
