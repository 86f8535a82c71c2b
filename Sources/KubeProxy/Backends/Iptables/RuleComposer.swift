internal import Iptables
internal import NetAddress

/// Composes the rules of a plan (kube-proxy 1.36: `syncProxyRules` of `pkg/proxy/iptables/proxier.go`). The only place
/// that knows which rules exist; the sinks decide how they are written.
struct RuleComposer {
    private let iptables: IptablesPlan
    private let plan: NodePlan
    private let family: AddressFamily

    init(_ iptables: IptablesPlan) {
        self.iptables = iptables
        plan = iptables.plan
        family = plan.settings.family
    }

    // MARK: Chains

    /// The chains of the filter table, in kube-proxy's order.
    var filterChains: [ChainName] {
        RuleComposer.fixedFilterChains.filter { $0.kind != .firewall || plan.node.hasLocalhostNodePorts }
    }

    private static let fixedFilterChains = KubeChainEntry.fixedChains(of: .iptablesMode, in: "filter").map {
        ChainName($0)
    }

    /// The chains of the nat table that are always there, which come first.
    static let fixedNATChains = KubeChainEntry.fixedChains(of: .iptablesMode, in: "nat").map { ChainName($0) }

    /// The chains of the nat table, in kube-proxy's order.
    @inline(__always)
    func eachNatChain(_ body: (ChainName) -> Void) {
        for chain in RuleComposer.fixedNATChains { body(chain) }
        for port in plan.servicePorts { iptables.eachChain(of: port, body) }
    }

    // MARK: The filter table

    func addFilterRules(to sink: inout some RuleSink & ~Copyable) {
        addLoopbackGuard(to: &sink)
        for port in plan.servicePorts { addFilterRules(of: port, to: &sink) }
        addForwardRules(to: &sink)
    }

    func addLoopbackGuard(to sink: inout some RuleSink & ~Copyable) {
        guard plan.node.hasLocalhostNodePorts else { return }
        let loopback = IPPrefix(.loopback(.ipv4), length: 8)
        var rule = ComposedRule(
            ChainName(.firewall), .text("block incoming localnet connections"), to: .drop, for: .guardLoopback)
        rule.destination = .range(loopback)
        rule.source = .address(.range(loopback, isNegated: true))
        rule.conntrackState = .neitherKnownNorTranslated
        sink.add(rule, RuleSubject(family))
    }

    func addFilterRules(of port: ServicePortPlan, to sink: inout some RuleSink & ~Copyable) {
        let subject = RuleSubject(family, port)
        let refusal: ComposedRule.Target = port.hasAnyEndpoint ? .drop : .reject
        let reason: ComposedRule.Comment =
            port.hasAnyEndpoint ? .aboutName("", " has no local endpoints") : .aboutName("", " has no endpoints")
        func refuse(
            _ chain: ChainName.Kind, _ destination: IPAddress?, _ number: UInt16, _ purpose: RulePurpose
        ) -> ComposedRule {
            var rule = ComposedRule(ChainName(chain), reason, to: refusal, for: purpose)
            rule.transport = port.name.transport
            rule.destination = destination.map { .single($0) }
            rule.destinationPort = number
            return rule
        }

        if !port.acceptsInternal {
            sink.add(refuse(.services, port.clusterIP, port.port, .refuseClusterIP), subject)
        }
        if !port.acceptsExternal {
            for address in port.externalIPs {
                sink.add(refuse(.externalServices, address, port.port, .refuseExternalIP), subject)
            }
        }
        if port.usesSourceRangesChain {
            for address in port.loadBalancerIPs {
                var rule = refuse(.proxyFirewall, address, port.port, .dropOutsideRanges)
                rule.comment = .notAccepted(by: iptables.chains(of: port).sourceRanges)
                rule.target = .drop
                sink.add(rule, subject)
            }
        }
        if !port.acceptsExternal {
            for address in port.loadBalancerIPs {
                sink.add(refuse(.externalServices, address, port.port, .refuseLoadBalancerIP), subject)
            }
            if port.nodePort > 0 {
                var rule = refuse(.externalServices, nil, port.nodePort, .refuseNodePort)
                rule.addressType = .localDestination
                sink.add(rule, subject)
            }
        }
        if port.healthCheckNodePort > 0 {
            var rule = ComposedRule(
                ChainName(.nodePorts), .aboutName("", " health check node port"), to: .accept, for: .healthCheck)
            rule.transport = .tcp
            rule.destinationPort = port.healthCheckNodePort
            sink.add(rule, subject)
        }
    }

    func addForwardRules(to sink: inout some RuleSink & ~Copyable) {
        let subject = RuleSubject(family)
        let fixed = FixedRules(plan)
        if let rule = fixed.dropInvalid { sink.add(rule, subject) }
        for rule in fixed.forward { sink.add(rule, subject) }
    }

    // MARK: The nat table

    func addNatRules(to sink: inout some RuleSink & ~Copyable) {
        addMasqueradeRules(to: &sink)
        for port in plan.servicePorts { addNatRules(of: port, to: &sink) }
        addNodePortTail(to: &sink)
    }

    func addNatRules(of port: ServicePortPlan, to sink: inout some RuleSink & ~Copyable) {
        var subject = RuleSubject(family, port)
        addEntranceRules(of: port, subject, to: &sink)
        addChainRules(of: port, &subject, to: &sink)
    }

    func addMasqueradeRules(to sink: inout some RuleSink & ~Copyable) {
        let subject = RuleSubject(family)
        let fixed = FixedRules(plan)
        for rule in fixed.postrouting + fixed.markMasquerade { sink.add(rule, subject) }
    }

    /// The rules of the shared chains, which lead to the Service port's own.
    private func addEntranceRules(
        of port: ServicePortPlan, _ subject: RuleSubject, to sink: inout some RuleSink & ~Copyable
    ) {
        func entrance(
            _ comment: ComposedRule.Comment, _ address: IPAddress, _ chain: ChainName, _ purpose: RulePurpose
        ) -> ComposedRule {
            var rule = ComposedRule(ChainName(.services), comment, to: .jump(chain), for: purpose)
            rule.transport = port.name.transport
            rule.destination = .single(address)
            rule.destinationPort = port.port
            return rule
        }
        let chains = iptables.chains(of: port)
        if port.acceptsInternal {
            sink.add(
                entrance(.aboutName("", " cluster IP"), port.clusterIP, chains.internalTraffic, .clusterIP), subject)
        }
        guard port.hasAnyEndpoint else { return }
        for address in port.externalIPs {
            sink.add(entrance(.aboutName("", " external IP"), address, chains.external, .externalIP), subject)
        }
        for address in port.loadBalancerIPs {
            sink.add(
                entrance(.aboutName("", " loadbalancer IP"), address, chains.loadBalancer, .loadBalancerIP), subject)
        }
        guard port.nodePort > 0 else { return }
        var rule = ComposedRule(ChainName(.nodePorts), .name, to: .jump(chains.external), for: .nodePort)
        rule.transport = port.name.transport
        rule.destinationPort = port.nodePort
        if plan.node.hasLocalhostNodePorts, plan.settings.hasAccountingCounters {
            var counted = rule
            counted.destination = .range(IPPrefix(.loopback(.ipv4), length: 8))
            counted.accounting = "localhost_nps_accepted_pkts"
            counted.purpose = .countLoopback
            sink.add(counted, subject)
        }
        sink.add(rule, subject)
    }

    /// The rules of the Service port's own chains.
    private func addChainRules(
        of port: ServicePortPlan, _ subject: inout RuleSubject, to sink: inout some RuleSink & ~Copyable
    ) {
        let chains = iptables.chains(of: port)
        if port.acceptsInternal, let rule = clusterIPMasquerade(of: port) { sink.add(rule, subject) }
        if port.usesExternalChain { addExternalChain(of: port, subject, to: &sink) }
        if port.usesSourceRangesChain { addSourceRangesChain(of: port, subject, to: &sink) }
        if port.clusterCount > 0 {
            addBalancing(of: port, chains.clusterPolicy, \.clusterUse, port.clusterCount, &subject, to: &sink)
        }
        if port.localCount > 0 {
            addBalancing(of: port, chains.localPolicy, \.localUse, port.localCount, &subject, to: &sink)
        }
        for endpoint in port.endpoints {
            guard let chain = iptables.chain(of: endpoint) else { continue }
            subject.endpoint = RuleSubject.Endpoint(endpoint)
            addEndpointChain(chain, endpoint, port, subject, to: &sink)
        }
    }

    /// Traffic to the cluster IP that is not from a local pod is masqueraded, so that replies come back through this
    /// node.
    private func clusterIPMasquerade(of port: ServicePortPlan) -> ComposedRule? {
        var rule = ComposedRule(
            iptables.chains(of: port).internalTraffic, .aboutName("", " cluster IP"),
            to: .jump(ChainName(.markMasquerade)),
            for: .markClusterIP)
        rule.transport = port.name.transport
        rule.destination = .single(port.clusterIP)
        rule.destinationPort = port.port
        if plan.settings.masqueradeAll { return rule }
        guard let local = plan.node.localTraffic else { return nil }
        rule.source = local.match(isNegated: true)
        return rule
    }

    private func addExternalChain(
        of port: ServicePortPlan, _ subject: RuleSubject, to sink: inout some RuleSink & ~Copyable
    ) {
        let chains = iptables.chains(of: port)
        let chain = chains.external
        let masquerade = ComposedRule.Target.jump(ChainName(.markMasquerade))
        if !port.externalPolicyIsLocal {
            sink.add(
                ComposedRule(
                    chain, .aboutName("masquerade traffic for ", " external destinations"), to: masquerade,
                    for: .markExternal),
                subject)
        } else {
            // Traffic of pods and of the node itself may use all endpoints: it is not external.
            let cluster = ComposedRule.Target.jump(chains.clusterPolicy)
            if let local = plan.node.localTraffic {
                var rule = ComposedRule(
                    chain, .aboutName("pod traffic for ", " external destinations"), to: cluster, for: .podsUseCluster)
                rule.source = local.match(isNegated: false)
                sink.add(rule, subject)
            }
            var marking = ComposedRule(
                chain, .aboutName("masquerade LOCAL traffic for ", " external destinations"), to: masquerade,
                for: .markNode)
            marking.addressType = .localSource
            sink.add(marking, subject)
            var routing = ComposedRule(
                chain, .aboutName("route LOCAL traffic for ", " external destinations"), to: cluster,
                for: .nodeUsesCluster)
            routing.addressType = .localSource
            sink.add(routing, subject)
        }
        if port.acceptsExternal {
            sink.add(ComposedRule(chain, to: .jump(chains.externalPolicy), for: .externalPolicy), subject)
        }
    }

    private func addSourceRangesChain(
        of port: ServicePortPlan, _ subject: RuleSubject, to sink: inout some RuleSink & ~Copyable
    ) {
        let chains = iptables.chains(of: port)
        let chain = chains.sourceRanges
        var allowing = ComposedRule(
            chain, .aboutName("", " loadbalancer IP"), to: .jump(chains.external), for: .allowRange)
        for range in port.sourceRanges {
            allowing.source = .address(.range(range))
            sink.add(allowing, subject)
        }
        if port.sourceRangesHoldNode {
            allowing.purpose = .allowOwnAddress
            for address in port.loadBalancerIPs {
                allowing.source = .address(.single(address))
                sink.add(allowing, subject)
            }
        }
        sink.add(
            ComposedRule(
                chain, .aboutName("other traffic to ", " will be dropped by KUBE-PROXY-FIREWALL"), for: .endOfRanges),
            subject)
    }

    /// Shares a policy chain's traffic between endpoints: each takes one in as many as are left.
    private func addBalancing(
        of port: ServicePortPlan, _ chain: ChainName, _ use: KeyPath<PlannedEndpoint, EndpointUse>, _ count: Int,
        _ subject: inout RuleSubject, to sink: inout some RuleSink & ~Copyable
    ) {
        var rule = ComposedRule(chain, plan.isLargeCluster ? .none : .endpoint, for: .affinity)
        if let seconds = port.affinitySeconds {
            for endpoint in port.endpoints where endpoint[keyPath: use].isUsed {
                guard let target = iptables.chain(of: endpoint) else { continue }
                subject.endpoint = RuleSubject.Endpoint(endpoint)
                rule.recent = .check(target, seconds: seconds)
                rule.target = .jump(target)
                sink.add(rule, subject)
            }
            rule.recent = nil
        }
        rule.purpose = .share
        var left = count
        for endpoint in port.endpoints where endpoint[keyPath: use].isUsed {
            guard let target = iptables.chain(of: endpoint) else { continue }
            subject.endpoint = RuleSubject.Endpoint(endpoint)
            rule.oneIn = left > 1 ? left : nil
            rule.target = .jump(target)
            sink.add(rule, subject)
            left -= 1
        }
    }

    private func addEndpointChain(
        _ chain: ChainName, _ endpoint: PlannedEndpoint, _ port: ServicePortPlan, _ subject: RuleSubject,
        to sink: inout some RuleSink & ~Copyable
    ) {
        let comment: ComposedRule.Comment = plan.isLargeCluster ? .none : .name
        var hairpin = ComposedRule(chain, comment, to: .jump(ChainName(.markMasquerade)), for: .markHairpin)
        hairpin.source = .address(.single(endpoint.address))
        sink.add(hairpin, subject)
        var translation = ComposedRule(chain, comment, to: .endpoint, for: .translate)
        if port.affinitySeconds != nil { translation.recent = .set(chain) }
        translation.transport = port.name.transport
        sink.add(translation, subject)
    }

    /// The last rules: traffic to the node's own addresses may be for a node port.
    func addNodePortTail(to sink: inout some RuleSink & ~Copyable) {
        let subject = RuleSubject(family)
        var rule = ComposedRule(
            ChainName(.services),
            .text("kubernetes service nodeports; NOTE: this must be the last rule in this chain"),
            to: .jump(ChainName(.nodePorts)), for: .nodePortTail)
        switch plan.node.nodePorts {
        case .allAddresses:
            rule.addressType = .localDestination
            if family == .ipv6 {
                rule.destination = .range(IPPrefix(single: .loopback(.ipv6)), isNegated: true)
            } else if !plan.node.hasLocalhostNodePorts {
                rule.destination = .range(IPPrefix(.loopback(.ipv4), length: 8), isNegated: true)
            }
            sink.add(rule, subject)
        case .addresses(let addresses):
            for address in addresses {
                rule.destination = .single(address)
                sink.add(rule, subject)
            }
        }
    }
}

extension NodeFacts.LocalTraffic {
    fileprivate func match(isNegated: Bool) -> ComposedRule.SourceMatch {
        switch self {
        case .source(let prefix): .address(.range(prefix, isNegated: isNegated))
        case .interface(let name): .interface(name, isNegated: isNegated)
        }
    }
}
