public import Iptables
internal import KubeChainsBytes
internal import NetAddress

extension IptablesPlan {
    /// The text that undoes what ``HostChanges`` wrote to one table: chains get the rules that they had, with their
    /// counters; created chains and added jumps are deleted.
    ///
    /// - Parameter before: the host's rules as they were, with counters.
    public func undo(_ changes: HostChanges, table: String, before: Ruleset) -> [UInt8] {
        let rules = RuleComposer(self)
        var names: [ChainName] = []
        if table == "filter" {
            names = rules.filterChains.filter { changes.filterChains?.contains($0) ?? true }
        } else {
            rules.eachNatChain { name in
                if changes.natChains?.contains(name) ?? true { names.append(name) }
            }
        }
        let written = names.map(\.description)
        let old = before[table: table]?.chains ?? []
        let positions = ChainPositions(old)
        var made = written.filter { positions.position(of: $0, in: old) == nil }
        if table == "filter", changes.createsFirewallChain { made.append(KubeChain.firewall.name) }

        var text = TextWriter()
        text.append(UInt8(ascii: "*"))
        text.append(string: table)
        text.append(UInt8(ascii: "\n"))
        let stale = table == "nat" ? changes.staleChains : []
        for name in written + stale { text.append(":", name, " - [0:0]\n") }
        for jump in changes.missingJumps where jump.table == table {
            text.append("-D ", jump.chain, "")
            jump.rule.write(to: &text)
            text.append(UInt8(ascii: "\n"))
        }
        for name in written + stale {
            guard let position = positions.position(of: name, in: old) else { continue }
            old[position].writeRules(to: &text, SaveOptions(rulesHaveCounters: true))
        }
        for name in made { text.append("-X ", name, "\n") }
        text.append("COMMIT\n")
        return text.finish()
    }
}
