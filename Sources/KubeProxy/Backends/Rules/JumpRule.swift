public import Iptables
internal import NetAddress

/// A jump from a built-in chain to one of kube-proxy's. It is not part of the text that kube-proxy
/// restores: kube-proxy ensures it with a separate command, which inserts it at the top of the chain if it is missing
/// (kube-proxy 1.36: `iptablesJumpChains` and `iptablesKubeletJumpChains` of `pkg/proxy/iptables/proxier.go`,
/// `iptablesJumpChain` of `pkg/proxy/ipvs/proxier.go`).
public struct JumpRule: Sendable, Hashable {
    /// The table, `filter` or `nat`.
    public let table: String
    /// The built-in chain that holds the rule.
    public let chain: String
    /// The chain that it leads to.
    public let target: KubeChain
    /// Whether only the first packets of connections take the jump.
    public let isForNew: Bool
    /// The comment; nil for the jumps that kubelet ensures as well.
    private let comment: String?

    private init(
        _ table: String, _ chain: String, to target: KubeChain, _ comment: String?, isForNew: Bool = false
    ) {
        self.table = table
        self.chain = chain
        self.target = target
        self.isForNew = isForNew
        self.comment = comment
    }

    /// The jumps of iptables mode, in the order in which kube-proxy ensures them; each new one is inserted at the top of its
    /// chain.
    public static let iptablesMode: [JumpRule] = {
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

    /// Those of IPVS mode, likewise.
    public static let ipvsMode: [JumpRule] = {
        let services = "kubernetes service portals"
        let firewall = "kube-proxy firewall rules"
        let filter = "kubernetes ipvs access filter"
        return [
            JumpRule("nat", "OUTPUT", to: .services, services),
            JumpRule("nat", "PREROUTING", to: .services, services),
            JumpRule("nat", "POSTROUTING", to: .postrouting, "kubernetes postrouting rules"),
            JumpRule("filter", "FORWARD", to: .forward, "kubernetes forwarding rules"),
            JumpRule("filter", "INPUT", to: .nodePort, "kubernetes health check rules"),
            JumpRule("filter", "INPUT", to: .proxyFirewall, firewall),
            JumpRule("filter", "FORWARD", to: .proxyFirewall, firewall),
            JumpRule("filter", "INPUT", to: .ipvsFilter, filter),
            JumpRule("filter", "OUTPUT", to: .ipvsOutFilter, filter),
        ]
    }()

    /// Whether a minor version of Kubernetes 1 ensures the jump: where it makes the chain; nil asks for the newest.
    public func isMade(by version: Int?, _ owner: KubeChainEntry.Owner = .iptablesMode) -> Bool {
        KubeChainEntry.all.contains { entry in
            entry.owner == owner && entry.table == table && entry.chain == target && entry.isMade(by: version)
        }
    }

    /// The rule itself.
    public var rule: Rule {
        var matches: [Match] = []
        if isForNew { matches.append(.conntrack(ConntrackMatch(states: .init(.new)))) }
        if let comment { matches.append(.comment(comment)) }
        return Rule(matches: matches, target: .jump(target.name))
    }

    /// What follows `-I`, `-A` or `-D` in a command of iptables.
    public var text: String { String(rule.saved(in: chain).dropFirst("-A ".count)) }

    /// Whether a rule sends at least the same packets there as this jump: it may have another comment or none, a counter
    /// (nfacct), and if the jump is for new connections, it may be for all.
    public func isDone(by other: Rule) -> Bool {
        guard other.target == .jump(target.name), let condition = other.jumpCondition else { return false }
        return condition == .none || isForNew
    }

    /// Whether a chain has a rule that does what this jump does.
    public func isDone(by rules: [Rule]) -> Bool {
        for rule in rules where isDone(by: rule) { return true }
        return false
    }

    /// Whether a rule of a built-in chain is a jump as kube-proxy writes it, in this version or another, to one of some
    /// chains: with no condition but that the connection is new.
    static func isJump(_ rule: Rule, to targets: (String) -> Bool) -> Bool {
        guard case .jump(let target) = rule.target, targets(target) else { return false }
        return rule.jumpCondition != nil
    }
}

/// Which packets a jump of kube-proxy's is for.
private enum JumpCondition {
    case none, isNew
}

extension Rule {
    /// The condition under which the rule applies, comments and counters (nfacct) aside; nil: one that no jump of
    /// kube-proxy's has.
    fileprivate var jumpCondition: JumpCondition? {
        guard !hasBasicConditions else { return nil }
        var condition = JumpCondition.none
        for match in matches {
            switch match {
            case .comment, .nfacct: continue
            case .conntrack(let match) where match == ConntrackMatch(states: .init(.new)): condition = .isNew
            default: return nil
            }
        }
        return condition
    }
}
