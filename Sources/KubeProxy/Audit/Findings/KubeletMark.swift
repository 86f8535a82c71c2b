internal import Iptables

/// kubelet marks packets for masquerading with another bit than kube-proxy, in the chains that both write
/// (kubelet 1.26 and older, `syncNetworkUtil` of `pkg/kubelet/kubelet_network_linux.go`).
public struct KubeletMark: AuditEvidence {
    public static let id = AuditFinding.Identifier.kubeletMark
    /// The bit of kubelet's mark.
    public let kubelet: Int
    /// The bit of kube-proxy's mark.
    public let proxy: Int
    /// kubelet's rule that sets the mark.
    let rule: PlacedRule
}

extension KubeletMark: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        guard let mark = subject.kubeletMark else { return }
        findings.add(mark, at: mark.rule)
    }

    /// kubelet's bit, if KUBE-MARK-MASQ sets another bit besides kube-proxy's and KUBE-POSTROUTING asks for that one too.
    init?(_ plan: NodePlan, _ differences: [BaseDifference]) {
        for difference in differences where difference.chain == "KUBE-MARK-MASQ" && difference.missing == nil {
            guard let rule = difference.extra, case .mark(let change) = rule.target, !rule.hasBasicConditions,
                change.value == change.mask, change.value.nonzeroBitCount == 1
            else { continue }
            let bit = change.value.trailingZeroBitCount
            guard bit != plan.settings.masqueradeBit,
                differences.contains(where: { $0.chain == "KUBE-POSTROUTING" && $0.extra?.usesMark(bit) == true })
            else { continue }
            kubelet = bit
            proxy = plan.settings.masqueradeBit
            self.rule = PlacedRule(table: difference.table, chain: difference.chain, rule: rule)
            return
        }
        return nil
    }

    /// Whether a difference is one of kubelet's rules.
    func explains(_ difference: BaseDifference) -> Bool {
        guard difference.missing == nil, let extra = difference.extra else { return false }
        switch difference.chain {
        case "KUBE-MARK-MASQ": return extra.usesMark(kubelet)
        case "KUBE-POSTROUTING":
            if extra.usesMark(kubelet) { return true }
            if case .masquerade = extra.target { return !extra.isLimited }
            return false
        default: return false
        }
    }

    public var severity: FindingSeverity { .warning }

    public var effect: String {
        "kubelet marks packets for masquerading with bit \(kubelet), kube-proxy with bit \(proxy): both write KUBE-MARK-MASQ "
            + "and KUBE-POSTROUTING, so packets get both marks, one of which nobody clears"
    }

    public var remedy: String {
        "set both to one value: kubelet's iptablesMasqueradeBit (--iptables-masquerade-bit) and kube-proxy's "
            + "iptables.masqueradeBit; kubelet 1.28 and newer makes no such rules"
    }
}

extension Rule {
    /// Whether the rule sets, clears or asks for a bit of the mark.
    fileprivate func usesMark(_ bit: Int) -> Bool {
        let mark = UInt32(1) << UInt32(bit)
        if case .mark(let change) = target, change.value == mark { return true }
        return matches.contains { if case .mark(let match) = $0 { match.value == mark } else { false } }
    }
}
