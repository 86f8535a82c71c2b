public import KubeObjects
public import NetAddress

/// What a target is, and why it has its rules.
public struct Explanation: Sendable {
    /// The node.
    public let node: NodeFacts
    /// The version of kube-proxy whose rules are explained.
    public let version: VersionChoice
    /// The family.
    public let family: AddressFamily
    /// What the target names, where it is not a Service: sentences.
    public let remarks: [String]
    /// The Service ports that the target is about, by name.
    public let services: [ServiceExplanation]
    /// The rules that all Service ports share, where the target is about Service ports that have any.
    public let sharedRules: [ExplainedRule]
    /// The target, if it is a chain that all Services share: its part of each table.
    public let sharedChain: [SharedChainExplanation]
}

/// A shared chain in one table.
public struct SharedChainExplanation: Sendable {
    /// The table's name.
    public let table: String
    /// The chain's name.
    public let chain: ChainName
    /// What the chain is for.
    public let purpose: String
    /// The rules that lead here, as iptables-save prints them.
    public let callers: [String]
    /// The chain's rules, in their order.
    public let rules: [ExplainedRule]
}

/// One Service port, or a Service that has no rules here.
public struct ServiceExplanation: Sendable {
    /// The Service.
    public let service: Service
    /// `namespace/service:port`, or `namespace/service`.
    public let servicePort: String
    /// Nil for a Service without ports.
    public let transport: TransportProtocol?
    /// The decisions; nil for a Service without rules.
    public let plan: ServicePortPlan?
    /// The names of its chains, written or not; nil for a Service without rules.
    public let chains: ServicePortChains?
    /// Why there are no rules at all; nil where there are.
    public let absence: String?
    /// The settings that matter here: sentences.
    public internal(set) var settings: [String] = []
    /// The frontends, each with the paths of its traffic.
    public internal(set) var entries: [TrafficEntry] = []
    /// The endpoints, those first that are used.
    public internal(set) var endpoints: [ExplainedEndpoint] = []
    /// How many more endpoints of the Service do not belong to the Service port; a hundred of such are listed.
    public internal(set) var otherEndpoints = 0
    /// What else the snapshot has for the Service that kube-proxy does not read: sentences.
    public internal(set) var unread: [String] = []
    /// The rules that exist for it, in kube-proxy's order.
    public internal(set) var rules: [ExplainedRule] = []
}

/// An endpoint of a Service port, or one of the Service's that is left out.
public struct ExplainedEndpoint: Sendable {
    /// The endpoint's address.
    public let address: IPAddress
    /// Nil: its slice has no such port.
    public let port: UInt16?
    /// Nil where none is written.
    public let chain: ChainName?
    /// The endpoint's node; nil: not said.
    public let node: String?
    /// The endpoint's zone; nil: not said.
    public let zone: String?
    /// It gets one in this many connections under the cluster policy; nil: none.
    public let clusterOneIn: Int?
    /// It gets one in this many connections under the local policy; nil: none.
    public let localOneIn: Int?
    /// Why it has its share.
    public let reason: String
    /// Whether the target names it.
    public let isTarget: Bool

    /// Whether it gets any share.
    public var isUsed: Bool { clusterOneIn != nil || localOneIn != nil }
    /// `address:port`, or the address alone.
    public var text: String { port.map { AddressText(address, port: $0).description } ?? address.description }
}

/// A frontend of a Service port.
public struct TrafficEntry: Sendable {
    /// The kind of frontend.
    public let kind: Frontend.Kind
    /// Nil for a node port.
    public let address: IPAddress?
    /// The frontend's port.
    public let port: UInt16
    /// From each kind of sender.
    public internal(set) var paths: [TrafficPath] = []

    /// `address:port`, or the port alone.
    public var text: String { address.map { AddressText($0, port: port).description } ?? String(port) }
}

extension Frontend.Kind {
    /// The kind in words.
    public var phrase: String {
        switch self {
        case .clusterIP: "cluster IP"
        case .externalIP: "external IP"
        case .loadBalancerIP: "load balancer IP"
        case .nodePort: "node port"
        }
    }
}

/// The path of a connection's first packet through the node.
public struct TrafficPath: Sendable {
    /// A part of the path, in some chains of one table.
    public struct Step: Sendable {
        /// `nat` or `filter`.
        public let table: String
        /// The built-in chains, such as `PREROUTING`.
        public let hooks: [String]
        /// kube-proxy's chains that the packet goes through.
        public let chains: [ChainName]
        /// What happens.
        public let text: String
        /// The Service port's rules that apply, as positions in ``ServiceExplanation/rules``.
        public let rules: [Int]
    }

    /// Who sends.
    public let origin: TrafficOrigin
    /// Whether the sender is in loadBalancerSourceRanges; nil where that does not matter.
    public let isInSourceRanges: Bool?
    /// The sender, in words.
    public let sender: String
    /// What the packet passes, in this order.
    public let steps: [Step]
    /// What becomes of it.
    public let outcome: TrafficOutcome
    /// What the client sees.
    public let clientSees: String
}
