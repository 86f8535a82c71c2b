public import KubeChainsBytes
public import KubeChainsJSON
public import NetAddress

/// What kube-proxy makes of a plan in one of its modes.
///
/// The plan says which endpoints each policy uses, and why; frontends, affinity and source ranges are its matter too. A
/// back end decides the rest: names, where node ports answer, what happens without a local endpoint, whose source is
/// rewritten, and how all of it is spelled. Nothing else asks which mode it is.
public protocol Backend: Sendable {
    /// The texts that hold what is programmed.
    associatedtype Form: Sendable, Hashable, CaseIterable

    /// The decisions that all modes share.
    var plan: NodePlan { get }

    /// - Parameter workers: to whom a part of the work can be given; the result is the same with and without.
    /// - Throws: ``SnapshotError`` if the mode cannot serve a Service as the settings ask for it.
    init(_ plan: NodePlan, with workers: Workers?) throws(SnapshotError)

    /// A back end that only answers what becomes of connections, so that what the texts alone need, such as chains' names, may
    /// be left out.
    ///
    /// - Throws: ``SnapshotError`` as the other initializer.
    init(forOutcomesOf plan: NodePlan) throws(SnapshotError)

    /// One of the texts as a string.
    func text(_ form: Form) -> String

    /// Whose endpoints serve a frontend that asks for a policy: what happens to the local policy on a node without an endpoint.
    func policy(serving policy: EndpointPolicy, whereLocal hasLocalEndpoint: Bool) -> EndpointPolicy

    /// Where node ports answer on the plan's node.
    static func nodePorts(of plan: NodePlan) -> NodeFacts.NodePorts

    /// Whether what the node itself sends to an external address without endpoints is refused, as others' packets are.
    static var refusesOwnTraffic: Bool { get }

    /// The host's addresses on which node ports answer.
    var addressesOfNodePorts: [IPAddress] { get }

    /// Whether the host has the addresses of Services itself, so that what it sends to one comes from there.
    static var holdsServiceAddresses: Bool { get }

    /// The endpoints whose connections to themselves are masqueraded, by address, port and protocol, so that they are answered
    /// (hairpin); nil: all.
    var masqueradedToThemselves: Set<Frontend>? { get }

    /// What is done about addresses of Services beside their frontends; where nothing is said, nothing is done.
    var unserved: [UnservedTraffic] { get }

    /// What becomes of the first packet of a connection, as far as the frontend's own Service port decides it: another one
    /// may have the same frontend (``ClusterPlan/sharedFrontends``).
    func outcome(of sender: TrafficSender, to frontend: ServiceFrontend) -> TrafficOutcome

    /// What becomes of the first packet of a connection to a node port on an address of the host that does not take node ports.
    func outcome(of sender: TrafficSender, besideNodePort frontend: ServiceFrontend) -> TrafficOutcome
}

extension Backend {
    public init(forOutcomesOf plan: NodePlan) throws(SnapshotError) { try self.init(plan, with: nil) }

    public static var refusesOwnTraffic: Bool { false }

    public static var holdsServiceAddresses: Bool { false }

    public static func nodePorts(of plan: NodePlan) -> NodeFacts.NodePorts { plan.node.nodePorts }

    public var addressesOfNodePorts: [IPAddress] {
        switch Self.nodePorts(of: plan) {
        case .addresses(let addresses): addresses
        case .allAddresses: plan.node.hostAddresses.filter { !$0.isLoopback || plan.node.loopbackTakesNodePorts }
        }
    }

    public func outcome(of sender: TrafficSender, besideNodePort frontend: ServiceFrontend) -> TrafficOutcome {
        .unchanged
    }

    public var masqueradedToThemselves: Set<Frontend>? { nil }

    public var unserved: [UnservedTraffic] { [] }

    /// Whose endpoints serve the frontends of a Service port that ask for a policy.
    public func policy(serving policy: EndpointPolicy, of port: ServicePortPlan) -> EndpointPolicy {
        self.policy(serving: policy, whereLocal: port.localCount > 0)
    }
}
