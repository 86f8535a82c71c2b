internal import Iptables
public import KubeChainsJSON
public import KubeObjects
internal import NetAddress

/// What came of a check on the nodes and families that were looked at.
public struct FlowCheckResult: Sendable {
    /// The check.
    public let check: FlowCheck
    /// The first packet for which it does not hold; nil: there is none.
    public private(set) var counterexample: FlowCheck.Counterexample?
    /// How many flows it is about.
    public private(set) var flows = 0
    /// The addresses of the endpoints on ``FlowCheck/onlyNodes``.
    private let allowed: Set<IPAddress>

    /// Whether the check holds: a check that is about nothing does not.
    public var holds: Bool { counterexample == nil && flows > 0 }

    /// A check that has not been looked at anywhere.
    ///
    /// - Parameter snapshot: says which endpoints are on ``FlowCheck/onlyNodes``; nil: that is not known, and none is.
    public init(_ check: FlowCheck, in snapshot: ClusterSnapshot?) {
        self.check = check
        var allowed: Set<IPAddress> = []
        if !check.onlyNodes.isEmpty {
            let nodes = Set(check.onlyNodes)
            for slice in snapshot?.endpointSlices ?? [] {
                for endpoint in slice.endpoints where endpoint.nodeName.map(nodes.contains) ?? false {
                    if let address = endpoint.address { allowed.insert(address) }
                }
            }
        }
        self.allowed = allowed
    }

    /// Looks at checks on one more node: at those that are about it and that are not known not to hold. The rules that
    /// counterexamples meet are formed once.
    ///
    /// - Throws: ``SnapshotError`` if the mode cannot serve a Service as the settings ask for it.
    public static func look(
        at flows: NodeFlows, of plan: NodePlan, _ results: inout [FlowCheckResult]
    ) throws(SnapshotError) {
        let new = results.indices.filter { results[$0].look(at: flows) }
        guard !new.isEmpty else { return }
        addRules(of: try ExampleTracer(plan), to: new, &results)
    }

    /// Looks at checks on one more host, whose flows were asked of its rules.
    ///
    /// - Parameter plan: the plan of the node, which says where pods are; nil: that is not known.
    public static func look(
        at flows: NodeFlows, through rules: TracedRules, of host: RulesHost, _ plan: NodePlan?,
        _ results: inout [FlowCheckResult]
    ) {
        let new = results.indices.filter { results[$0].look(at: flows) }
        addRules(of: ExampleTracer(rules, host, of: plan), to: new, &results)
    }

    /// Adds the rules that counterexamples meet.
    private static func addRules(of tracer: ExampleTracer, to new: [Int], _ results: inout [FlowCheckResult]) {
        for index in new {
            guard var example = results[index].counterexample, let sender = example.sender else { continue }
            let outcomes = tracer.outcomes(from: sender, example.senders.origin, to: example.frontend)
            let endpoint = example.endpoint?.address
            let atFault = outcomes.first { outcome in endpoint.map { outcome.packet.destination == .exact($0) } ?? true
            }
            example.rules = (atFault ?? outcomes.first)?.path ?? []
            results[index].counterexample = example
        }
    }

    /// Looks at one more node; whether a counterexample is new.
    private mutating func look(at node: NodeFlows) -> Bool {
        guard counterexample == nil else { return false }
        if let names = check.nodes, !names.contains(node.node ?? "") { return false }
        let result = check.look(at: node, allowing: allowed)
        flows += result.flows
        counterexample = result.counterexample
        return counterexample != nil
    }
}
