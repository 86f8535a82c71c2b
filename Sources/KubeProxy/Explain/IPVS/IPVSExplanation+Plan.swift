internal import KubeObjects
internal import NetAddress

extension IPVSExplanation {
    /// Explains a target of a plan in IPVS mode.
    ///
    /// - Throws: ``ExplainTargetError`` if there is no such target.
    public init(_ target: ExplainTarget, _ state: IPVSPlan) throws(ExplainTargetError) {
        let plan = state.plan
        let snapshot = plan.snapshot
        let rules = IPVSRuleReasons.rules(of: state)
        node = plan.node
        version = plan.version
        family = plan.settings.family
        scheduler = plan.settings.ipvs.scheduler
        if case .chain(let text) = target {
            let name = try IPVSNames(family).name(text)
            remarks = []
            services = []
            sharedRules = []
            set = IPSet.allCases.first { $0.name(plan.settings.family) == name }.map { ExplainedSet($0, state, rules) }
            chains = IPVSRules.tables.compactMap { ExplainedIPVSChain(name, in: $0, rules) }
            return
        }
        let match = try TargetSearch(plan: plan, nodeIPs: state.nodeIPs).find(target)
        let slices = snapshot.sliceIndices(of: match.ports.map { plan.servicePorts[$0].serviceIndex })
        let facts = Facts(state, rules)
        var services: [IPVSServiceExplanation] = []
        var reasons = EndpointReasonsByService(state, slices)
        for index in match.ports {
            let own = reasons.reasons(for: plan.servicePorts[index])
            services.append(IPVSServiceExplanation(index, state, own, match.endpoint, facts))
        }
        for index in match.absentServices {
            services += ServiceExplanation.absent(snapshot.services[index], index, plan).map { .init(absent: $0) }
        }
        remarks = match.remarks
        self.services = services
        sharedRules = match.ports.isEmpty ? [] : rules.filter { $0.set == nil && !$0.isAboutOneService }
        set = nil
        chains = []
    }

    /// Explains all Service ports of a plan, with the Services that have nothing; without the rules that match no set.
    public init(all state: IPVSPlan) {
        let plan = state.plan
        let facts = Facts(state, IPVSRuleReasons.rules(of: state))
        var reasons = EndpointReasonsByService(
            state, plan.snapshot.sliceIndices(of: Array(plan.snapshot.services.indices)))
        node = plan.node
        version = plan.version
        family = plan.settings.family
        scheduler = plan.settings.ipvs.scheduler
        remarks = []
        services = plan.explainingAll { port in
            IPVSServiceExplanation(port.index, state, reasons.reasons(for: port), nil, facts)
        } absent: {
            IPVSServiceExplanation(absent: $0)
        }
        sharedRules = []
        set = nil
        chains = []
    }

    /// What the explanations of all Service ports need.
    fileprivate struct Facts {
        let rules: [ExplainedIPVSRule]
        let comparison: ModeComparison
        /// The virtual server of each place.
        let servers: [Frontend: VirtualServer]

        init(_ state: IPVSPlan, _ rules: [ExplainedIPVSRule]) {
            self.rules = rules
            comparison = ModeComparison(state)
            servers = Dictionary(
                state.virtualServers.map { ($0.frontend, $0) }, uniquingKeysWith: { first, _ in first })
        }
    }
}

extension VirtualServer {
    fileprivate var frontend: Frontend { Frontend(address: address, port: port, transport: transport) }
}

extension IPVSServiceExplanation {
    fileprivate init(
        _ index: Int, _ state: IPVSPlan, _ reasons: EndpointReasons,
        _ target: (address: IPAddress, port: UInt16?)?, _ facts: IPVSExplanation.Facts
    ) {
        let plan = state.plan
        let port = plan.servicePorts[index]
        service = plan.snapshot.services[port.serviceIndex]
        servicePort = port.name.description
        transport = port.name.transport
        self.plan = port
        absence = nil
        settings = SettingReasons(state, service, port, hasHints: reasons.hasHints(port)).sentences
        virtualServers = ExplainedVirtualServer.all(of: index, state, facts)
        (endpoints, otherEndpoints) = reasons.endpoints(of: port, target)
        unread = reasons.unread
        let entries = state.setEntries(of: port)
        let refused = Set(entries.refusedOrigins)
        let rules = facts.rules.filter { rule in
            if case .dropOwn(let origin) = rule.purpose { return refused.contains(origin) }
            return rule.set.map { entries.bySet[$0] != nil } ?? false
        }
        self.rules = rules
        sets = IPSet.allCases.compactMap { set in
            guard let own = entries.bySet[set] else { return nil }
            return ExplainedEntries(
                set: set, name: set.name(plan.settings.family), entries: Set(own.map(\.text)).sorted(),
                rules: rules.indices.filter { rules[$0].set == set })
        }
        differences = facts.comparison.differences(of: port)
    }

    fileprivate init(absent: ServiceExplanation) {
        self.init(
            service: absent.service, servicePort: absent.servicePort, transport: absent.transport, plan: nil,
            absence: absent.absence)
    }
}

extension ExplainedIPVSRule {
    /// Whether it exists for one address of a Service.
    fileprivate var isAboutOneService: Bool {
        if case .dropOwn = purpose { true } else { false }
    }
}

extension IPVSPlan {
    /// The entries of one Service port, with its addresses on `kube-ipvs0`.
    func setEntries(of port: ServicePortPlan) -> SetEntries {
        var entries = SetEntries(nodeIPs: nodeIPs)
        entries.add(port)
        eachFrontend(of: port) { if $0.bindsAddress { entries.add(bound: $0.address) } }
        return entries
    }
}

extension ExplainedVirtualServer {
    /// The virtual servers of a Service port, in kube-proxy's order.
    fileprivate static func all(
        of index: Int, _ state: IPVSPlan, _ facts: IPVSExplanation.Facts
    ) -> [ExplainedVirtualServer] {
        let plan = state.plan
        let port = plan.servicePorts[index]
        let transport = port.name.transport
        let clients = ranges(port, plan)
        var result: [ExplainedVirtualServer] = []
        state.eachFrontend(of: port) { frontend in
            let claim = Frontend(address: frontend.address, port: frontend.port, transport: transport)
            let claimed = facts.servers[claim]
            let server = claimed?.servicePort == index ? claimed : nil
            let owner = server == nil ? claimed?.servicePort : nil
            let asked = frontend.frontend.policy
            let serving = state.policy(serving: asked, of: port)
            result.append(
                ExplainedVirtualServer(
                    kind: frontend.kind, address: frontend.address, port: frontend.port, isBound: frontend.bindsAddress,
                    usesLocalPolicy: serving == .local, fallsBack: serving != asked,
                    policy: policy(serving, fallsBack: serving != asked, port),
                    masquerade: masquerade(state.masquerading(of: frontend.frontend), frontend.kind, plan)
                        + exception(serving, of: port, state.masquerading(of: frontend.frontend), plan),
                    ranges: frontend.kind == .loadBalancerIP ? clients : nil,
                    owner: owner.map { plan.servicePorts[$0].label }, line: server.map { state.line(of: $0) },
                    realServers: server.map { state.realServers(of: $0).map(\.text.description) } ?? []))
        }
        return result
    }

    private static func policy(_ serving: EndpointPolicy, fallsBack: Bool, _ port: ServicePortPlan) -> String {
        let count = port.count(of: serving)
        guard count > 0 else { return "no real server: IPVS refuses connections" }
        let servers = count == 1 ? "1 real server" : "\(count) real servers"
        if serving == .local { return "\(servers), this node's endpoints (local policy)" }
        return fallsBack
            ? "\(servers) of other nodes: the local policy finds no endpoint here and falls back"
            : "\(servers) (cluster policy)"
    }

    private static func masquerade(
        _ masquerading: IPVSPlan.Masquerading, _ kind: Frontend.Kind, _ plan: NodePlan
    ) -> String {
        switch masquerading {
        case .nobody: "source IP preserved"
        case .everybody where kind == .clusterIP: "source IP rewritten to the node (masqueradeAll)"
        case .everybody: "source IP rewritten to the node (SNAT)"
        case .others: "the source is rewritten, unless a pod sends (\(plan.node.localTraffic?.phrase ?? ""))"
        case .clusterIPs: "the source is rewritten only if it is a cluster IP, as that of the node itself is"
        }
    }

    /// What is for the node itself never goes through POSTROUTING, where the source of all else is rewritten.
    private static func exception(
        _ serving: EndpointPolicy, of port: ServicePortPlan, _ masquerading: IPVSPlan.Masquerading, _ plan: NodePlan
    ) -> String {
        guard masquerading == .everybody || masquerading == .others else { return "" }
        let isForHost = port.endpoints(of: serving).contains { plan.node.hostAddresses.contains($0.address) }
        return isForHost ? "; preserved where the endpoint is the node itself, unless the node sends" : ""
    }

    private static func ranges(_ port: ServicePortPlan, _ plan: NodePlan) -> String? {
        guard !port.sourceRanges.isEmpty else { return nil }
        let list = port.sourceRanges.map(\.description).joined(separator: ", ")
        return "only for clients in \(list); others are dropped, "
            + (port.sourceRangesHoldNode
                ? "but not this node (\(plan.node.nodeIP)), which a range holds"
                : "this node (\(plan.node.nodeIP)) too")
    }
}

extension ExplainedSet {
    fileprivate init(_ set: IPSet, _ state: IPVSPlan, _ rules: [ExplainedIPVSRule]) {
        var owners: [String: [String]] = [:]
        for port in state.plan.servicePorts {
            for entry in state.setEntries(of: port).bySet[set] ?? [] {
                let text = entry.text
                // A Service may list the same address twice.
                if owners[text]?.last != port.label { owners[text, default: []].append(port.label) }
            }
        }
        self.set = set
        name = set.name(state.plan.settings.family)
        entries = owners.sorted { $0.key < $1.key }.map { (entry: $0.key, servicePorts: $0.value) }
        self.rules = rules.filter { $0.set == set }
    }
}

extension ExplainedIPVSChain {
    /// The chain of a table; nil: the table has none of that name.
    fileprivate init?(
        _ chain: String, in table: (name: String, chains: [KubeChain]), _ rules: [ExplainedIPVSRule]
    ) {
        let name = table.name
        guard table.chains.contains(where: { $0.name == chain }) else { return nil }
        self.table = name
        self.chain = chain
        purpose = IPVSRuleReasons.purpose(of: chain, in: name)
        let jumps = JumpRule.ipvsMode.filter { $0.table == name && $0.target.name == chain }
        callers =
            jumps.map { "-A \($0.text)" }
            + rules.filter { $0.table == name && $0.target == chain }.map(\.text)
        self.rules = rules.filter { $0.table == name && $0.chain == chain }
    }
}
