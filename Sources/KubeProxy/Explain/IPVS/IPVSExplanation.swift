public import KubeObjects
public import NetAddress

/// What a target is in IPVS mode, and why it has its virtual servers, sets and rules.
public struct IPVSExplanation: Sendable {
    /// The node.
    public let node: NodeFacts
    /// The version of kube-proxy whose rules are explained.
    public let version: VersionChoice
    /// The family.
    public let family: AddressFamily
    /// How virtual servers choose.
    public let scheduler: IPVSScheduler
    /// What the target names, where it is not a Service: sentences.
    public let remarks: [String]
    /// The Service ports that the target is about, by name.
    public let services: [IPVSServiceExplanation]
    /// The rules that match no set, if the target is about Service ports that have virtual servers.
    public let sharedRules: [ExplainedIPVSRule]
    /// The target, if it is a set.
    public let set: ExplainedSet?
    /// The target, if it is a chain: its part of each table.
    public let chains: [ExplainedIPVSChain]
}

/// One Service port, or a Service that has nothing here.
public struct IPVSServiceExplanation: Sendable {
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
    /// The virtual servers, in kube-proxy's order.
    public internal(set) var virtualServers: [ExplainedVirtualServer] = []
    /// The endpoints, those first that are used.
    public internal(set) var endpoints: [ExplainedEndpoint] = []
    /// How many more endpoints of the Service do not belong to the Service port; a hundred of such are listed.
    public internal(set) var otherEndpoints = 0
    /// What else the snapshot has for the Service that kube-proxy does not read: sentences.
    public internal(set) var unread: [String] = []
    /// The sets that hold entries of it, with those.
    public internal(set) var sets: [ExplainedEntries] = []
    /// The rules that match these sets, and those of its own.
    public internal(set) var rules: [ExplainedIPVSRule] = []
    /// The differences from iptables mode for clients.
    public internal(set) var differences: [ModeDifference] = []
}

/// A virtual server of a Service port.
public struct ExplainedVirtualServer: Sendable {
    /// Why it is there.
    public let kind: Frontend.Kind
    /// The address.
    public let address: IPAddress
    /// The port.
    public let port: UInt16
    /// Whether the address is on `kube-ipvs0`; otherwise another interface of the node has it.
    public let isBound: Bool
    /// Whether its real servers are those of the local policy.
    public let usesLocalPolicy: Bool
    /// Whether the local policy has no endpoint on this node, so that the cluster policy's are used.
    public let fallsBack: Bool
    /// Which endpoints are its real servers: a sentence.
    public let policy: String
    /// Whose source is rewritten: a sentence.
    public let masquerade: String
    /// Who may use it, where source ranges say so: a sentence.
    public let ranges: String?
    /// The Service port that gets it, if a later one has the same frontend.
    public let owner: String?
    /// As ipvsadm-save prints it; nil where another Service port has it.
    public let line: String?
    /// `address:port` of each, in byte order; none where another Service port has it.
    public let realServers: [String]

    /// `address:port`.
    public var text: String { AddressText(address, port: port).description }
}

/// The entries of a Service port in a set.
public struct ExplainedEntries: Sendable {
    /// The set.
    public let set: IPSet
    /// The set's name.
    public let name: String
    /// The entries, as ipset writes them, sorted.
    public let entries: [String]
    /// The rules that match the set, as positions in ``IPVSServiceExplanation/rules``.
    public let rules: [Int]
}

/// A rule around IPVS, with the reason for its existence.
public struct ExplainedIPVSRule: Sendable {
    /// `nat` or `filter`.
    public let table: String
    /// The chain's name.
    public let chain: String
    /// The set that it matches; nil: none.
    public let set: IPSet?
    /// The target, such as `ACCEPT`, or the chain that it leads to.
    public let target: String
    /// The rule as kube-proxy writes it.
    public let text: String
    /// Why it is there, as a phrase.
    public let why: String
    /// The same to switch on.
    let purpose: IPVSRulePurpose
}

/// A set with all of its entries.
public struct ExplainedSet: Sendable {
    /// The set.
    public let set: IPSet
    /// The set's name.
    public let name: String
    /// Each entry once, with the Service ports that put it there.
    public let entries: [(entry: String, servicePorts: [String])]
    /// The rules, in kube-proxy's order.
    public let rules: [ExplainedIPVSRule]
}

/// A chain in one table.
public struct ExplainedIPVSChain: Sendable {
    /// The table's name.
    public let table: String
    /// The chain's name.
    public let chain: String
    /// What the chain is for.
    public let purpose: String
    /// The rules that lead here.
    public let callers: [String]
    /// The rules, in kube-proxy's order.
    public let rules: [ExplainedIPVSRule]
}
