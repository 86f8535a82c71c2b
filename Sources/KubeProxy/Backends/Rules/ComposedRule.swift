internal import Iptables
internal import NetAddress

/// A rule as kube-proxy composes it, before it is written as text.
///
/// The members are in the order in which kube-proxy writes them; every rule has some of them, in this order.
struct ComposedRule {
    var chain: ChainName
    var comment: Comment = .none
    /// `-m mark --mark MARK/MARK`.
    var mark: MarkMatch?
    var addressType: AddressTypeMatch?
    var recent: RecentMatch?
    var transport: TransportProtocol?
    var destination: AddressMatch?
    var destinationPort: UInt16?
    var source: SourceMatch?
    var conntrackState: ConntrackState?
    /// The name of an nfacct object that counts the packets.
    var accounting: StaticString?
    /// The rule matches one in this many packets, at random.
    var oneIn: Int?
    var target: Target
    /// The purpose of the rule. It is not written.
    var purpose: RulePurpose

    init(_ chain: ChainName, _ comment: Comment = .none, to target: Target = .none, for purpose: RulePurpose) {
        self.chain = chain
        self.comment = comment
        self.target = target
        self.purpose = purpose
    }

    enum Comment {
        case none
        case text(StaticString)
        /// The Service port's name alone.
        case name
        /// The Service port's name between two texts.
        case aboutName(StaticString, StaticString)
        /// The name, and the chain that did not accept.
        case notAccepted(by: ChainName)
        /// The name and the endpoint.
        case endpoint
    }

    struct MarkMatch {
        var value: UInt32
        var isNegated = false
    }

    enum ConntrackState {
        /// Packets of no connection.
        case invalid
        /// Packets of connections that are known.
        case known
        /// Packets of connections neither known nor translated.
        case neitherKnownNorTranslated

        var text: StaticString {
            switch self {
            case .invalid: "--ctstate INVALID"
            case .known: "--ctstate RELATED,ESTABLISHED"
            case .neitherKnownNorTranslated: "! --ctstate RELATED,ESTABLISHED,DNAT"
            }
        }
    }

    enum AddressTypeMatch {
        case localDestination, localSource
    }

    enum RecentMatch {
        /// The client used the endpoint within this many seconds.
        case check(ChainName, seconds: Int)
        case set(ChainName)
    }

    struct AddressMatch {
        var prefix: IPPrefix
        /// Whether kube-proxy writes the prefix length; a single address goes without.
        var writesLength: Bool
        var isNegated = false

        static func single(_ address: IPAddress) -> AddressMatch {
            AddressMatch(prefix: IPPrefix(single: address), writesLength: false)
        }

        static func range(_ prefix: IPPrefix, isNegated: Bool = false) -> AddressMatch {
            AddressMatch(prefix: prefix, writesLength: true, isNegated: isNegated)
        }
    }

    enum SourceMatch {
        case address(AddressMatch)
        case interface(String, isNegated: Bool)
    }

    enum Target {
        /// No target: the rule is only a comment.
        case none
        case jump(ChainName)
        case accept, drop, reject, `return`
        /// DNAT to the endpoint.
        case endpoint
        case masquerade(randomFully: Bool)
        case setMark(UInt32)
        case clearMark(UInt32)
    }
}

/// The subject of a rule: texts that several rules share.
struct RuleSubject {
    /// `namespace/service:port`.
    var name: [UInt8]
    var family: AddressFamily
    var endpoint: Endpoint?

    /// A Service port's rules, or without one the node's.
    init(_ family: AddressFamily, _ port: ServicePortPlan? = nil) {
        self.family = family
        name = port?.nameText ?? []
    }

    struct Endpoint {
        let address: IPAddress
        let port: UInt16
        /// `address:port`.
        let text: AddressText

        init(_ endpoint: PlannedEndpoint) {
            address = endpoint.address
            port = endpoint.port
            text = endpoint.text
        }
    }
}

/// Receives rules in the order of the text.
protocol RuleSink: ~Copyable {
    mutating func add(_ rule: borrowing ComposedRule, _ subject: borrowing RuleSubject)
}
