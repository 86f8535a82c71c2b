internal import Iptables
internal import KubeChainsBytes
package import NetAddress

/// A rule with the reason for it.
public struct ExplainedRule: Sendable {
    /// The Service port that the rule is about, as `namespace/service:port/protocol`; nil: none.
    public let servicePort: String?
    /// `filter` or `nat`.
    public let table: String
    /// The chain that it is in.
    public let chain: ChainName
    /// The rule as kube-proxy writes it.
    public let text: String
    /// Why it is there, as a phrase.
    public let why: String
    package let purpose: RulePurpose
    /// The chain that it jumps to.
    package let jump: ChainName?
    /// The verdict for packets without an endpoint.
    package let refusal: Refusal?
    /// The one address that it is about.
    package let destination: IPAddress?

    package enum Refusal: Sendable, Hashable {
        case drop, reject
    }
}

/// Collects rules with their reasons.
struct RuleCollector: RuleSink {
    private let reasons: RuleReasons
    /// The only chain whose rules are wanted; nil: all.
    private let chain: ChainName.Kind?
    private var table = "filter"
    private(set) var rules: [ExplainedRule] = []

    private init(_ reasons: RuleReasons, chain: ChainName.Kind?) {
        self.reasons = reasons
        self.chain = chain
    }

    /// A Service port's rules of both tables, in kube-proxy's order.
    static func rules(
        of port: ServicePortPlan, _ plan: IptablesPlan, chain: ChainName.Kind? = nil
    ) -> [ExplainedRule] {
        let rules = RuleComposer(plan)
        var collector = RuleCollector(RuleReasons(plan.plan, port), chain: chain)
        rules.addFilterRules(of: port, to: &collector)
        collector.table = "nat"
        rules.addNatRules(of: port, to: &collector)
        return collector.rules
    }

    /// The rules that all Service ports share: those before them and those after them.
    static func sharedRules(
        _ plan: IptablesPlan, chain: ChainName.Kind? = nil
    ) -> (before: [ExplainedRule], after: [ExplainedRule]) {
        let rules = RuleComposer(plan)
        var before = RuleCollector(RuleReasons(plan.plan, nil), chain: chain)
        var after = before
        rules.addLoopbackGuard(to: &before)
        rules.addForwardRules(to: &after)
        before.table = "nat"
        after.table = "nat"
        rules.addMasqueradeRules(to: &before)
        rules.addNodePortTail(to: &after)
        return (before.rules, after.rules)
    }

    mutating func add(_ rule: borrowing ComposedRule, _ subject: borrowing RuleSubject) {
        if let chain, rule.chain.kind != chain { return }
        var text = RestoreTextSink(TextWriter())
        text.add(rule, subject)
        let bytes = text.finish().finish()
        var jump: ChainName?
        var refusal: ExplainedRule.Refusal?
        switch rule.target {
        case .jump(let target): jump = target
        case .drop: refusal = .drop
        case .reject: refusal = .reject
        default: break
        }
        rules.append(
            ExplainedRule(
                servicePort: reasons.port?.label, table: table, chain: rule.chain,
                text: String(decoding: bytes.dropLast(), as: UTF8.self),
                why: reasons.why(rule, subject), purpose: rule.purpose, jump: jump,
                refusal: refusal, destination: rule.destination.flatMap { $0.writesLength ? nil : $0.prefix.network }))
    }
}
