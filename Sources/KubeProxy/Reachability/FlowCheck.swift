public import KubeObjects
public import NetAddress

/// An expectation about connections: a test of what a cluster's Services promise.
public struct FlowCheck: Sendable {
    /// Who sends.
    public enum Source: Sendable, Hashable {
        /// Everybody of some origins.
        case origins([SenderOrigin])
        /// Everybody in a range.
        case range(IPPrefix)
    }

    /// What is sent to.
    public enum Target: Sendable, Hashable {
        /// All frontends of a Service, or of one of its ports by name or number.
        case service(namespace: DNSLabel, name: DNSLabel, port: String?)
        /// All frontends at the addresses of a range, on one port or on all.
        case addresses(IPPrefix, port: UInt16?)
    }

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
    /// Who sends: any of these.
    public let from: [Source]
    /// Who does not.
    public let except: [IPPrefix]
    /// What is sent to.
    public let to: Target
    /// What is expected.
    public let expect: Expectation
    /// For ``Expectation/reachesOnly``: the endpoints, by address.
    public let only: [IPPrefix]
    /// The nodes where it has to hold; nil: all.
    public let nodes: [String]?

    /// A check made from values.
    public init(
        name: String, from: [Source], except: [IPPrefix] = [], to: Target, expect: Expectation, only: [IPPrefix] = [],
        nodes: [String]? = nil
    ) {
        self.name = name
        self.from = from
        self.except = except
        self.to = to
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
        for frontend in flows.frontends where isAbout(frontend) {
            for address in frontend.addresses where isAbout(address, frontend.port) {
                for flow in frontend.flows where flow.senders.origin.comes(to: frontend.kind) {
                    for senders in senders(of: flow.senders) {
                        count += 1
                        guard !holds(for: flow.outcome) else { continue }
                        let example = Counterexample(
                            node: flows.node, senders: senders, to: AddressText(address, port: frontend.port),
                            outcome: flow.outcome)
                        return (example, count)
                    }
                }
            }
        }
        return (nil, count)
    }

    private func isAbout(_ frontend: FrontendFlows) -> Bool {
        guard case .service(let namespace, let name, let port) = to else { return true }
        return frontend.name.namespace == namespace && frontend.name.service == name
            && (port == nil || frontend.name.port?.text == port || String(frontend.port) == port)
    }

    private func isAbout(_ address: IPAddress, _ port: UInt16) -> Bool {
        guard case .addresses(let range, let wanted) = to else { return true }
        return range.contains(address) && wanted ?? port == port
    }

    private func senders(of set: SenderSet) -> [SenderSet] {
        from.compactMap { source in
            var addresses = set.addresses
            switch source {
            case .origins(let origins): guard origins.contains(set.origin) else { return nil }
            case .range(let range): addresses = addresses.intersection([range])
            }
            if !except.isEmpty { addresses = addresses.subtracting(except) }
            return addresses.isEmpty ? nil : SenderSet(set.origin, addresses)
        }
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
