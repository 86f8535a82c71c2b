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
    let dumps: AuditedDumps
    let comparison: RuleComparison
    /// Settings that were given and that the node's rules show to be others.
    let settings: [SettingDifference]
    /// What of the rules only versions write whose text is not known here; empty: nothing.
    let olderVersionSigns: [String]

    /// A detail of a Service port that both sides have.
    struct ChangedDetail {
        let label: ServicePortLabel
        let detail: RuleDetail
        /// Whether the Service port's rules are right for other endpoints, so that rules and snapshot may just be of
        /// different age.
        var isOfOtherAge = false
    }

    /// What differs in Service ports that both sides have, less what another difference explains.
    let details: [ChangedDetail]
    /// What differs in the rules that belong to no Service port, less kubelet's rules.
    let baseDifferences: [BaseDifference]
    /// The bit that kubelet's rules use as the mark, where it is another than kube-proxy's.
    let kubeletMark: KubeletMark?

    var isOlderVersion: Bool { !olderVersionSigns.isEmpty }

    init(
        _ iptables: IptablesPlan, _ expected: Ruleset, _ dumps: AuditedDumps, _ settings: [SettingDifference]
    ) {
        plan = iptables.plan
        self.dumps = dumps
        self.settings = settings
        let dump = dumps.live.ruleset
        olderVersionSigns = dumps.live.olderVersionSigns
        var names = ChainOwners()
        names.learn(iptables)
        names.learn(expected)
        names.learn(dump)
        self.names = names
        live = RulesByService(dumps.live, names)
        wanted = RulesByService(ChainsByName(expected, besides: dumps.live.unchanged), names)
        comparison = RuleComparison(wanted, live, names, knowsAll: false)
        let isOlder = !olderVersionSigns.isEmpty
        let changed = Set(comparison.servicePorts.filter(\.hasOtherEndpoints).map(\.hash))
        let rest = isOlder || changed.isEmpty ? nil : EndpointsOfRules(iptables, changed, dumps.live, names)
        let live = live
        // Where the whole filter table was flushed, that is the finding.
        let isFlushed = dumps.live.isFlushed("filter")
        details = comparison.servicePorts.flatMap { port in
            AuditSubject.details(port, port.hasOtherEndpoints ? rest?.details(port.hash, live) : nil)
        }.filter { found in
            if isFlushed, found.detail.actual == nil, found.detail.expectedRule?.table == "filter" { return false }
            // Older versions' policies of one node are in other chains.
            if isOlder, case .endpoint(_, .local) = found.detail.subject { return false }
            return true
        }
        let differences = BaseDifference.all(comparison.other).filter { !isFlushed || $0.table != "filter" }
        kubeletMark = KubeletMark(plan, differences)
        baseDifferences = kubeletMark.map { mark in differences.filter { !mark.explains($0) } } ?? differences
    }

    /// - Parameter rest: what differs if the Service port has the endpoints of the node's rules; nil where endpoints do not
    ///   differ.
    private static func details(_ port: ServicePortDifference, _ rest: [RuleDetail]?) -> [ChangedDetail] {
        guard port.change == .changed else { return [] }
        if let rest, !rest.contains(where: { $0.isShare && ($0.expected == nil || $0.actual == nil) }) {
            // An endpoint of both policies is one difference.
            var endpoints: Set<EndpointReference> = []
            let own = port.details.filter { detail in
                guard case .endpoint(let endpoint, _) = detail.subject, detail.expected == nil || detail.actual == nil
                else { return false }
                return endpoints.insert(endpoint).inserted
            }
            return own.map { ChangedDetail(label: port.label, detail: $0, isOfOtherAge: rest.isEmpty) }
                + rest.filter { detail in detail.endpoint.map { !endpoints.contains($0) } ?? true }
                .map { ChangedDetail(label: port.label, detail: $0) }
        }
        let endpointsDiffer = port.details.contains { $0.isShare && ($0.expected == nil || $0.actual == nil) }
        // One endpoint more or less changes the shares of all others, which are then equal again.
        let sharesFollow = endpointsDiffer && !hasUnevenShares(port)
        return port.details.compactMap { detail in
            if sharesFollow, detail.isShare, detail.expected != nil, detail.actual != nil { return nil }
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

extension ServicePortDifference {
    /// Whether the sides have different endpoints.
    fileprivate var hasOtherEndpoints: Bool {
        change == .changed && details.contains { $0.isShare && ($0.expected == nil || $0.actual == nil) }
    }
}

extension RuleDetail {
    /// The endpoint whose own chain it is about.
    fileprivate var endpoint: EndpointReference? {
        switch subject {
        case .rememberedClients(let endpoint), .hairpin(let endpoint), .sourceMasquerade(_, let endpoint): endpoint
        default: nil
        }
    }

    /// Whether it is about the share of an endpoint.
    var isShare: Bool {
        if case .endpoint = subject { true } else { false }
    }
}
