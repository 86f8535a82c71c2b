public import Iptables
public import NetAddress

/// One of a Service port's two policies: which endpoints its traffic may use.
public enum ServicePolicy: Sendable, Hashable {
    /// Endpoints of all nodes.
    case cluster
    /// Endpoints of the node alone.
    case local
}

/// Where a rule of a Service port leads: the meaning of a chain's name.
public enum ChainRole: Sendable, Hashable {
    /// The chain of a policy.
    case policy(ServicePolicy)
    /// The Service port's chain for external traffic.
    case external
    /// The Service port's chain for source ranges.
    case sourceRanges
    /// A chain that is not the Service port's.
    case other(String)
}

/// What an endpoint's chain translates to.
public enum EndpointReference: Sendable, Hashable {
    /// An address and port.
    case address(IPAddress, port: UInt16)
    /// The chain of this name is not there.
    case missing(chain: String)
    /// The chain of this name translates nothing.
    case untranslated(chain: String)
}

/// One thing that two sides' rules do differently for a Service port.
public struct RuleDetail: Sendable, Hashable {
    /// What it is about.
    public let subject: Subject
    /// The kind of what it is about.
    public var kind: Kind { subject.kind }
    /// What the expected rules do; nil: nothing.
    public let expected: Action?
    /// What the actual rules do; nil: nothing.
    public let actual: Action?
    /// The rules that do it; nil where a side has none.
    public let expectedRule: PlacedRule?
    /// The same of the actual side.
    public let actualRule: PlacedRule?

    /// The kinds of subjects; the words stand in JSON reports.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A frontend's address, session affinity, endpoints under the cluster policy, and so on.
        case address, affinity, clusterEndpoint, externalPolicy, healthCheckNodePort, localEndpoint, masquerade,
            nodePort
        /// A rule as it stands, a source range, a verdict in the filter table.
        case rule, sourceRange, verdict
    }

    /// What rules do something about.
    public enum Subject: Sendable, Hashable {
        /// Connections to a frontend, in the nat table.
        case frontend(Frontend)
        /// Packets to a health-check node port.
        case healthCheck(Frontend)
        /// Packets to a frontend, in the filter table.
        case verdict(Frontend)
        /// Packets to a frontend that no source range lets in.
        case verdictOutsideRanges(Frontend)
        /// The share of an endpoint under a policy.
        case endpoint(EndpointReference, ServicePolicy)
        /// How long a policy sends clients to the endpoint they had.
        case affinity(ServicePolicy)
        /// The same of one endpoint, where they differ.
        case endpointAffinity(EndpointReference, ServicePolicy)
        /// Whether an endpoint's clients are remembered.
        case rememberedClients(EndpointReference)
        /// Masquerading of traffic to a policy.
        case policyMasquerade(ServicePolicy)
        /// Masquerading of an endpoint's traffic to itself.
        case hairpin(EndpointReference)
        /// Masquerading of traffic from an address to an endpoint that has another.
        case sourceMasquerade(IPAddress, EndpointReference)
        /// Masquerading of external traffic that meets conditions.
        case externalMasquerade(RuleConditions)
        /// Where external traffic that meets conditions goes.
        case externalTraffic(RuleConditions)
        /// Clients in a source range.
        case sourceRange(IPPrefix)
        /// A rule that is not of kube-proxy's structure.
        case rule(PlacedRule)

        /// The kind of the subject.
        public var kind: Kind {
            switch self {
            case .frontend(let frontend): frontend.address == nil ? .nodePort : .address
            case .healthCheck: .healthCheckNodePort
            case .verdict, .verdictOutsideRanges: .verdict
            case .endpoint(_, .cluster): .clusterEndpoint
            case .endpoint(_, .local): .localEndpoint
            case .affinity, .endpointAffinity, .rememberedClients: .affinity
            case .policyMasquerade, .hairpin, .sourceMasquerade, .externalMasquerade: .masquerade
            case .externalTraffic: .externalPolicy
            case .sourceRange: .sourceRange
            case .rule: .rule
            }
        }
    }

    /// What rules do about a subject.
    public enum Action: Sendable, Hashable {
        /// Packets go to a chain.
        case lead(to: ChainRole)
        /// Packets are rejected, dropped or accepted.
        case refuse, drop, accept
        /// An endpoint gets this part.
        case share(Share)
        /// Clients keep their endpoint for so long.
        case stick(seconds: UInt32)
        /// The client is remembered, in a list of another name than kube-proxy's if there is one.
        case remember(list: String?)
        /// The source is rewritten.
        case masquerade
        /// Masquerading of what meets conditions, if need be only where no endpoint took the packet.
        case masqueradeIf(RuleConditions, isAfterEndpoints: Bool)
        /// The rule is behind one that takes the packets.
        case masqueradeTooLate
        /// The range is let in.
        case allow
        /// The rule is there.
        case exist
    }
}

/// A rule with its place in a ruleset.
public struct PlacedRule: Sendable, Hashable {
    /// The table's name.
    public let table: String
    /// The chain's name.
    public let chain: String
    /// The rule.
    public let rule: Rule

    /// The rule as iptables-save prints it.
    public var text: String { rule.saved(in: chain) }
    /// The rule's line in its text; 0 for a rule that was not read.
    public var line: Int { Int(rule.line) }

    /// The rule without what does not change its effect.
    var acting: PlacedRule {
        var rule = rule.ignoringCounters
        rule.matches.removeAll(where: \.changesNothing)
        return PlacedRule(table: table, chain: chain, rule: rule)
    }
}

// MARK: Order

extension RuleDetail.Subject {
    /// By kind, then address and port, then text.
    struct SortKey: Comparable {
        private let kind: String
        private let address: AddressKey
        private let text: String

        init(_ subject: RuleDetail.Subject) {
            kind = subject.kind.rawValue
            address = AddressKey(subject)
            text = subject.text
        }

        static func < (left: SortKey, right: SortKey) -> Bool {
            if left.kind != right.kind { return left.kind < right.kind }
            if left.address != right.address { return left.address < right.address }
            return left.text < right.text
        }
    }

    /// An address with its port as numbers; zeros where a subject has none.
    private struct AddressKey: Comparable {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var port: UInt16 = 0

        init(_ subject: RuleDetail.Subject) {
            switch subject {
            case .frontend(let place), .healthCheck(let place), .verdict(let place), .verdictOutsideRanges(let place):
                self.init(place.address, place.port)
            case .endpoint(let endpoint, _), .endpointAffinity(let endpoint, _), .rememberedClients(let endpoint),
                .hairpin(let endpoint), .sourceMasquerade(_, let endpoint):
                if case .address(let address, let port) = endpoint {
                    self.init(address, port)
                } else {
                    self.init(nil, 0)
                }
            case .sourceRange(let range): self.init(range.network, UInt16(range.length))
            default: self.init(nil, 0)
            }
        }

        private init(_ address: IPAddress?, _ port: UInt16) {
            high = address?.high ?? 0
            low = address?.low ?? 0
            self.port = port
        }

        static func < (left: AddressKey, right: AddressKey) -> Bool {
            (left.high, left.low, left.port) < (right.high, right.low, right.port)
        }
    }
}
