internal import NetAddress

extension NftablesFindings {
    /// What a detail of a Service port is evidence of; nil: nothing that matters.
    func evidence(of detail: NftablesDetail) -> (any AuditEvidence)? {
        let isPresent = detail.actual != nil
        switch detail.subject {
        case .frontend(let frontend): return evidence(of: detail, at: frontend)
        case .verdict(let frontend), .localhost(let frontend):
            return NftablesEvidence.WrongVerdict(
                frontend: frontend, expected: detail.expected, actual: detail.actual,
                isAtLocalhost: detail.isAtLocalhost)
        case .rangesAt(let frontend):
            return NftablesEvidence.WrongSourceRange(difference: .frontend(frontend, isChecked: isPresent))
        case .ranges: return NftablesEvidence.WrongSourceRange(difference: .ranges(areChecked: isPresent))
        case .sourceRange(let range):
            return NftablesEvidence.WrongSourceRange(difference: .range(range, isAllowed: isPresent))
        case .clusterIP(let address):
            return NftablesEvidence.WrongMasquerade(
                traffic: .unknownClusterIP(address.description), isMasqueraded: isPresent)
        case .endpoint(let endpoint, let policy): return evidence(of: detail, endpoint, policy)
        case .balance(let policy):
            guard case .numbers(let modulus, let leading) = detail.actual else { return nil }
            return NftablesEvidence.WrongBalance(policy: policy, modulus: modulus, leading: leading)
        case .affinity(let endpoint, _):
            return NftablesEvidence.WrongAffinity(endpoint: endpoint, difference: .comesBack(isPresent))
        case .remembered(let endpoint):
            return NftablesEvidence.WrongAffinity(endpoint: endpoint, difference: .remembered(isPresent))
        case .timeout(let endpoint):
            return NftablesEvidence.WrongAffinity(
                endpoint: endpoint,
                difference: .timeout(expected: detail.expected?.milliseconds, actual: detail.actual?.milliseconds))
        case .hairpin(let endpoint): return masquerade(detail, .hairpin(endpoint))
        case .policyMasquerade(let policy): return masquerade(detail, .clusterIP(policy))
        case .externalMasquerade(let conditions): return masquerade(detail, .external(conditions))
        case .externalTraffic(let conditions):
            return NftablesEvidence.WrongPolicy(
                traffic: conditions, expected: detail.expected?.role, actual: detail.actual?.role)
        case .rule(let chain, let text):
            return isPresent
                ? NftablesEvidence.UnexpectedRule(chain: chain, isWholeChain: false)
                : NftablesEvidence.MissingRule(chain: chain, rule: text, isAboutServiceCIDRs: false)
        }
    }

    private func evidence(of detail: NftablesDetail, at frontend: Frontend) -> any AuditEvidence {
        let (expected, actual) = (detail.expected?.role, detail.actual?.role)
        if case (.policy?, .policy?) = (expected, actual) {
            return NftablesEvidence.WrongPolicy(
                traffic: "traffic to \(frontend.placeInSentence)", expected: expected, actual: actual)
        }
        let isClusterIP = plan.plan.servicePorts.contains { $0.clusterIP == frontend.address }
        return NftablesEvidence.WrongAddress(
            frontend: frontend, expected: expected, actual: actual, isClusterIP: isClusterIP)
    }

    private func evidence(
        of detail: NftablesDetail, _ endpoint: EndpointReference, _ policy: ServicePolicy
    ) -> (any AuditEvidence)? {
        switch (detail.expected, detail.actual) {
        case (nil, .share(let share)):
            StaleEndpoint(endpoint: endpoint, policy: policy, share: share, isOfOtherAge: detail.isOfOtherAge)
        case (_, nil): MissingEndpoint(endpoint: endpoint, policy: policy, isOfOtherAge: detail.isOfOtherAge)
        case (.share(let expected), .share(let actual)):
            WrongWeight(endpoint: endpoint, policy: policy, expected: expected, actual: actual)
        default: nil
        }
    }

    /// Masquerading that is missing, superfluous, done by another mark, or under other conditions.
    private func masquerade(
        _ detail: NftablesDetail, _ traffic: NftablesEvidence.WrongMasquerade.Traffic
    ) -> any AuditEvidence {
        if case .masquerade(let mark, let conditions) = detail.expected,
            case .masquerade(let other, conditions) = detail.actual, mark != other
        {
            return NftablesEvidence.WrongMark(chain: "")
        }
        let isMasqueraded: Bool? = detail.actual == nil ? false : detail.expected == nil ? true : nil
        return NftablesEvidence.WrongMasquerade(traffic: traffic, isMasqueraded: isMasqueraded)
    }
}

extension NftablesDetail {
    fileprivate var isAtLocalhost: Bool { if case .localhost = subject { true } else { false } }
}

extension NftablesDetail.Action {
    /// Where packets go.
    fileprivate var role: ChainRole? {
        switch self {
        case .lead(let role): role
        case .drop: .other("a drop")
        case .refuse: .other("a refusal")
        default: nil
        }
    }

    fileprivate var milliseconds: Int? { if case .milliseconds(let count) = self { count } else { nil } }
}
