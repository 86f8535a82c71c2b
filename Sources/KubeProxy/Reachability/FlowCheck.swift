public import Iptables
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
        /// Every connection gets an answer from an endpoint that sees the client's address. An endpoint that reaches itself
        /// sees the node's, which does not count.
        case sourcePreserved = "source-preserved"
        /// Every connection gets an answer from an endpoint that sees the node's address.
        case sourceRewritten = "source-rewritten"
    }

    /// What it is called in reports; no other check has the name.
    public let name: String
    /// Who sends, and what to.
    public let question: FlowQuestion
    /// What is expected.
    public let expect: Expectation
    /// For ``Expectation/reachesOnly``: the endpoints, by address.
    public let only: [IPPrefix]
    /// For ``Expectation/reachesOnly``: the Nodes whose endpoints are meant too.
    public let onlyNodes: [String]
    /// The nodes where it has to hold; nil: all.
    public let nodes: [String]?
    /// The line in the document that it was read from, from 1; nil: it was made from values.
    public internal(set) var line: Int?

    /// A check made from values.
    public init(
        name: String, _ question: FlowQuestion, expect: Expectation, only: [IPPrefix] = [], onlyNodes: [String] = [],
        nodes: [String]? = nil
    ) {
        self.name = name
        self.question = question
        self.expect = expect
        self.only = only
        self.onlyNodes = onlyNodes
        self.nodes = nodes
    }

    /// A packet for which a check does not hold.
    public struct Counterexample: Sendable {
        /// The node that it comes to; nil: it has no name.
        public let node: String?
        /// Where it comes from.
        public let senders: SenderSet
        /// Where it goes.
        public let frontend: Frontend
        /// What becomes of it.
        public let outcome: FlowOutcome
        /// The rules that it meets, as far as they are known: IPVS mode has virtual servers in place of rules.
        public internal(set) var rules: [TraceStep] = []
        /// An endpoint that must not get it, or cannot answer; nil: it is not one endpoint that is at fault.
        let endpoint: FlowEndpoint?

        /// The packet's sender; nil: there is no example. What the node sends to loopback comes from there.
        public var sender: IPAddress? {
            guard let address = frontend.address, address.isLoopback else { return senders.example }
            return address
        }
    }

    /// The first packet for which the check does not hold on a node, and how many flows it is about.
    ///
    /// - Parameter others: addresses of endpoints that are allowed besides ``only``.
    func look(at flows: NodeFlows, allowing others: Set<IPAddress>) -> (counterexample: Counterexample?, flows: Int) {
        var count = 0
        for frontend in flows.frontends.lazy.compactMap(question.narrowed) {
            for flow in frontend.flows where flow.senders.origin.comes(to: frontend.kind) {
                count += frontend.addresses.count
                let fault = fault(in: flow.outcome, allowing: others)
                guard fault.isFault else { continue }
                let place = Frontend(
                    address: frontend.addresses[0], port: frontend.port, transport: frontend.name.transport)
                let example = Counterexample(
                    node: flows.node, senders: flow.senders, frontend: place, outcome: flow.outcome,
                    endpoint: fault.endpoint)
                return (example, count)
            }
        }
        return (nil, count)
    }

    /// Whether an outcome is not what is expected, and the endpoint to blame.
    private func fault(
        in outcome: FlowOutcome, allowing others: Set<IPAddress>
    ) -> (isFault: Bool, endpoint: FlowEndpoint?) {
        let endpoints: [FlowEndpoint]
        switch (expect, outcome) {
        case (.refused, .refused), (.blocked, .refused), (.timesOut, .timesOut), (.blocked, .timesOut):
            return (false, nil)
        case (.reaches, .endpoints(let all, _)), (.reachesOnly, .endpoints(let all, _)),
            (.sourcePreserved, .endpoints(let all, .preserved)), (.sourceRewritten, .endpoints(let all, .rewritten)):
            endpoints = all
        default: return (true, nil)
        }
        let culprit = endpoints.first { endpoint in
            let isAllowed =
                expect != .reachesOnly || others.contains(endpoint.address)
                || only.contains { $0.contains(endpoint.address) }
            let keepsSource = expect == .sourceRewritten && endpoint.seesSender
            return !endpoint.answers || endpoint.toItself == .timesOut || !isAllowed || keepsSource
        }
        return (culprit != nil, culprit)
    }
}
