internal import Iptables

extension ChainsByName {
    /// Whether a table has chains whose names begin with KUBE-, and none of them has a rule.
    func hasOnlyEmptyChains(_ table: String) -> Bool {
        if table == "nat", leavesOutServices { return false }
        return ruleset[table: table]?.chains.allSatisfy { !$0.name.hasPrefix("KUBE-") || $0.rules.isEmpty } ?? false
    }

    /// Whether such chains have no rules, and nothing jumps to them.
    func isFlushed(_ table: String) -> Bool {
        guard hasOnlyEmptyChains(table) else { return false }
        return ruleset[table: table]?.chains.allSatisfy { chain in
            !chain.rules.contains { $0.target?.chain?.hasPrefix("KUBE-") ?? false }
        } ?? false
    }
}
