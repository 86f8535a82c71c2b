internal import Iptables

/// A rule that jumps to a chain which is to be deleted. iptables refuses to delete such a chain, after other tables may
/// have been written already.
public struct ChainReference: Sendable, Hashable {
    /// The table's name.
    public let table: String
    /// The chain that holds the rule.
    public let chain: String
    /// The chain that it jumps to.
    public let target: String
    /// The rule as iptables-save prints it.
    public let rule: String

    /// The rules of a table that jump to any of some chains, except rules in these chains themselves.
    ///
    /// - Parameter isWritten: whether a chain of the table gets other rules at the same time.
    static func all(
        to doomed: Set<String>, in table: Table, exceptIn isWritten: (String) -> Bool,
        besides isDeleted: (Chain, Rule) -> Bool = { _, _ in false }
    ) -> [ChainReference] {
        var found: [ChainReference] = []
        guard !doomed.isEmpty else { return found }
        for chain in table.chains where !doomed.contains(chain.name) && !isWritten(chain.name) {
            for rule in chain.rules {
                guard let target = rule.target?.chain, doomed.contains(target), !isDeleted(chain, rule) else {
                    continue
                }
                found.append(
                    ChainReference(
                        table: table.name, chain: chain.name, target: target, rule: rule.saved(in: chain.name)))
            }
        }
        return found
    }
}
