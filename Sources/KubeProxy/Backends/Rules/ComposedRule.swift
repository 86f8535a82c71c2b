internal import Iptables
internal import NetAddress

/// A rule as kube-proxy composes it, before it is written as text.
///
/// The members are in the order in which kube-proxy writes them; every rule has some of them, in this order.
struct ComposedRule: Sendable {
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

    enum Comment: Sendable {
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

    struct MarkMatch: Sendable {
        var value: UInt32
        var isNegated = false
    }

    enum ConntrackState: Sendable {
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

    enum AddressTypeMatch: Sendable {
        case localDestination, localSource
    }

    enum RecentMatch: Sendable {
        /// The client used the endpoint within this many seconds.
        case check(ChainName, seconds: Int)
        case set(ChainName)
    }

    struct AddressMatch: Sendable {
        var prefix: IPPrefix
        /// Whether kube-proxy writes the prefix length; a single address goes without.
        var writesLength: Bool
        var isNegated = false
        var spelling = Spelling.canonical

        static func single(_ address: IPAddress, _ spelling: Spelling = .canonical) -> AddressMatch {
            AddressMatch(prefix: IPPrefix(single: address), writesLength: false, spelling: spelling)
        }

        static func range(
            _ prefix: IPPrefix, isNegated: Bool = false, _ spelling: Spelling = .canonical
        ) -> AddressMatch {
            AddressMatch(prefix: prefix, writesLength: true, isNegated: isNegated, spelling: spelling)
        }
    }

    /// How an address is written: canonically, or in versions up to 1.30 as its object spells it. A number, so that rules
    /// own nothing more.
    struct Spelling: Sendable {
        private let value: Int32

        static let canonical = Spelling(value: -1)
        /// As the EndpointSlice spells the subject's endpoint.
        static let endpoint = Spelling(value: -2)

        /// That of ``RuleSubject/texts`` at an index.
        static func text(_ index: Int) -> Spelling { Spelling(value: Int32(index)) }

        /// The index among ``RuleSubject/texts``; negative for the others.
        var index: Int { Int(value) }
        var isCanonical: Bool { value == -1 }
    }

    enum SourceMatch: Sendable {
        case address(AddressMatch)
        case interface(String, isNegated: Bool)
    }

    enum Target: Sendable {
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
