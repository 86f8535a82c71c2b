internal import KubeChainsBytes
internal import NetAddress

/// Receives rules in the order of the text.
protocol RuleSink: ~Copyable {
    mutating func add(_ rule: borrowing ComposedRule, _ subject: borrowing RuleSubject)
}

/// The subject of a rule: texts that several rules share.
struct RuleSubject {
    /// `namespace/service:port`.
    var name: [UInt8]
    var family: AddressFamily
    var endpoint: Endpoint?
    /// The texts of addresses that are not written canonically; nil: all are.
    var spelled: SpelledTexts?

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
        /// The position among the endpoints of the plan.
        let index: Int

        init(_ endpoint: PlannedEndpoint) {
            address = endpoint.address
            port = endpoint.port
            text = endpoint.text
            index = endpoint.index
        }
    }

    /// The text that an address is written as; nil: the canonical one.
    @inline(never)
    func text(_ spelling: ComposedRule.Spelling) -> String? {
        guard let spelled else { return nil }
        if spelling.index >= 0 { return spelled.texts[spelling.index] }
        return spelling.isCanonical ? nil : endpoint.flatMap { spelled.addresses[$0.index] }
    }

    /// `address:port` of the endpoint where it is not written canonically.
    @inline(never)
    fileprivate var spelledEndpoint: String? {
        guard let spelled, let endpoint, let address = spelled.addresses[endpoint.index] else { return nil }
        return EndpointText.of(address, port: endpoint.port)
    }
}

/// Texts of addresses that are not written canonically (``ComposedRule/Spelling``).
final class SpelledTexts: Sendable {
    let texts: [String]
    /// Those of endpoints' addresses, by their positions in the plan.
    let addresses: [Int: String]

    init(_ texts: [String], _ addresses: [Int: String]) {
        self.texts = texts
        self.addresses = addresses
    }
}

extension TextWriter {
    /// Appends `address:port` of a subject's endpoint.
    @inline(__always)
    mutating func append(endpointOf subject: borrowing RuleSubject) {
        if subject.spelled != nil, let text = subject.spelledEndpoint { return append(string: text) }
        if let endpoint = subject.endpoint { append(endpoint.text) }
    }
}
