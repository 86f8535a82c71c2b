public import Iptables
internal import NetAddress

/// A jump from a built-in chain to one of kube-proxy's. It is not part of the text that kube-proxy
/// restores: kube-proxy ensures it with a separate command, which inserts it at the top of the chain if it is missing
/// (kube-proxy 1.36: `iptablesJumpChains` and `iptablesKubeletJumpChains` of `pkg/proxy/iptables/proxier.go`).
public struct JumpRule: Sendable {
    /// The table, `filter` or `nat`.
    public let table: String
    /// The built-in chain that holds the rule.
    public let chain: String
    public let target: ChainName.Kind
    /// Whether only the first packets of connections take the jump.
    public let isForNew: Bool
    /// The comment; nil for the jumps that kubelet ensures as well.
    private let comment: String?

    private init(
        _ table: String, _ chain: String, to target: ChainName.Kind, _ comment: String?, isForNew: Bool = false
    ) {
        self.table = table
        self.chain = chain
        self.target = target
        self.isForNew = isForNew
        self.comment = comment
    }

    /// All jumps, in the order in which kube-proxy ensures them; each new one is inserted at the top of its chain.
    public static let all: [JumpRule] = {
        let external = "kubernetes externally-visible service portals"
        let services = "kubernetes service portals"
        let firewall = "kubernetes load balancer firewall"
        return [
            JumpRule("filter", "INPUT", to: .externalServices, external, isForNew: true),
            JumpRule("filter", "FORWARD", to: .externalServices, external, isForNew: true),
            JumpRule("filter", "INPUT", to: .nodePorts, "kubernetes health check service ports"),
            JumpRule("filter", "FORWARD", to: .services, services, isForNew: true),
            JumpRule("filter", "OUTPUT", to: .services, services, isForNew: true),
            JumpRule("filter", "FORWARD", to: .forward, "kubernetes forwarding rules"),
            JumpRule("filter", "INPUT", to: .proxyFirewall, firewall, isForNew: true),
            JumpRule("filter", "OUTPUT", to: .proxyFirewall, firewall, isForNew: true),
            JumpRule("filter", "FORWARD", to: .proxyFirewall, firewall, isForNew: true),
            JumpRule("nat", "OUTPUT", to: .services, services),
            JumpRule("nat", "PREROUTING", to: .services, services),
            JumpRule("nat", "POSTROUTING", to: .postrouting, "kubernetes postrouting rules"),
            JumpRule("filter", "INPUT", to: .firewall, nil),
            JumpRule("filter", "OUTPUT", to: .firewall, nil),
        ]
    }()

    /// The rule itself.
    public var rule: Rule {
        var matches: [Match] = []
        if isForNew { matches.append(.conntrack(ConntrackMatch(states: .init(.new)))) }
        if let comment { matches.append(.comment(comment)) }
        return Rule(matches: matches, target: .jump(target.text.description))
    }

    /// Whether a rule sends at least the same packets there as this jump: it may have another comment or none, and if
    /// the jump is for new connections, it may be for all.
    func isDone(by other: Rule) -> Bool {
        guard other.target == .jump(target.text.description), !other.hasBasicConditions else { return false }
        return other.matches.allSatisfy { match in
            switch match {
            case .comment, .nfacct: true
            case .conntrack(let match): isForNew && match == ConntrackMatch(states: .init(.new))
            default: false
            }
        }
    }
}
