internal import NetAddress
internal import Nftables

/// What a node's table does otherwise for Service ports than it should, less what another difference explains.
struct NftablesServiceDetails {
    private(set) var details: [NftablesDetail] = []
    /// Service ports of which the node has nothing.
    private(set) var missing: [ServicePortLabel] = []
    /// Service ports that the cluster does not have, with an element that leads to each.
    private(set) var extra: [(label: ServicePortLabel, place: NftablesDetail.Place)] = []
    /// Chains of Service ports that nothing leads to and that should not be there.
    private(set) var orphans: [(label: ServicePortLabel, chain: NftChain)] = []
    /// Elements that belong to no Service port.
    private(set) var others: [NftablesTableDifferences.Element] = []

    private let expected: NftablesTableIndex
    private let live: NftablesTableIndex
    private let owners: NftablesOwners

    init(
        _ plan: NftablesPlan, _ expected: NftablesTableIndex, _ live: NftablesTableIndex,
        _ differences: NftablesTableDifferences
    ) {
        self.expected = expected
        self.live = live
        guard !differences.servicePorts.isEmpty || !differences.elements.isEmpty else {
            owners = NftablesOwners()
            return
        }
        owners = NftablesOwners(plan)
        var byLabel: [ServicePortLabel: [NftablesDetail]] = [:]
        for element in differences.elements {
            guard let label = owners.label(of: element) else {
                others.append(element)
                continue
            }
            if let detail = detail(of: element, label) { byLabel[label, default: []].append(detail) }
        }
        let changed = differences.servicePorts.union(byLabel.keys)
        let wanted = NftablesServiceDetails.chains(of: changed, expected.table)
        let found = NftablesServiceDetails.chains(of: changed, live.table)
        let reached = owners.reached(live.table)
        for label in changed.sorted() {
            let own = byLabel[label] ?? []
            let chains = (wanted: wanted[label] ?? [], found: found[label] ?? [])
            guard owners.all.contains(label) else {
                addExtra(label, chains.found, own)
                continue
            }
            if chains.found.isEmpty, !reached.contains(label) {
                missing.append(label)
                continue
            }
            add(label, own, chains.wanted, chains.found)
        }
    }

    /// The names of the chains with rules of some Service ports.
    private static func chains(of labels: Set<ServicePortLabel>, _ table: NftTable) -> [ServicePortLabel: [String]] {
        var result: [ServicePortLabel: [String]] = [:]
        for chain in table.chains where !chain.rules.isEmpty {
            guard let label = ServicePortLabel(nftablesName: chain.name), labels.contains(label) else { continue }
            result[label, default: []].append(chain.name)
        }
        return result
    }

    private mutating func addExtra(_ label: ServicePortLabel, _ chains: [String], _ own: [NftablesDetail]) {
        if let first = own.first {
            extra.append((label, first.place))
            return
        }
        let targets = Set(
            chains.flatMap { live.rules($0) }.flatMap { $0.text.split { $0 == " " || $0 == "," } }.map(String.init))
        for name in chains where !targets.contains(name) {
            if let chain = live.chain(name) { orphans.append((label, chain)) }
        }
    }

    // MARK: Elements

    private func detail(
        of element: NftablesTableDifferences.Element, _ label: ServicePortLabel
    ) -> NftablesDetail? {
        guard let shown = element.actual ?? element.expected else { return nil }
        let subject: NftablesDetail.Subject
        switch (element.set, shown.frontend) {
        case ("cluster-ips", _):
            guard let address = IPAddress(shown.firstKey) else { return nil }
            subject = .clusterIP(address)
        case ("hairpin-connections", _):
            guard let endpoint = shown.hairpin else { return nil }
            subject = .hairpin(endpoint)
        case ("service-ips", let frontend?), ("service-nodeports", let frontend?): subject = .frontend(frontend)
        case ("no-endpoint-services", let frontend?), ("no-endpoint-nodeports", let frontend?):
            subject = .verdict(frontend)
        case ("firewall-ips", let frontend?): subject = .rangesAt(frontend)
        case (_, let frontend?): subject = .localhost(frontend)
        case (_, nil): return nil
        }
        func action(_ element: NftElement?) -> NftablesDetail.Action? {
            guard let element else { return nil }
            switch element.data {
            case nil: return .present
            case "drop": return .drop
            case "goto reject-chain": return .refuse
            default: return .lead(to: ChainRole(element.target ?? element.data ?? "", of: label))
            }
        }
        if let frontend = shown.frontend, element.expected != nil, let actual = element.actual,
            owners.isShared(frontend, with: actual)
        {
            // Of Service ports with the same frontend any may have it.
            return nil
        }
        return NftablesDetail(
            label: label, subject: subject, expected: action(element.expected), actual: action(element.actual),
            place: .init(line: element.actual?.place.number ?? 0, text: shown.command(live.table, element.set)))
    }

    // MARK: Chains

    private mutating func add(
        _ label: ServicePortLabel, _ own: [NftablesDetail], _ wanted: [String], _ found: [String]
    ) {
        let left = NftablesServiceFacts(label, wanted, expected)
        let right = NftablesServiceFacts(label, found, live)
        var all = own
        for subject in left.order {
            guard let fact = left.facts[subject] else { continue }
            let other = right.facts[subject]
            if fact.action == other?.action { continue }
            all.append(
                NftablesDetail(
                    label: label, subject: subject, expected: fact.action, actual: other?.action,
                    place: other?.place ?? .init(line: 0, text: fact.place.text)))
        }
        for subject in right.order where left.facts[subject] == nil {
            guard let fact = right.facts[subject] else { continue }
            all.append(
                NftablesDetail(
                    label: label, subject: subject, expected: nil, actual: fact.action, place: fact.place))
        }
        let endpoints = { (facts: NftablesServiceFacts) in
            Set(facts.order.compactMap { if case .endpoint(let endpoint, _) = $0 { endpoint } else { nil } })
        }
        details += NftablesServiceDetails.reduced(all, endpoints(left), endpoints(right))
    }

    /// Leaves out what other details of the Service port explain.
    private static func reduced(
        _ all: [NftablesDetail], _ wanted: Set<EndpointReference>, _ found: Set<EndpointReference>
    ) -> [NftablesDetail] {
        var all = all
        // Without a rule for ranges none of them says anything.
        if all.contains(where: { $0.subject == .ranges }) {
            all.removeAll { if case .sourceRange = $0.subject { true } else { false } }
        }
        var unbalanced: Set<ServicePolicy> = []
        for detail in all {
            if case .balance(let policy) = detail.subject { unbalanced.insert(policy) }
        }
        if !unbalanced.isEmpty {
            all.removeAll { detail in
                guard case .endpoint(_, let policy) = detail.subject else { return false }
                return !detail.isPresenceOfEndpoint && unbalanced.contains(policy)
            }
        }
        // An endpoint whose number is never drawn gets no connections, which is all that is to say.
        all.removeAll { detail in
            guard case .balance = detail.subject, case .numbers(let modulus, let leading) = detail.actual else {
                return false
            }
            return leading == modulus && found != wanted
        }
        let changed = wanted.symmetricDifference(found)
        guard !changed.isEmpty else { return all }
        // What belongs to an endpoint that only one side has says no more.
        all.removeAll { detail in
            switch detail.subject {
            case .affinity(let endpoint, _), .remembered(let endpoint), .timeout(let endpoint), .hairpin(let endpoint):
                changed.contains(endpoint)
            default: false
            }
        }
        if hasEvenShares(all) {
            all.removeAll { if case .endpoint = $0.subject { !$0.isPresenceOfEndpoint } else { false } }
        }
        if wanted.isEmpty || found.isEmpty { all.removeAll { $0.followsFromEndpoints } }
        // An endpoint of both policies is one difference.
        var seen: Set<EndpointReference> = []
        all.removeAll { detail in
            guard detail.isPresenceOfEndpoint, case .endpoint(let endpoint, _) = detail.subject else { return false }
            return !seen.insert(endpoint).inserted
        }
        guard all.allSatisfy(\.isPresenceOfEndpoint), unbalanced.isEmpty else { return all }
        for index in all.indices { all[index].isOfOtherAge = true }
        return all
    }

    /// Whether the differing shares are equal on the node.
    private static func hasEvenShares(_ details: [NftablesDetail]) -> Bool {
        var shares: [ServicePolicy: NftablesDetail.Action] = [:]
        for detail in details {
            guard case .endpoint(_, let policy) = detail.subject, let actual = detail.actual else { continue }
            if let other = shares[policy], other != actual { return false }
            shares[policy] = actual
        }
        return true
    }
}

extension NftablesDetail {
    /// Whether it follows from there being an endpoint on one side and none on the other.
    fileprivate var followsFromEndpoints: Bool {
        switch subject {
        case .frontend, .verdict: expected == nil || actual == nil
        case .externalMasquerade, .externalTraffic, .policyMasquerade: true
        default: false
        }
    }
}

extension NftElement {
    /// The endpoint whose connections to itself are masqueraded.
    var hairpin: EndpointReference? {
        guard key.count == 4, key[0] == key[1], let address = IPAddress(key[0]), let port = UInt16(key[3]) else {
            return nil
        }
        return .address(address, port: port)
    }
}
