internal import NetAddress

// The words of reports for what comparing finds.

extension Frontend: CustomStringConvertible {
    /// `ADDRESS:PORT/PROTOCOL`, or `PORT/PROTOCOL` for a node port.
    public var description: String {
        let place = address.map { AddressText($0, port: port).description } ?? "\(port)"
        return "\(place)/\(transport.name)"
    }
}

extension ServicePolicy: CustomStringConvertible {
    public var description: String { self == .cluster ? "cluster policy" : "local policy" }
}

extension ChainRole: CustomStringConvertible {
    public var description: String {
        switch self {
        case .policy(let policy): "the \(policy)"
        case .external: "external traffic"
        case .sourceRanges: "the source ranges"
        case .other(let chain): chain
        }
    }
}

extension EndpointReference: CustomStringConvertible {
    /// `ADDRESS:PORT`, or the chain and what is wrong with it.
    public var description: String {
        switch self {
        case .address(let address, let port): AddressText(address, port: port).description
        case .missing(let chain): "\(chain), which is missing"
        case .untranslated(let chain): "\(chain), which translates nothing"
        }
    }
}

extension RuleDetail.Subject {
    /// The subject as reports name it behind its kind.
    public var text: String {
        switch self {
        case .frontend(let frontend), .healthCheck(let frontend), .verdict(let frontend): "\(frontend)"
        case .verdictOutsideRanges(let frontend): "\(frontend) past the source ranges"
        case .endpoint(let endpoint, _): "\(endpoint)"
        case .affinity(let policy): "\(policy)"
        case .endpointAffinity(let endpoint, let policy): "\(policy), \(endpoint)"
        case .rememberedClients(let endpoint): "clients of \(endpoint)"
        case .policyMasquerade(let policy): "traffic to the \(policy)"
        case .hairpin(let endpoint): "of \(endpoint) to itself"
        case .sourceMasquerade(let source, let endpoint): "from \(source) to \(endpoint)"
        case .externalMasquerade(let who): "traffic from outside" + (who.isEmpty ? "" : " (\(who))")
        case .externalTraffic(let who): who.isEmpty ? "traffic from outside" : "\(who)"
        case .sourceRange(let range): "\(range)"
        case .rule(let placed): "\(placed.table) \(placed.chain): \(placed.rule.actingText)"
        }
    }
}

extension RuleDetail {
    /// What the expected rules do, in words.
    public var expectedText: String? { expected.map { text($0) } }
    /// What the actual rules do, in words.
    public var actualText: String? { actual.map { text($0) } }

    private func text(_ action: Action) -> String {
        switch action {
        case .lead(let role):
            if case .externalTraffic = subject { "\(role)" } else { "to \(role)" }
        case .refuse: "refused"
        case .drop: "dropped"
        case .accept: "accepted"
        case .share(let share): "\(share)"
        case .stick(let seconds): "\(seconds) s"
        case .remember(let list): list.map { "remembered as \($0)" } ?? "remembered"
        case .masquerade: "yes"
        case .masqueradeIf(let conditions, let isAfterEndpoints):
            "\(conditions)" + (isAfterEndpoints ? ", but only for packets that no endpoint took" : "")
        case .masqueradeTooLate: "too late"
        case .allow: "allowed"
        case .exist: "present"
        }
    }
}
