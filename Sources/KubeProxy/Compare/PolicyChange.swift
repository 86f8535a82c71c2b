internal import Iptables
internal import KubeChainsBytes

/// A traffic policy of a Service that two sides' rules show to be another.
public struct PolicyChange: Sendable, Hashable {
    /// The policies, as the Service's specification calls them.
    public enum Policy: String, Sendable, Hashable {
        /// What happens to traffic from outside, and to traffic to the cluster IP.
        case externalTrafficPolicy, internalTrafficPolicy
    }

    /// The policy.
    public let policy: Policy
    /// Whether it was Cluster, and is Local now; otherwise it is the other way round.
    public let becomesLocal: Bool
    /// The rule or element that shows it, of the side that has one: its chain, set or map, and what it matches and does.
    public let evidence: String?

    /// `Cluster` or `Local`: the policy of the expected side.
    public var expected: String { becomesLocal ? "Cluster" : "Local" }
    /// `Cluster` or `Local`: the policy of the actual side.
    public var actual: String { becomesLocal ? "Local" : "Cluster" }
}

extension PolicyChange {
    fileprivate static func text(_ rule: PlacedRule?) -> String? {
        rule.map { "\($0.chain): \($0.rule.actingText)" }
    }
}

extension ServicePortDifference {
    /// The policies that differ, as far as the rules show them: those of a Service port without an endpoint anywhere are the same
    /// under both.
    public var policyChanges: [PolicyChange] {
        guard change == .changed else { return [] }
        let bySubject = Dictionary(details.map { ($0.subject, $0) }, uniquingKeysWith: { first, _ in first })
        return [external(bySubject), `internal`(bySubject)].compactMap(\.self)
    }

    /// Under Local the node's own traffic is led to all endpoints before the rest goes to the local ones; under Cluster
    /// everything from outside is masqueraded.
    private func external(_ bySubject: [RuleDetail.Subject: RuleDetail]) -> PolicyChange? {
        let everything = RuleConditions(Rule())
        guard let fromNode = bySubject[.externalTraffic(.fromNode)],
            let masquerade = bySubject[.externalMasquerade(everything)],
            (fromNode.expected == nil) == (masquerade.actual == nil)
        else { return nil }
        return PolicyChange(
            policy: .externalTrafficPolicy, becomesLocal: fromNode.expected == nil,
            evidence: PolicyChange.text(fromNode.actualRule ?? fromNode.expectedRule))
    }

    /// The cluster IP leads to the endpoints of one policy or of the other; under Local without one of these it drops.
    private func `internal`(_ bySubject: [RuleDetail.Subject: RuleDetail]) -> PolicyChange? {
        for detail in details {
            guard case .frontend(let frontend) = detail.subject else { continue }
            let verdict = bySubject[.verdict(frontend)]
            func isLocal(_ action: RuleDetail.Action?, _ verdict: RuleDetail.Action?) -> Bool? {
                switch action {
                case .lead(.policy(let policy)): policy == .local
                case nil: verdict == .drop ? true : nil
                default: nil
                }
            }
            guard let before = isLocal(detail.expected, verdict?.expected),
                let after = isLocal(detail.actual, verdict?.actual), before != after
            else { continue }
            return PolicyChange(
                policy: .internalTrafficPolicy, becomesLocal: after,
                evidence: PolicyChange.text(detail.actualRule ?? verdict?.actualRule ?? detail.expectedRule))
        }
        return nil
    }
}

extension NftablesServiceDifference {
    /// The policies that differ, as far as the tables show them.
    public var policyChanges: [PolicyChange] {
        guard change == .changed else { return [] }
        return [external, `internal`].compactMap(\.self)
    }

    /// As in iptables mode.
    private var external: PolicyChange? {
        let rules = details.filter { $0.kind == .rule && $0.object.hasPrefix("external-") }
        func find(_ start: String, _ side: (NftablesDifference) -> String?) -> NftablesDifference? {
            rules.first { side($0)?.hasPrefix(start) ?? false }
        }
        let (fromNode, everything) = ("fib saddr type local goto ", "meta mark set ")
        for becomesLocal in [true, false] {
            let local: (NftablesDifference) -> String? = becomesLocal ? { $0.actual } : { $0.expected }
            let cluster: (NftablesDifference) -> String? = becomesLocal ? { $0.expected } : { $0.actual }
            guard let rule = find(fromNode, local), find(everything, cluster) != nil else { continue }
            return PolicyChange(
                policy: .externalTrafficPolicy, becomesLocal: becomesLocal,
                evidence: local(rule).map { "\(rule.object): \($0)" })
        }
        return nil
    }

    /// The element of the cluster IP leads to the chain of one policy or of the other.
    private var `internal`: PolicyChange? {
        for detail in details where detail.kind == .element && detail.object == "service-ips" {
            func leads(_ element: String?, to chain: String) -> Bool {
                element?.contains(text: " : goto \(chain)-") ?? false
            }
            for (before, after) in [("service", "local"), ("local", "service")]
            where leads(detail.expected, to: before) && leads(detail.actual, to: after) {
                return PolicyChange(
                    policy: .internalTrafficPolicy, becomesLocal: after == "local",
                    evidence: detail.actual.map { "\(detail.object): \($0)" })
            }
        }
        return nil
    }
}
