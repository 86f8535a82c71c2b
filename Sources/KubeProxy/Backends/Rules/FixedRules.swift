internal import NetAddress

/// The rules of KUBE-POSTROUTING, KUBE-MARK-MASQ and KUBE-FORWARD, which no Service port shapes and both modes have, and of KUBE-FIREWALL
/// (kube-proxy 1.36: `syncProxyRules` of `pkg/proxy/iptables/proxier.go`, `writeIptablesRules` of
/// `pkg/proxy/ipvs/proxier.go`).
struct FixedRules {
    private let plan: NodePlan
    private let mark: UInt32

    init(_ plan: NodePlan) {
        self.plan = plan
        mark = plan.node.masqueradeMark
    }

    /// Rewrites the source of marked packets, and clears their mark.
    var postrouting: [ComposedRule] {
        let chain = ChainName(.postrouting)
        var unmarked = ComposedRule(chain, to: .return, for: .passUnmarked)
        unmarked.mark = ComposedRule.MarkMatch(value: mark, isNegated: true)
        let comment = ComposedRule.Comment.text("kubernetes service traffic requiring SNAT")
        let isRandom = plan.settings.hasRandomFully || plan.behaviors.contains(.alwaysRandomFully)
        let masquerade = ComposedRule.Target.masquerade(randomFully: isRandom)
        return [
            unmarked, ComposedRule(chain, to: .clearMark(mark), for: .clearMark),
            ComposedRule(chain, comment, to: masquerade, for: .masquerade),
        ]
    }

    /// Marks packets whose source is to be rewritten.
    var markMasquerade: [ComposedRule] { [ComposedRule(ChainName(.markMasquerade), to: .setMark(mark), for: .setMark)] }

    /// Lets marked packets be forwarded, and those of known connections.
    var forward: [ComposedRule] {
        let chain = ChainName(.forward)
        var marked = ComposedRule(chain, .text("kubernetes forwarding rules"), to: .accept, for: .acceptMarked)
        marked.mark = ComposedRule.MarkMatch(value: mark)
        var known = ComposedRule(
            chain, .text("kubernetes forwarding conntrack rule"), to: .accept, for: .acceptKnown)
        known.conntrackState = .known
        return [marked, known]
    }

    /// KUBE-FIREWALL drops packets from other hosts to 127.0.0.0/8, which node ports on loopback make routable.
    static let loopbackGuard: ComposedRule = {
        let loopback = IPPrefix(.loopback(.ipv4), length: 8)
        var rule = ComposedRule(
            ChainName(.firewall), .text("block incoming localnet connections"), to: .drop, for: .guardLoopback)
        rule.destination = .range(loopback)
        rule.source = .address(.range(loopback, isNegated: true))
        rule.conntrackState = .neitherKnownNorTranslated
        return rule
    }()

    /// Drops packets of no connection. Iptables mode alone has it, before the others of KUBE-FORWARD.
    var dropInvalid: ComposedRule? {
        let keepsInvalid =
            plan.settings.conntrackTCPBeLiberal && plan.behaviors.contains(.liberalConntrackKeepsInvalid)
        guard !keepsInvalid else { return nil }
        var rule = ComposedRule(ChainName(.forward), to: .drop, for: .dropInvalid)
        rule.conntrackState = .invalid
        if plan.countsPackets { rule.accounting = "ct_state_invalid_dropped_pkts" }
        return rule
    }
}

extension NodePlan {
    /// Whether two rules count packets with nfacct.
    var countsPackets: Bool { settings.hasAccountingCounters && behaviors.contains(.accountingCounters) }
}
