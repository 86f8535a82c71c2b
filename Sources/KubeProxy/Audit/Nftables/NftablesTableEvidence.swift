internal import KubeObjects
internal import NetAddress
internal import Nftables

/// What a node's table shows of kube-proxy's settings. A value is nil where nothing shows it.
struct NftablesEvidenceOfSettings {
    /// How many rules show how local traffic is detected, by what they show.
    private(set) var localTraffic = Votes<NodeFacts.LocalTraffic?>()
    /// How many rules show that everything sent to cluster IPs is masqueraded, or that not.
    private(set) var masqueradeAll = Votes<Bool>()
    /// Where node ports answer: at all addresses, or at those of a set.
    private(set) var nodePorts: NodeFacts.NodePorts?
    /// Which protocols of node ports are rejected on the loopback address; nil: none of them by rules.
    private(set) var rejectedAtLocalhost: [TransportProtocol]?
    /// What the table shows of the version: how many rules say that it does something, or does not.
    private(set) var behaviors: [ProxyBehavior: Votes<Bool>] = [:]
    private var marks = Votes<UInt32>()

    /// The bit that most rules use as the mark.
    var masqueradeBit: Int? {
        guard let mark = marks.winner(preferring: 1 << 14), mark.nonzeroBitCount == 1 else { return nil }
        return mark.trailingZeroBitCount
    }

    init(_ live: NftablesTableIndex) {
        readBaseChains(live)
        readMasquerading(live)
        readServices(live)
        for chain in live.table.chains {
            guard let first = chain.rules.first else { continue }
            switch NftablesChainRole(name: chain.name) {
            case .external: readExternal(chain.rules)
            case .service, .local: readPolicy(first, chain.rules)
            default: break
            }
        }
        if live.set("localhost-nodeport-reject-ports") != nil {
            behaviors[.nftablesLocalhostNodePorts, default: .init()].add(true)
            rejectedAtLocalhost = TransportProtocol.allCases.filter { live.has("localhost-nodeport-reject-\($0.name)") }
        }
    }

    private mutating func vote(_ behavior: ProxyBehavior, _ value: Bool) {
        behaviors[behavior, default: .init()].add(value)
    }

    private mutating func readBaseChains(_ live: NftablesTableIndex) {
        for name in ["filter-input", "filter-forward", "filter-output"] {
            switch live.chain(name)?.base?.priority {
            case -110: vote(.nftablesEarlyFilterChains, true)
            case 0: vote(.nftablesEarlyFilterChains, false)
            default: break
            }
        }
    }

    private mutating func readMasquerading(_ live: NftablesTableIndex) {
        for name in ["masquerading", "mark-for-masquerade"] {
            for rule in live.rules(name) {
                let words = rule.text.split(separator: " ")
                for (word, next) in zip(words, words.dropFirst()) where ["&", "|", "^"].contains(word) {
                    if let mark = next.hexadecimal { marks.add(mark) }
                }
                if words.first == "meta", words.last == "return" { vote(.nftablesEndpointMaps, false) }
                if words.first == "meta", words.last == "fully-random" { vote(.nftablesEndpointMaps, true) }
            }
        }
    }

    // MARK: The chain services

    private mutating func readServices(_ live: NftablesTableIndex) {
        var isShown = false
        for rule in live.rules("services") {
            let words = rule.text.split(separator: " ")
            if words.last == "@service-nodeports" {
                nodePorts =
                    words.first == "fib"
                    ? .allAddresses : .addresses(live.elements("nodeport-ips").compactMap { IPAddress($0.firstKey) })
            }
            guard words.count > 3, words[2] == "@cluster-ips",
                case .masquerade(let mark?, let conditions) = NftablesRuleStep(rule, transport: "")
            else { continue }
            marks.add(mark)
            isShown = true
            readMasquerade(conditions.split(separator: " ").dropFirst(3))
        }
        // Up to 1.35 the rules of each Service port show it.
        if !isShown, live.set("hairpin-connections") != nil, !live.has("mark-for-masquerade") {
            masqueradeAll.add(false)
            localTraffic.add(nil)
        }
    }

    /// Reads for whom traffic to cluster IPs is masqueraded.
    private mutating func readMasquerade(_ conditions: ArraySlice<Substring>) {
        masqueradeAll.add(conditions.isEmpty)
        guard !conditions.isEmpty, let found = readLocalTraffic(conditions, isNegated: true) else { return }
        localTraffic.add(found)
    }

    /// `ip saddr 10.0.0.0/8` or `iifname "veth*"`, or with `!=` before the value.
    private mutating func readLocalTraffic(
        _ words: ArraySlice<Substring>, isNegated: Bool
    ) -> NodeFacts.LocalTraffic? {
        let words = Array(words)
        guard let value = words.last, (words.count > 2 && words[words.count - 2] == "!=") == isNegated else {
            return nil
        }
        let subject = words.dropLast(isNegated ? 2 : 1)
        if subject.count == 2, subject[1] == "saddr" {
            return IPPrefix(addressOrRange: String(value)).map { .source($0) }
        }
        guard subject.count == 1, ["iif", "iifname"].contains(subject[0]) else { return nil }
        vote(.nftablesInterfaceIndex, subject[0] == "iif")
        var name = value.filter { $0 != "\"" }
        // The wildcard is spelled `+` in iptables.
        if name.hasSuffix("*") { name = name.dropLast() + "+" }
        return .interface(name)
    }

    // MARK: The chains of Service ports

    private mutating func readExternal(_ rules: [NftRule]) {
        for rule in rules {
            switch NftablesRuleStep(rule, transport: "") {
            case .masquerade(let mark, _):
                if let mark { marks.add(mark) }
                vote(.nftablesEndpointMaps, mark != nil)
            case .lead(_, let conditions) where !conditions.isEmpty:
                let words = conditions.split(separator: " ")
                if words.first == "fib" { continue }
                if let found = readLocalTraffic(words[...], isNegated: false) { localTraffic.add(found) }
            default: break
            }
        }
    }

    private mutating func readPolicy(_ first: NftRule, _ rules: [NftRule]) {
        if let last = rules.last, last.text.utf8.count < 130 { readSingleEndpoint(last) }
        guard rules.count > 1 else { return }
        guard case .masquerade(nil, let conditions) = NftablesRuleStep(first, transport: "") else { return }
        var words = conditions.split(separator: " ")[...]
        guard words.count > 2, words[1] == "daddr" else { return }
        words = words.dropFirst(3)
        let namesPort = words.count > 2 && words[words.startIndex + 1] == "dport"
        vote(.nftablesClusterIPPort, namesPort)
        readMasquerade(namesPort ? words.dropFirst(3) : words)
    }

    /// How a Service port with one endpoint leads to it.
    private mutating func readSingleEndpoint(_ rule: NftRule) {
        let words = rule.text.split(separator: " ")
        guard words.count > 3, words[0] == "meta", words[1] == "l4proto" else { return }
        switch NftablesRuleStep(rule, transport: String(words[2])) {
        case .translate: vote(.nftablesSingleEndpoint, true)
        case .balance(1, _): vote(.nftablesSingleEndpoint, false)
        default: break
        }
    }
}

extension NftablesEvidenceOfSettings {
    /// The known versions, the oldest first, of which the table can be.
    var versions: [ProxyVersion] {
        let shown = ProxyBehavior.allCases.compactMap { behavior in
            behaviors[behavior]?.winner(preferring: false).map { (behavior, $0) }
        }
        return ProxyBehavior.nftables.versions.map { ProxyVersion(minor: $0) }.filter { version in
            let own = version.behaviors(in: .nftables)
            return shown.allSatisfy { own.contains($0.0) == $0.1 }
        }
    }

    /// What else points to a Node.
    var pointers: NodePointers {
        var range: IPPrefix?
        if case .source(let found)?? = localTraffic.winner(preferring: nil) { range = found }
        guard case .addresses(let addresses) = nodePorts else { return NodePointers(podRange: range, addresses: []) }
        return NodePointers(podRange: range, addresses: addresses)
    }
}

/// What a node's table says about the policies of Service ports.
struct NftablesPolicies: PolicyEvidence {
    private let plan: NftablesPlan
    private let live: NftablesTableIndex
    private let dropped: Set<Frontend>
    /// The endpoints whose connections to themselves are masqueraded: from 1.36 on those of the node.
    private let hairpins: Set<Frontend>?

    init(_ plan: NftablesPlan, _ live: NftablesTableIndex) {
        self.plan = plan
        self.live = live
        var dropped: Set<Frontend> = []
        for element in live.elements("no-endpoint-services") where element.data == "drop" {
            if let frontend = element.frontend { dropped.insert(frontend) }
        }
        self.dropped = dropped
        hairpins = live.set("hairpin-connections").map { set in
            var found: Set<Frontend> = []
            found.formUnion(set.elements.lazy.compactMap(\.hairpinTarget))
            return found
        }
    }

    func endpoints(of policy: ServicePolicy, _ port: ServicePortPlan) -> Set<EndpointReference>? {
        live.endpoints(
            ofPolicy: plan.chainName(policy == .cluster ? .clusterPolicy : .localPolicy, of: port),
            transport: port.name.transport.name.description)
    }

    func leadsToLocalPolicy(_ port: ServicePortPlan) -> Bool {
        let local = plan.chainName(.localPolicy, of: port)
        return live.rules(plan.chainName(.external, of: port)).contains { $0.text.hasSuffix("goto \(local)") }
    }

    func dropsClusterIP(_ port: ServicePortPlan) -> Bool {
        dropped.contains(Frontend(address: port.clusterIP, port: port.port, transport: port.name.transport))
    }

    func treatsAsLocal(_ endpoint: PlannedEndpoint, of port: ServicePortPlan) -> Bool? {
        hairpins?.contains(Frontend(address: endpoint.address, port: endpoint.port, transport: port.name.transport))
    }
}
