internal import Iptables

/// The rules are of a kube-proxy whose text is not known here.
public struct OlderVersion: AuditEvidence {
    public static let id = AuditFinding.Identifier.olderVersion
    /// What of its rules only older versions write.
    public let signs: [String]
}

extension OlderVersion: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        guard subject.isOlderVersion else { return }
        findings.add(OlderVersion(signs: subject.olderVersionSigns))
    }

    public var severity: FindingSeverity { .warning }

    public var effect: String {
        "these rules are of kube-proxy 1.23 or older (\(signs.joined(separator: ", "))), whose text kubechains does not "
            + "know: only Services and their endpoints are compared"
    }

    public var remedy: String {
        "update kube-proxy to 1.24 or newer, which replaces these rules, or compare with the snapshot of a node that has it"
    }
}

extension ChainsByName {
    /// What of the rules only kube-proxy 1.23 and older write; empty for newer versions, also with left-overs of old ones.
    var olderVersionSigns: [String] {
        var signs: [String] = []
        let serviceRules = rules("nat", "KUBE-SERVICES")
        let nodePorts = rules("nat", "KUBE-NODEPORTS")
        func leadsToOldChain(_ rule: Rule) -> Bool { rule.target?.chain?.hasPrefix("KUBE-XLB-") ?? false }
        let isUsed =
            nodePorts.contains(where: leadsToOldChain) || serviceRules.contains(where: leadsToOldChain)
            || serviceRules.contains { rule in
                guard let target = rule.target?.chain, target.hasPrefix("KUBE-FW-") else { return false }
                return rules("nat", target).contains(where: leadsToOldChain)
            }
        if isUsed { signs.append("traffic goes to KUBE-XLB-* chains") }
        let marks = { (rule: Rule) in rule.target == .jump("KUBE-MARK-MASQ") }
        if serviceRules.contains(where: marks) { signs.append("KUBE-SERVICES jumps to KUBE-MARK-MASQ") }
        if nodePorts.contains(where: marks) { signs.append("KUBE-NODEPORTS jumps to KUBE-MARK-MASQ") }
        guard !signs.isEmpty else { return [] }
        if rules("nat", "KUBE-MARK-DROP").contains(where: { if case .mark = $0.target { true } else { false } }) {
            signs.append("KUBE-MARK-DROP")
        }
        return signs
    }
}
