internal import Iptables

/// What the checks of an audit look at.
struct AuditSubject {
    /// What should be.
    let plan: NodePlan
    /// The plan's rules.
    let wanted: RulesByService
    /// The node's rules.
    let live: RulesByService
    let names: ChainOwners
    /// All dumps of the node; more than one if it has several backends.
    let dumps: [Ruleset]
    let comparison: RuleComparison
    /// Settings that the node's rules show to be others than those given.
    let settings: [SettingDifference]

    /// A detail of a Service port that both sides have.
    struct ChangedDetail {
        let label: ServicePortLabel
        let detail: RuleDetail
    }

    /// What differs in Service ports that both sides have, less what another difference explains.
    let details: [ChangedDetail]
    /// What differs in the rules that belong to no Service port, less what a setting explains.
    let baseDifferences: [BaseDifference]

    /// - Parameter live: the dump that is audited, among the dumps.
    init(_ iptables: IptablesPlan, _ expected: Ruleset, _ live: Ruleset, _ dumps: [Ruleset]) {
        plan = iptables.plan
        self.dumps = dumps
        var names = ChainOwners()
        names.learn(iptables)
        names.learn(expected)
        names.learn(live)
        self.names = names
        self.live = RulesByService(live, names)
        wanted = RulesByService(expected, names)
        comparison = RuleComparison(wanted, self.live, names, knowsAll: false)
        settings = SettingDifference.all(plan, self.live, wanted)
        let isSourceExplained = settings.contains { $0.explainsPolicyMasquerade }
        details = comparison.servicePorts.flatMap { port in
            AuditSubject.details(port, isSourceExplained: isSourceExplained)
        }
        let isMarkExplained = settings.contains { $0.explainsMark }
        baseDifferences = BaseDifference.all(comparison.other).filter { !(isMarkExplained && $0.isAboutMark) }
    }

    private static func details(_ port: ServicePortDifference, isSourceExplained: Bool) -> [ChangedDetail] {
        guard port.change == .changed else { return [] }
        let endpointsDiffer = port.details.contains { $0.isShare && ($0.expected == nil || $0.actual == nil) }
        // One endpoint more or less changes the shares of all others, which are then equal again.
        let sharesFollow = endpointsDiffer && !hasUnevenShares(port)
        return port.details.compactMap { detail in
            if sharesFollow, detail.isShare, detail.expected != nil, detail.actual != nil { return nil }
            if isSourceExplained, case .policyMasquerade = detail.subject { return nil }
            return ChangedDetail(label: port.label, detail: detail)
        }
    }

    /// Whether the differing shares are unequal on the node.
    private static func hasUnevenShares(_ port: ServicePortDifference) -> Bool {
        var shares: [ServicePolicy: RuleDetail.Action] = [:]
        for detail in port.details {
            guard case .endpoint(_, let policy) = detail.subject, let actual = detail.actual else { continue }
            if shares.updateValue(actual, forKey: policy).map({ $0 != actual }) == true { return true }
        }
        return false
    }
}

extension RuleDetail {
    /// Whether it is about the share of an endpoint.
    var isShare: Bool {
        if case .endpoint = subject { true } else { false }
    }
}
