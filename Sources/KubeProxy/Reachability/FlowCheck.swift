public import NetAddress

/// An expectation about connections: a test of what a cluster's Services promise.
public struct FlowCheck: Sendable {
    /// What is expected of every connection.
    public enum Expectation: String, Sendable, Hashable, CaseIterable {
        /// Every connection gets an answer from an endpoint.
        case reaches
        /// So it does, and only from those that the check names.
        case reachesOnly = "reaches-only"
        /// The client learns at once that nobody answers.
        case refused
        /// The client gets no answer.
        case timesOut = "times-out"
        /// Either of both.
        case blocked
        /// Every connection gets an answer from an endpoint that sees the client's address.
        case sourcePreserved = "source-preserved"
        /// Every connection gets an answer from an endpoint that sees the node's address.
        case sourceRewritten = "source-rewritten"
    }

    /// What it is called in reports.
    public let name: String
    /// Who sends, and what to.
    public let question: FlowQuestion
    /// What is expected.
    public let expect: Expectation
    /// For ``Expectation/reachesOnly``: the endpoints, by address.
    public let only: [IPPrefix]
    /// The nodes where it has to hold; nil: all.
    public let nodes: [String]?

    /// A check made from values.
    public init(
        name: String, _ question: FlowQuestion, expect: Expectation, only: [IPPrefix] = [], nodes: [String]? = nil
    ) {
        self.name = name
        self.question = question
        self.expect = expect
        self.only = only
        self.nodes = nodes
    }

    /// A packet for which a check does not hold.
    public struct Counterexample: Sendable {
        /// The node that it comes to; nil: it has no name.
        public let node: String?
        /// Where it comes from.
        public let senders: SenderSet
        /// Where it goes.
        public let to: AddressText
        /// What becomes of it.
        public let outcome: FlowOutcome
    }

    /// The first packet for which the check does not hold on a node, and how many flows it is about.
    public func look(at flows: NodeFlows) -> (counterexample: Counterexample?, flows: Int) {
        var count = 0
        for frontend in flows.frontends.lazy.compactMap(question.narrowed) {
            for flow in frontend.flows where flow.senders.origin.comes(to: frontend.kind) {
                count += frontend.addresses.count
                guard !holds(for: flow.outcome) else { continue }
                let example = Counterexample(
                    node: flows.node, senders: flow.senders,
                    to: AddressText(frontend.addresses[0], port: frontend.port), outcome: flow.outcome)
                return (example, count)
            }
        }
        return (nil, count)
    }

    private func holds(for outcome: FlowOutcome) -> Bool {
        switch (expect, outcome) {
        case (.refused, .refused), (.blocked, .refused), (.timesOut, .timesOut), (.blocked, .timesOut): return true
        case (.reaches, .endpoints(let endpoints, _)): return endpoints.allSatisfy { $0.answers }
        case (.reachesOnly, .endpoints(let endpoints, _)):
            return endpoints.allSatisfy { endpoint in
                endpoint.answers && only.contains { $0.contains(endpoint.address) }
            }
        case (.sourcePreserved, .endpoints(let endpoints, .preserved)),
            (.sourceRewritten, .endpoints(let endpoints, .rewritten)):
            return endpoints.allSatisfy { $0.answers }
        default: return false
        }
    }
}

/// What came of a check on the nodes and families that were looked at.
public struct FlowCheckResult: Sendable {
    /// The check.
    public let check: FlowCheck
    /// The first packet for which it does not hold; nil: there is none.
    public private(set) var counterexample: FlowCheck.Counterexample?
    /// How many flows it is about.
    public private(set) var flows = 0

    /// Whether the check holds: a check that is about nothing does not.
    public var holds: Bool { counterexample == nil && flows > 0 }

    /// A check that has not been looked at anywhere.
    public init(_ check: FlowCheck) { self.check = check }

    /// Looks at the check on one more node, unless it is known not to hold, or is not about the node.
    public mutating func look(at node: NodeFlows) {
        guard counterexample == nil else { return }
        if let names = check.nodes, !names.contains(node.node ?? "") { return }
        let result = check.look(at: node)
        flows += result.flows
        counterexample = result.counterexample
    }
}
