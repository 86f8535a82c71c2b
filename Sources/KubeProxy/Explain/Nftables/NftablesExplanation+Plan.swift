internal import KubeObjects
internal import NetAddress
internal import Nftables

extension NftablesExplanation {
    /// Explains a target of a plan in nftables mode.
    ///
    /// - Throws: ``ExplainTargetError`` if there is no such target.
    public init(_ target: ExplainTarget, _ state: NftablesPlan) throws(ExplainTargetError) {
        let plan = state.plan
        let index = NftablesTableIndex(state.table)
        node = plan.node
        version = plan.version
        family = plan.settings.family
        var match = TargetMatch()
        var chainName: String?
        if case .chain(let text) = target { chainName = try NftablesExplanation.chain(text, index.table) }
        // A Service of this name comes first.
        if case .shortName(let name, nil) = target, index.has(name.text),
            !plan.snapshot.services.contains(where: { $0.name == name })
        {
            chainName = name.text
        }
        if let name = chainName {
            guard let label = ServicePortLabel(nftablesName: name),
                let port = plan.servicePorts.first(where: { ServicePortLabel($0.name) == label })
            else {
                remarks = []
                services = []
                sharedChains = []
                chain = index.chain(name).map { ExplainedNftablesChain(shared: $0) }
                return
            }
            match.add(port.index, "\(name) is a chain of \(port.label)")
        } else {
            match = try TargetSearch(plan: plan, nodeIPs: state.nodePortAddresses).find(target)
        }
        let elements = NftablesExplanation.elements(match.ports, state, index.table)
        let slices = plan.snapshot.sliceIndices(of: match.ports.map { plan.servicePorts[$0].serviceIndex })
        var reasons = EndpointReasonsByService(state, slices)
        var services = match.ports.map { position in
            let port = plan.servicePorts[position]
            return NftablesServiceExplanation(
                port, state, index, elements[position] ?? [], reasons.reasons(for: port), match.endpoint)
        }
        for position in match.absentServices {
            services += ServiceExplanation.absent(plan.snapshot.services[position], position, plan).map {
                NftablesServiceExplanation(absent: $0)
            }
        }
        remarks = match.remarks
        self.services = services
        sharedChains =
            match.ports.isEmpty
            ? []
            : NftablesRuleReasons.sharedChains.compactMap { index.chain($0).map { ExplainedNftablesChain(shared: $0) } }
        chain = nil
    }

    /// Explains all Service ports of a plan, with the Services that have nothing; without the chains that all share.
    public init(all state: NftablesPlan) {
        let plan = state.plan
        let index = NftablesTableIndex(state.table)
        let elements = NftablesExplanation.elements(Array(plan.servicePorts.indices), state, index.table)
        var reasons = EndpointReasonsByService(
            state, plan.snapshot.sliceIndices(of: Array(plan.snapshot.services.indices)))
        node = plan.node
        version = plan.version
        family = plan.settings.family
        remarks = []
        services = plan.explainingAll { port in
            NftablesServiceExplanation(
                port, state, index, elements[port.index] ?? [], reasons.reasons(for: port), nil)
        } absent: {
            NftablesServiceExplanation(absent: $0)
        }
        sharedChains = []
        chain = nil
    }

    /// The name of a chain, or of the only one that begins so.
    private static func chain(_ text: String, _ table: NftTable) throws(ExplainTargetError) -> String {
        let names = table.chains.map(\.name)
        if names.contains(text) { return text }
        let found = names.filter { $0.hasPrefix(text) }
        if found.count == 1 { return found[0] }
        guard found.isEmpty else {
            let list = found.sorted().prefix(10).joined(separator: ", ") + (found.count > 10 ? ", …" : "")
            throw ExplainTargetError(.ambiguous, "\(text) begins \(found.count) names: \(list)")
        }
        throw ExplainTargetError(
            .notFound,
            text.hasPrefix("KUBE-")
                ? "in nftables mode no chain has a name like \(text); --proxy-mode iptables explains it"
                : "nftables mode has no chain \(text), or one whose name begins so",
            unknown: (text, names))
    }

    /// The elements of some Service ports, by set and then in the order of the table.
    private static func elements(
        _ ports: [Int], _ state: NftablesPlan, _ table: NftTable
    ) -> [Int: [ExplainedNftablesElement]] {
        guard !ports.isEmpty else { return [:] }
        var frontends: [Frontend: [Int]] = [:]
        var clusterIPs: [IPAddress: [Int]] = [:]
        var endpoints: [Frontend: [Int]] = [:]
        for position in ports {
            let port = state.plan.servicePorts[position]
            for frontend in port.frontends { frontends[frontend.frontend, default: []].append(position) }
            clusterIPs[port.clusterIP, default: []].append(position)
            for endpoint in port.endpoints where endpoint.isReachable && endpoint.isLocal {
                let key = Frontend(address: endpoint.address, port: endpoint.port, transport: port.name.transport)
                endpoints[key, default: []].append(position)
            }
        }
        var result: [Int: [ExplainedNftablesElement]] = [:]
        let order = [
            "firewall-ips", "service-ips", "service-nodeports", "no-endpoint-services", "no-endpoint-nodeports",
            "localhost-nodeport-reject-ports", "cluster-ips", "hairpin-connections",
        ]
        for name in order {
            for element in table[set: name]?.elements ?? [] {
                let owners: [Int]
                switch name {
                case "cluster-ips": owners = IPAddress(element.firstKey).flatMap { clusterIPs[$0] } ?? []
                case "hairpin-connections":
                    owners = NftElement(key: Array(element.key.dropFirst())).frontend.flatMap { endpoints[$0] } ?? []
                default: owners = element.frontend.flatMap { frontends[$0] } ?? []
                }
                for owner in Set(owners).sorted() {
                    let port = state.plan.servicePorts[owner]
                    result[owner, default: []].append(
                        ExplainedNftablesElement(
                            set: name, key: element.key.joined(separator: " . "), verdict: element.data,
                            chain: element.target, frontend: name == "cluster-ips" ? nil : element.frontend,
                            why: NftablesRuleReasons.reason(of: element, in: name, port)))
                }
            }
        }
        return result
    }
}

extension NftablesServiceExplanation {
    fileprivate init(absent: ServiceExplanation) {
        self.init(
            service: absent.service, servicePort: absent.servicePort, transport: absent.transport, plan: nil,
            absence: absent.absence)
    }

    fileprivate init(
        _ port: ServicePortPlan, _ state: NftablesPlan, _ index: NftablesTableIndex,
        _ elements: [ExplainedNftablesElement], _ reasons: EndpointReasons,
        _ target: (address: IPAddress, port: UInt16?)?
    ) {
        service = state.plan.snapshot.services[port.serviceIndex]
        servicePort = port.name.description
        transport = port.name.transport
        plan = port
        absence = nil
        settings = SettingReasons(state, service, port, hasHints: reasons.hasHints(port)).sentences
        (endpoints, otherEndpoints) = reasons.endpoints(of: port, target)
        unread = reasons.unread
        self.elements = elements
        // Packets meet them in this order; each endpoint's comes behind those that lead to it.
        let own: [NftablesChainKind] = [.firewall, .external, .clusterPolicy, .localPolicy]
        var names = own.map { state.chainName($0, of: port) }
        var seen: Set<String> = []
        for name in names {
            for rule in index.rules(name) {
                guard
                    case .balance(_, let choices) = NftablesRuleStep(
                        rule, transport: port.name.transport.name.description)
                else { continue }
                for choice in choices {
                    if case .chain(let target) = choice.target, seen.insert(target).inserted { names.append(target) }
                }
            }
        }
        chains = names.compactMap { name in
            index.chain(name).map { chain in
                ExplainedNftablesChain(chain) { NftablesRuleReasons.reason(of: $0, in: chain.name, port) }
            }
        }
    }
}

extension ExplainedNftablesChain {
    /// A chain that all Services share.
    fileprivate init(shared chain: NftChain) {
        self.init(chain) { NftablesRuleReasons.reason(of: $0, in: chain.name) }
    }

    fileprivate init(_ chain: NftChain, _ reason: (NftRule) -> String) {
        name = chain.name
        purpose = NftablesRuleReasons.purpose(of: chain)
        rules = chain.rules.map { rule in
            let words = rule.text.split(separator: " ")
            let leads = words.count > 1 && ["goto", "jump"].contains(words[words.count - 2])
            return ExplainedNftablesRule(
                text: rule.line, why: reason(rule), target: leads ? String(words[words.count - 1]) : nil)
        }
    }
}
