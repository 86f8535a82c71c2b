public import Iptables
internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress

/// Compares a node's rules with what the API says they should be.
public struct Audit: Sendable {
    /// Most severe first, then by Service port and line.
    public private(set) var findings: [AuditFinding] = []

    /// Audits a node.
    ///
    /// - Parameters:
    ///   - iptables: what should be.
    ///   - expected: the plan's rules; comments on Services are not needed.
    ///   - dumps: what iptables-save printed on the node, one dump for each backend. The one that contains kube-proxy's
    ///     chains is audited.
    public init(_ iptables: IptablesPlan, _ expected: Ruleset, _ dumps: [Ruleset]) {
        let holders = dumps.filter { $0.holdsProxyChains }
        guard let live = holders.first ?? dumps.first else { return }
        var names = ChainOwners()
        let plan = iptables.plan
        names.learn(iptables)
        names.learn(expected)
        names.learn(live)
        let rules = RulesByService(live, names)
        let wanted = RulesByService(expected, names)
        let comparison = RuleComparison(wanted, rules, names, knowsAll: false)

        findings += SettingsAudit(plan, rules, wanted).findings
        let isMarkKnown = findings.contains { $0.id == .settingsDiffer && $0.effect.contains(text: "mark") }
        let isSourceKnown = findings.contains { $0.id == .settingsDiffer && $0.effect.contains(text: "masquerade") }
        let translator = DifferenceAudit(isMarkKnown: isMarkKnown, isSourceKnown: isSourceKnown)
        for port in comparison.servicePorts { findings += translator.findings(port, rules) }
        for entry in comparison.other { findings += translator.findings(entry) }
        findings += StructureAudit(plan, rules, wanted, names).findings
        findings += backendFindings(dumps, holders)
        findings.sort(by: Audit.precedes)
    }

    private static func precedes(_ left: AuditFinding, _ right: AuditFinding) -> Bool {
        if left.severity != right.severity { return left.severity > right.severity }
        if left.label != right.label {
            guard let one = left.label else { return true }
            guard let other = right.label else { return false }
            return one < other
        }
        return (left.line, left.id.rawValue, left.effect) < (right.line, right.id.rawValue, right.effect)
    }

    private func backendFindings(_ dumps: [Ruleset], _ holders: [Ruleset]) -> [AuditFinding] {
        if holders.count > 1 {
            return [
                AuditFinding(
                    .bothBackends, .error,
                    effect:
                        "kube-proxy's chains are in both the nft and the legacy backend; packets meet both, the older "
                        + "ones with rules that nobody updates",
                    remedy: "find out which backend kube-proxy uses, and remove the KUBE-* chains of the other")
            ]
        }
        guard dumps.count == 1, dumps.first?.warnsOfLegacyTables == true else { return [] }
        return [
            AuditFinding(
                .bothBackends, .info,
                effect: "the dump says that there are rules in the legacy backend too, which it does not show",
                remedy: "give that backend's dump as a second --live (iptables-legacy-save)")
        ]
    }
}

extension Ruleset {
    /// Whether kube-proxy's chains are among the rules; those of kubelet and canaries do not count.
    public var holdsProxyChains: Bool {
        self[table: "nat"]?[chain: "KUBE-SERVICES"] != nil || self[table: "filter"]?[chain: "KUBE-SERVICES"] != nil
    }
}
