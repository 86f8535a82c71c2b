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
    /// The texts of addresses that are not written canonically (``ComposedRule/Spelling``).
    var texts: [String] = []
    /// Those of endpoints' addresses, by their positions in the plan.
    var addressTexts: [Int: String] = [:]

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
    func text(_ spelling: ComposedRule.Spelling) -> String? {
        if spelling.index >= 0 { return texts[spelling.index] }
        return spelling.isCanonical ? nil : endpoint.flatMap { addressTexts[$0.index] }
    }
}

extension TextWriter {
    /// Appends `address:port` of a subject's endpoint.
    mutating func append(endpointOf subject: borrowing RuleSubject) {
        guard let endpoint = subject.endpoint else { return }
        if !subject.addressTexts.isEmpty, let address = subject.addressTexts[endpoint.index] {
            append(string: EndpointText.of(address, port: endpoint.port))
        } else {
            append(endpoint.text)
        }
    }
}
