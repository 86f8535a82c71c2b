public import Iptables

/// What limits a rule: its conditions without target, comments, counters and counting objects.
public struct RuleConditions: Sendable, Hashable {
    private let rule: Rule

    /// The conditions of a rule.
    public init(_ rule: Rule) {
        var rule = rule.ignoringCounters
        rule.target = nil
        rule.line = 0
        rule.matches.removeAll(where: \.changesNothing)
        self.rule = rule
    }

    /// Whether every packet meets them.
    public var isEmpty: Bool { !rule.isLimited }

    /// The conditions without those about the destination: its address, port and protocol.
    var withoutDestination: RuleConditions {
        var rule = rule
        rule.destination = nil
        rule.protocol = nil
        rule.matches.removeAll { match in
            switch match {
            case .tcp, .udp, .sctp: true
            default: false
            }
        }
        return RuleConditions(rule)
    }

    /// The conditions of kube-proxy's rules for the node's own traffic.
    static let fromNode = RuleConditions(Rule(matches: [.addrtype(AddressTypeMatch(source: .local))]))
}

extension RuleConditions: CustomStringConvertible {
    /// The options as iptables-save prints them; empty where every packet meets the conditions.
    public var description: String { rule.actingText }
}

extension Rule {
    /// Whether the rule has any condition, comments and counting objects aside.
    var isLimited: Bool { hasBasicConditions || !matches.allSatisfy(\.changesNothing) }
}
