public import Iptables

/// A difference that belongs to no Service port.
public struct OtherDifference: Sendable, Hashable {
    /// What differs.
    public enum Change: Sendable, Hashable {
        /// A rule that only the expected side has.
        case missingRule(Rule)
        /// A rule that only the actual side has.
        case extraRule(Rule)
        /// The chain is on the expected side alone.
        case missingChain
        /// The chain is on the actual side alone, and declared on this line.
        case extraChain(line: Int)
        /// The built-in chain's policy differs.
        case policy(expected: Chain.Policy?, actual: Chain.Policy?, line: Int)
        /// The first rule behind the jump to node ports, which must be last, on the side that has one.
        case misplacedRule(Rule, isExpected: Bool)
        /// A line that only the expected side has, in a strict comparison.
        case missingText(String)
        /// A line that only the actual side has, in a strict comparison.
        case extraText(String)
    }

    /// The table's name.
    public let table: String
    /// The chain's name.
    public let chain: String
    /// What differs.
    public let change: Change

    /// What only the expected side has, or what it says instead.
    public var expected: String? {
        switch change {
        case .missingRule(let rule): rule.saved(in: chain)
        case .missingChain: ":\(chain)"
        case .policy(let policy, _, _): policy.map { "policy \($0.name)" }
        case .misplacedRule(let rule, isExpected: true): "behind the node ports: \(rule.saved(in: chain))"
        case .missingText(let text): text
        case .extraRule, .extraChain, .misplacedRule, .extraText: nil
        }
    }

    /// What only the actual side has, or what it says instead.
    public var actual: String? {
        switch change {
        case .extraRule(let rule): rule.saved(in: chain)
        case .extraChain: ":\(chain)"
        case .policy(_, let policy, _): policy.map { "policy \($0.name)" }
        case .misplacedRule(let rule, isExpected: false): "behind the node ports: \(rule.saved(in: chain))"
        case .extraText(let text): text
        case .missingRule, .missingChain, .misplacedRule, .missingText: nil
        }
    }
}
