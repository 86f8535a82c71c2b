internal import Iptables

// Comparing rules as text: for strict comparisons and unified diffs.

extension RuleComparison {
    /// A chain whose rules differ as text.
    public struct ChangedChain: Sendable {
        /// The table's name.
        public let table: String
        /// The chain's name.
        public let name: String
        /// The rules in normal form.
        public let expected: [String]
        /// The same of the actual side.
        public let actual: [String]
    }

    /// The chains whose rules differ, in the order of their names; beside a plan those that kube-proxy writes.
    ///
    /// - Parameter isStrict: whether comments and counting objects count.
    public static func changedChains(_ left: Side, _ right: Side, isStrict: Bool) -> [ChangedChain] {
        let knowsAll = left.plan == nil && right.plan == nil
        var keys: Set<[String]> = []
        var texts: [[String]: (Chain?, Chain?)] = [:]
        for (index, ruleset) in [left.ruleset, right.ruleset].enumerated() {
            for table in ruleset.tables {
                for chain in table.chains where knowsAll || isProxyChain(table.name, chain.name) {
                    let key = [table.name, chain.name]
                    keys.insert(key)
                    if index == 0 {
                        texts[key, default: (nil, nil)].0 = chain
                    } else {
                        texts[key, default: (nil, nil)].1 = chain
                    }
                }
            }
        }
        var changed: [ChangedChain] = []
        for key in keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            guard let (one, other) = texts[key] else { continue }
            if !isStrict, let one, let other, one.rules.act(as: other.rules) { continue }
            let lines = [one, other].map { chain in
                (chain?.rules ?? []).map { rule in
                    isStrict
                        ? rule.ignoringCounters.saved(in: key[1])
                        : "-A \(key[1])" + (rule.actingText.isEmpty ? "" : " " + rule.actingText)
                }
            }
            if lines[0] != lines[1] || (one == nil) != (other == nil) {
                changed.append(ChangedChain(table: key[0], name: key[1], expected: lines[0], actual: lines[1]))
            }
        }
        return changed
    }

    /// Whether kube-proxy writes a chain of this name in a table.
    private static func isProxyChain(_ table: String, _ chain: String) -> Bool {
        isWritten(table, chain) || ChainName(chain) != nil
            || RulesByService.sharedChains.contains { $0.table == table && $0.chain.text.description == chain }
    }
}
