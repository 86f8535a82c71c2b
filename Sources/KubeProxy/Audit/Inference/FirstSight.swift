internal import Iptables
package import KubeChainsBytes

extension IptablesPlan {
    /// How many Service ports of a dump are looked at.
    private static let firstPorts = 16

    /// The plan with what the first Service ports of a dump show of whose traffic is masqueraded. Every Service port has a rule
    /// for it, so that none would be the same beside a plan that takes it otherwise. All rules are asked afterwards.
    ///
    /// - Parameters:
    ///   - given: the settings that were given.
    ///   - text: what iptables-save printed.
    ///   - chains: where the text has its chains.
    package func atFirstSight(
        given: Set<AuditSetting>, _ text: ByteView, _ chains: SavedChains?, with workers: Workers?
    ) -> IptablesPlan {
        guard let chains else { return self }
        var (declarations, rules) = (":KUBE-SERVICES - [0:0]\n:KUBE-MARK-MASQ - [0:0]\n", "")
        for place in chains.places.lazy.filter({ $0.kind == .clusterPolicy && $0.rules >= 0 }).prefix(Self.firstPorts) {
            declarations += text[place.declaration].string
            rules += "-A KUBE-SERVICES -j \(ChainName(place.kind, place.hash))\n"
            rules += text[place.rules..<text.endOfLine(from: place.rules)].string + "\n"
        }
        let lines = Array("*nat\n\(declarations)\(rules)COMMIT\n".utf8)
        guard !rules.isEmpty, let some = try? Ruleset(parsing: lines, family: plan.settings.family) else { return self }
        let evidence = RuleEvidence(ChainsByName(some))
        var conclusions = SettingConclusions(plan, .given(given))
        conclusions.take(evidence.localTraffic, evidence.masqueradeAll, plan, plan.behaviors)
        guard conclusions.settings != plan.settings else { return self }
        return replanned(conclusions.settings, workers) ?? self
    }
}
