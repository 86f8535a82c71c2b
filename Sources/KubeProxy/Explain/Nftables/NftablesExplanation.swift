public import KubeObjects
public import NetAddress

/// What a target is in nftables mode, and why it has its elements, chains and rules.
public struct NftablesExplanation: Sendable {
    /// The node.
    public let node: NodeFacts
    /// The version of kube-proxy whose table is explained.
    public let version: VersionChoice
    /// The family.
    public let family: AddressFamily
    /// What the target names, where it is not a Service: sentences.
    public let remarks: [String]
    /// The Service ports that the target is about, by name.
    public let services: [NftablesServiceExplanation]
    /// The chains that packets of all Services pass, from the hooks on; none if the target is about no Service port with rules.
    public let sharedChains: [ExplainedNftablesChain]
    /// The target, if it is a chain that belongs to no Service port.
    public let chain: ExplainedNftablesChain?
}

/// One Service port, or a Service that has nothing here.
public struct NftablesServiceExplanation: Sendable {
    /// The Service.
    public let service: Service
    /// `namespace/service:port`, or `namespace/service`.
    public let servicePort: String
    /// Nil for a Service without ports.
    public let transport: TransportProtocol?
    /// The decisions; nil for a Service that is skipped.
    public let plan: ServicePortPlan?
    /// Why there is nothing at all; nil where there is something.
    public let absence: String?
    /// The settings that matter here: sentences.
    public internal(set) var settings: [String] = []
    /// The elements of sets and maps, by set in the order in which packets meet them.
    public internal(set) var elements: [ExplainedNftablesElement] = []
    /// The chains, in the order in which packets meet them.
    public internal(set) var chains: [ExplainedNftablesChain] = []
    /// The endpoints, those first that are used.
    public internal(set) var endpoints: [ExplainedEndpoint] = []
    /// How many more endpoints of the Service do not belong to the Service port; a hundred of such are listed.
    public internal(set) var otherEndpoints = 0
    /// What else the snapshot has for the Service that kube-proxy does not read: sentences.
    public internal(set) var unread: [String] = []
}

/// An element of a set or map, with the reason for its existence.
public struct ExplainedNftablesElement: Sendable {
    /// The set or map.
    public let set: String
    /// The key as nft writes it.
    public let key: String
    /// What it leads to, as nft writes it; nil: it is one of a set.
    public let verdict: String?
    /// The chain that it leads to; nil: none.
    public let chain: String?
    /// The frontend that it is about; nil: none.
    public let frontend: Frontend?
    /// Why it is there, as a phrase.
    public let why: String

    /// The element as nft lists it.
    public var text: String { key + (verdict.map { " : \($0)" } ?? "") }
}

/// A chain with its rules.
public struct ExplainedNftablesChain: Sendable {
    /// The chain's name.
    public let name: String
    /// What the chain is for.
    public let purpose: String
    /// The rules, in the order in which packets meet them.
    public let rules: [ExplainedNftablesRule]
}

/// A rule, with the reason for its existence.
public struct ExplainedNftablesRule: Sendable {
    /// The rule as nft lists it.
    public let text: String
    /// Why it is there, as a phrase.
    public let why: String
    /// The chain that it leads to; nil: none, or several.
    public let target: String?
}
