/// One possible outcome of a packet.
public struct TraceOutcome: Sendable {
    /// What becomes of the packet.
    public enum Verdict: Sendable, Hashable {
        /// It goes on.
        case accept
        /// It is dropped without an answer.
        case drop
        /// It is dropped, and its sender gets an answer.
        case reject(RejectKind)
        /// A target that is not modelled takes the packet; its fate is unknown.
        case unknown
    }

    /// What becomes of the packet.
    public let verdict: Verdict
    /// The chance, where all assumptions hold; over the outcomes of a set of assumptions the chances add up to 1.
    public internal(set) var probability: Double
    /// The packet at the time of the verdict.
    public let packet: TracedPacket
    /// Where the connection's first packet went, and where answers come from.
    public let server: (address: TracedAddress, port: PortRange)
    /// Whether the destination of the connection was rewritten.
    public let isTranslated: Bool
    /// Whether the source of the connection was rewritten.
    public let isMasqueraded: Bool
    /// Whether the packet reaches the host itself; otherwise it leaves it, or would have.
    public let isForHost: Bool
    /// Whether this is the outcome of the reply; if the first packet is dropped, there is none.
    public let isReply: Bool
    /// Whether a rule refused the packet, but rules stopped the refusal on its way to the client.
    public let isRefusalLost: Bool
    /// The assumptions about conditions that cannot be decided.
    public var assumptions: [TraceAssumption] { latestAssumptions(assumptionCount) }
    /// How many there are.
    public var assumptionCount: Int { (ownAssumptions?.count ?? 0) + furtherAssumptions.count }
    /// Those of this outcome, in a list: of thousands of outcomes each may have as many. Of outcomes that differ in nothing
    /// else, those that all begin with.
    var ownAssumptions: AssumptionList?
    /// The others that such outcomes have in common.
    var furtherAssumptions: [TraceAssumption] = []
    /// The ways that are gathered in this outcome, since more were open than are followed one by one; nil: it is one way.
    var gathering: Gathering?
    /// The rules that led here. Jumps to chains in which no rule was met are left out.
    public let path: [TraceStep]

    /// The assumptions that were made last, the first of them first.
    public func latestAssumptions(_ count: Int) -> [TraceAssumption] {
        let further = furtherAssumptions.suffix(count)
        return (ownAssumptions?.latest(count - further.count) ?? []) + further
    }
}

/// An assumption about a condition that cannot be decided.
public struct TraceAssumption: Sendable, Hashable {
    /// The condition, in the words of iptables where it has some.
    public let text: String
    /// Whether the condition is assumed to hold, or not to.
    public let isAssumed: Bool
}

/// A rule that a packet matched, or the policy that was applied.
public struct TraceStep: Sendable {
    /// The table's name.
    public let table: String
    /// The chain's name.
    public let chain: String
    /// The rule's number in its chain, from 1; 0 for the policy.
    public let number: Int
    let content: Content

    enum Content: Sendable {
        case rule(Rule)
        case policy(Chain.Policy)
        /// A rule of nftables or the policy of one of its chains, what it does, and the element that it found.
        case text(String, target: String, element: String?)
    }

    init(table: String, chain: String, number: Int, content: Content) {
        self.table = table
        self.chain = chain
        self.number = number
        self.content = content
    }

    /// A step through a rule of another program than iptables.
    ///
    /// - Parameters:
    ///   - text: the rule as its program lists it.
    ///   - target: what the rule does.
    ///   - element: the element of a set or map that the rule found.
    package init(table: String, chain: String, number: Int, text: String, target: String, element: String?) {
        self.init(table: table, chain: chain, number: number, content: .text(text, target: target, element: element))
    }

    /// Whether another step is through the same rule.
    package func isSameRule(as other: TraceStep) -> Bool {
        table == other.table && chain == other.chain && number == other.number
    }

    /// The element of a set or map of nftables by which the rule decided; nil: there is none.
    public var element: String? {
        if case .text(_, _, let element) = content { element } else { nil }
    }

    /// The rule in a report: as iptables-save prints it; of nftables with the chain before it and the element behind it.
    public var line: String {
        guard case .text(let text, _, let element) = content else { return text }
        return "\(chain): \(text)" + (element.map { " [\($0)]" } ?? "")
    }

    /// The line without comments, which make no difference to packets.
    package var lineWithoutComments: String {
        guard case .rule(let rule) = content else { return line }
        return rule.ignoringComments.saved(in: chain)
    }

    /// The target as it stands in the rule, such as `-j ACCEPT`; empty if there is none.
    public var targetText: String {
        switch content {
        case .rule(let rule): String(Rule(target: rule.target).saved(in: chain).dropFirst(4 + chain.count))
        case .policy(let policy): "policy \(policy.name)"
        case .text(_, let target, _): target
        }
    }

    /// The rule as iptables-save prints it, or the policy as a command sets it.
    public var text: String {
        switch content {
        case .rule(let rule): rule.saved(in: chain)
        case .policy(let policy): "-P \(chain) \(policy.name)"
        case .text(let text, _, _): text
        }
    }
}

/// Why a packet cannot be traced.
public struct TraceError: Error, Sendable, CustomStringConvertible {
    /// The kind of an error.
    public enum Code: Sendable, Hashable {
        /// Conditions that cannot be decided multiply the outcomes: the query says too little.
        case tooManyBranches
        /// A rule leads to a chain that is not there.
        case missingChain
        /// Jumps that no kernel would take: a circle, or too many.
        case endlessJumps
    }

    /// What is wrong, to switch on.
    public let code: Code
    /// The line of the rule in its text; 0 for a rule that was not read from one.
    public let line: Int
    /// What is wrong, and what to do.
    public let description: String

    package init(code: Code, line: Int, description: String) {
        self.code = code
        self.line = line
        self.description = description
    }

    /// What is wrong where rules jump too often, or too deep.
    package static func tooManyJumps(_ count: Int, _ limit: Int, _ depth: Int) -> String {
        count > limit
            ? "more than \(limit) jumps are on the ways that the packet may take; say more of it, such as its interfaces, or leave "
                + "rules out"
            : "more than \(depth) jumps are within each other, which is deeper than rules are followed; leave rules out"
    }
}
