internal import Iptables
internal import KubeChainsBytes

// Where a version writes addresses as their objects spell them, iptables decides what they mean: it reads a leading zero
// as that of an octal number, unlike kube-proxy.

extension IptablesPlan {
    /// The rules as iptables reads the text.
    ///
    /// - Parameter rules: the same rules with canonical addresses.
    func asRead(_ rules: Ruleset) -> Ruleset {
        guard let read = try? Ruleset(parsing: Array(text(.restore).utf8), family: rules.family) else { return rules }
        var rules = rules
        for (table, other) in zip(rules.tables.indices, read.tables) {
            for (chain, other) in zip(rules.tables[table].chains.indices, other.chains) {
                for (rule, other) in zip(rules.tables[table].chains[chain].rules.indices, other.rules) {
                    rules.tables[table].chains[chain].rules[rule].source = other.source
                    rules.tables[table].chains[chain].rules[rule].destination = other.destination
                    rules.tables[table].chains[chain].rules[rule].target = other.target
                }
            }
        }
        return rules
    }

    /// Writes the rules as iptables-save prints what iptables made of the text.
    func writeSavedSpellings(_ text: consuming TextWriter) -> TextSummary {
        var rules = ruleset(keepsComments: true)
        for table in rules.tables.indices {
            rules.tables[table].chains.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        }
        rules.write(to: &text)
        text.flush()
        let chains = rules.tables.flatMap(\.chains)
        return TextSummary(
            chains: chains.count, rules: chains.reduce(0) { $0 + $1.rules.count }, bytes: text.totalCount)
    }
}
