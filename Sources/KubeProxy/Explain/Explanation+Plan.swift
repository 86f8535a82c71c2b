internal import Iptables
internal import KubeObjects
internal import NetAddress

extension Explanation {
    /// Explains a target of a plan.
    ///
    /// - Throws: ``ExplainTargetError`` if there is no such target.
    public init(_ target: ExplainTarget, _ iptables: IptablesPlan) throws(ExplainTargetError) {
        let plan = iptables.plan
        let snapshot = plan.snapshot
        let match = try TargetSearch(plan: plan, chains: ChainSearch(iptables)).find(target)
        var services: [ServiceExplanation] = []
        let slices = snapshot.sliceIndices(of: match.ports.map { plan.servicePorts[$0].serviceIndex })
        var reasons = EndpointReasonsByService(iptables, slices)
        for index in match.ports {
            let port = plan.servicePorts[index]
            services.append(ServiceExplanation(port, iptables, reasons.reasons(for: port), match.endpoint))
        }
        for index in match.absentServices {
            services += ServiceExplanation.absent(snapshot.services[index], index, plan)
        }
        let shared = RuleCollector.sharedRules(iptables)
        node = plan.node
        version = plan.version
        family = plan.settings.family
        remarks = match.remarks
        self.services = services
        sharedRules = match.ports.isEmpty ? [] : shared.before + shared.after
        sharedChain = match.sharedChain.map { SharedChainExplanation.tables(of: $0, iptables) } ?? []
    }
}

extension Explanation {
    /// Explains all Service ports of a plan, with the Services that have no rules; without the rules that all share.
    public init(all iptables: IptablesPlan) {
        let plan = iptables.plan
        var reasons = EndpointReasonsByService(
            iptables, plan.snapshot.sliceIndices(of: Array(plan.snapshot.services.indices)))
        node = plan.node
        version = plan.version
        family = plan.settings.family
        remarks = []
        services = plan.explainingAll { port in
            ServiceExplanation(port, iptables, reasons.reasons(for: port), nil)
        } absent: {
            $0
        }
        sharedRules = []
        sharedChain = []
    }
}

extension NodePlan {
    /// The explanations of all Service ports and of the Services without rules, by Service and port.
    func explainingAll<Service>(
        _ explain: (ServicePortPlan) -> Service, absent: (ServiceExplanation) -> Service
    ) -> [Service] {
        var services = servicePorts.map { (index: $0.serviceIndex, explanation: explain($0)) }
        for skipped in skippedServices {
            let service = snapshot.services[skipped.serviceIndex]
            for explanation in ServiceExplanation.absent(service, skipped.serviceIndex, self, skipped) {
                services.append((skipped.serviceIndex, absent(explanation)))
            }
        }
        // The Services of a snapshot are sorted by name, and so are the ports of each.
        return services.indices.sorted { (services[$0].index, $0) < (services[$1].index, $1) }.map {
            services[$0].explanation
        }
    }
}

extension ServiceExplanation {
    fileprivate init(
        _ port: ServicePortPlan, _ iptables: IptablesPlan, _ reasons: EndpointReasons,
        _ target: (address: IPAddress, port: UInt16?)?
    ) {
        let plan = iptables.plan
        service = plan.snapshot.services[port.serviceIndex]
        servicePort = port.name.description
        transport = port.name.transport
        self.plan = port
        chains = iptables.chains(of: port)
        absence = nil
        settings = SettingReasons(iptables, service, port, hasHints: reasons.hasHints(port)).sentences
        rules = RuleCollector.rules(of: port, iptables)
        entries = TrafficWalk.entries(port, iptables, rules)
        (endpoints, otherEndpoints) = reasons.endpoints(of: port, target)
        unread = reasons.unread
    }

    /// The ports of a Service that has no rules.
    static func absent(
        _ service: Service, _ index: Int, _ plan: NodePlan, _ known: ClusterPlan.SkippedService? = nil
    ) -> [ServiceExplanation] {
        let skipped = known ?? plan.skippedServices.first { $0.serviceIndex == index }
        let reason = skipped?.reason.sentence(service, plan.settings.family) ?? "the Service has no ports"
        func explanation(_ port: ServicePort?) -> ServiceExplanation {
            let name = port?.name.map { ":\($0)" } ?? ""
            return ServiceExplanation(
                service: service, servicePort: service.qualifiedName + name, transport: port?.transport, plan: nil,
                absence: reason)
        }
        return service.ports.isEmpty ? [explanation(nil)] : service.ports.map { explanation($0) }
    }

    private init(
        service: Service, servicePort: String, transport: TransportProtocol?, plan: ServicePortPlan?, absence: String?
    ) {
        self.service = service
        self.servicePort = servicePort
        self.transport = transport
        self.plan = plan
        chains = nil
        self.absence = absence
    }
}

extension SharedChainExplanation {
    /// A shared chain in each table that has it.
    fileprivate static func tables(of chain: ChainName, _ plan: IptablesPlan) -> [SharedChainExplanation] {
        let shared = RuleCollector.sharedRules(plan, chain: chain.kind)
        var rules = shared.before
        for port in plan.plan.servicePorts { rules += RuleCollector.rules(of: port, plan, chain: chain.kind) }
        rules += shared.after
        return ["filter", "nat"].compactMap { table in
            guard let purpose = purpose(chain.kind, isNat: table == "nat") else { return nil }
            let jumps = JumpRule.iptablesMode.filter { $0.table == table && $0.target == chain.kind }
            return SharedChainExplanation(
                table: table, chain: chain, purpose: purpose, callers: jumps.map { $0.rule.saved(in: $0.chain) },
                rules: rules.filter { $0.table == table })
        }
    }

    /// What a chain is for in a table; nil: the table has no such chain.
    private static func purpose(_ kind: ChainName.Kind, isNat: Bool) -> String? {
        switch (kind, isNat) {
        case (.services, true): "finds the Service port that a packet is for"
        case (.services, false): "refuses traffic to cluster IPs without endpoints"
        case (.nodePorts, true): "finds the Service port that a node port belongs to"
        case (.nodePorts, false): "lets load balancers' health checks in"
        case (.postrouting, true): "rewrites the source of what is marked for it"
        case (.markMasquerade, true): "marks packets for KUBE-POSTROUTING; chains of Services jump here"
        case (.externalServices, false):
            "refuses what is sent to outside addresses and node ports that no endpoint serves"
        case (.forward, false): "lets Services' traffic be forwarded, and drops what fits no connection"
        case (.proxyFirewall, false): "drops what load balancers' source ranges did not let in"
        case (.firewall, false): "guards 127.0.0.0/8 while node ports answer on 127.0.0.1"
        default: nil
        }
    }
}

extension ClusterSnapshot {
    /// The positions of the slices of some Services, by the Services' positions.
    func sliceIndices(of services: [Int]) -> [Int: [Int]] {
        struct Key: Hashable {
            let namespace: DNSLabel
            let name: DNSLabel
        }
        var positions: [Key: Int] = [:]
        for index in services {
            positions[Key(namespace: self.services[index].namespace, name: self.services[index].name)] = index
        }
        var result: [Int: [Int]] = [:]
        for (index, slice) in endpointSlices.enumerated() {
            guard let name = slice.serviceName, let service = positions[Key(namespace: slice.namespace, name: name)]
            else { continue }
            result[service, default: []].append(index)
        }
        return result
    }
}
