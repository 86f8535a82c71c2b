internal import Iptables
internal import NetAddress

/// The rules of the nat table that are about one Service port.
extension RuleComposer {
    /// The rules of the shared chains, which lead to the Service port's own.
    func addFrontendRules(
        of port: ServicePortPlan, _ subject: RuleSubject, to sink: inout some RuleSink & ~Copyable
    ) {
        if port.acceptsInternal { sink.add(clusterIPRule(of: port), subject) }
        guard port.hasAnyEndpoint else { return }
        addExternalIPRules(of: port, subject, to: &sink)
        for index in port.loadBalancerIPs.indices { sink.add(loadBalancerRule(of: port, index), subject) }
        addNodePortRule(of: port, subject, to: &sink)
    }

    func clusterIPRule(of port: ServicePortPlan) -> ComposedRule {
        frontendRule(
            port, .aboutName("", " cluster IP"), .single(port.clusterIP), iptables.chains(of: port).internalTraffic,
            .clusterIP)
    }

    func addExternalIPRules(
        of port: ServicePortPlan, _ subject: RuleSubject, to sink: inout some RuleSink & ~Copyable
    ) {
        let chain = iptables.chains(of: port).external
        for (index, address) in port.externalIPs.enumerated() {
            let match = ComposedRule.AddressMatch.single(address, spelling(.externalIP(index), port))
            sink.add(frontendRule(port, .aboutName("", " external IP"), match, chain, .externalIP), subject)
        }
    }

    /// - Parameter index: that of the address.
    func loadBalancerRule(of port: ServicePortPlan, _ index: Int) -> ComposedRule {
        let match = ComposedRule.AddressMatch.single(
            port.loadBalancerIPs[index], spelling(.loadBalancerIP(index), port))
        let chain = iptables.chains(of: port).loadBalancer
        return frontendRule(port, .aboutName("", " loadbalancer IP"), match, chain, .loadBalancerIP)
    }

    func addNodePortRule(
        of port: ServicePortPlan, _ subject: RuleSubject, to sink: inout some RuleSink & ~Copyable
    ) {
        guard port.nodePort > 0, plan.node.hasNodePortRules else { return }
        let target = ComposedRule.Target.jump(iptables.chains(of: port).external)
        var rule = ComposedRule(ChainName(.nodePorts), .name, to: target, for: .nodePort)
        rule.transport = port.name.transport
        rule.destinationPort = port.nodePort
        if plan.node.hasLocalhostNodePorts, plan.countsPackets {
            var counted = rule
            counted.destination = .range(IPPrefix(.loopback(.ipv4), length: 8))
            counted.accounting = "localhost_nps_accepted_pkts"
            counted.purpose = .countLoopback
            sink.add(counted, subject)
        }
        sink.add(rule, subject)
    }

    private func frontendRule(
        _ port: ServicePortPlan, _ comment: ComposedRule.Comment, _ address: ComposedRule.AddressMatch,
        _ chain: ChainName, _ purpose: RulePurpose
    ) -> ComposedRule {
        var rule = ComposedRule(ChainName(.services), comment, to: .jump(chain), for: purpose)
        rule.transport = port.name.transport
        rule.destination = address
        rule.destinationPort = port.port
        return rule
    }

    /// The rules of the Service port's own chains.
    func addChainRules(
        of port: ServicePortPlan, _ subject: inout RuleSubject, to sink: inout some RuleSink & ~Copyable
    ) {
        if port.acceptsInternal, let rule = clusterIPMasquerade(of: port) { sink.add(rule, subject) }
        if port.usesExternalChain { addExternalChain(of: port, subject, to: &sink) }
        if port.usesSourceRangesChain { addSourceRangesChain(of: port, subject, to: &sink) }
        if port.clusterCount > 0 { addBalancing(of: port, .cluster, &subject, to: &sink) }
        if port.localCount > 0 { addBalancing(of: port, .local, &subject, to: &sink) }
        for endpoint in port.endpoints {
            guard let chain = iptables.chain(of: endpoint) else { continue }
            subject.endpoint = RuleSubject.Endpoint(endpoint)
            addEndpointChain(chain, endpoint, port, subject, to: &sink)
        }
    }

    /// Traffic to the cluster IP that is not from a local pod is masqueraded, so that replies come back through this
    /// node.
    func clusterIPMasquerade(of port: ServicePortPlan) -> ComposedRule? {
        var rule = ComposedRule(
            iptables.chains(of: port).internalTraffic, .aboutName("", " cluster IP"),
            to: .jump(ChainName(.markMasquerade)),
            for: .markClusterIP)
        rule.transport = port.name.transport
        rule.destination = .single(port.clusterIP)
        rule.destinationPort = port.port
        if plan.settings.masqueradeAll { return rule }
        guard let local = plan.node.localTraffic else { return nil }
        rule.source = match(local, isNegated: true)
        return rule
    }

    func addExternalChain(
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
                rule.source = match(local, isNegated: false)
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
        if port.acceptsExternal || !dropsInFilter {
            sink.add(ComposedRule(chain, to: .jump(chains.externalPolicy), for: .externalPolicy), subject)
        }
    }

    func addSourceRangesChain(
        of port: ServicePortPlan, _ subject: RuleSubject, to sink: inout some RuleSink & ~Copyable
    ) {
        let chain = iptables.chains(of: port).sourceRanges
        addAllowedSources(of: port, subject, to: &sink)
        if port.sourceRangesHoldNode {
            for index in port.loadBalancerIPs.indices { sink.add(ownAddressAllowance(of: port, index), subject) }
        }
        guard plan.behaviors.contains(.rangesEndWithComment) else { return }
        sink.add(
            ComposedRule(
                chain, .aboutName("other traffic to ", " will be dropped by KUBE-PROXY-FIREWALL"), for: .endOfRanges),
            subject)
    }

    /// The rules that let the source ranges in.
    func addAllowedSources(
        of port: ServicePortPlan, _ subject: RuleSubject, to sink: inout some RuleSink & ~Copyable
    ) {
        let chains = iptables.chains(of: port)
        var rule = ComposedRule(
            chains.sourceRanges, .aboutName("", " loadbalancer IP"), to: .jump(chains.external), for: .allowRange)
        for (index, range) in port.sourceRanges.enumerated() {
            rule.source = .address(.range(range, spelling(.sourceRange(index), port)))
            sink.add(rule, subject)
        }
    }

    /// The rule that lets the node in, which has a load balancer's address as its source.
    func ownAddressAllowance(of port: ServicePortPlan, _ index: Int) -> ComposedRule {
        let chains = iptables.chains(of: port)
        var rule = ComposedRule(
            chains.sourceRanges, .aboutName("", " loadbalancer IP"), to: .jump(chains.external), for: .allowOwnAddress)
        rule.source = .address(.single(port.loadBalancerIPs[index], spelling(.loadBalancerIP(index), port)))
        return rule
    }

    /// Shares a policy chain's traffic between endpoints: each takes one in as many as are left.
    func addBalancing(
        of port: ServicePortPlan, _ policy: EndpointPolicy, _ subject: inout RuleSubject,
        to sink: inout some RuleSink & ~Copyable
    ) {
        let chains = iptables.chains(of: port)
        let chain = policy == .local ? chains.localPolicy : chains.clusterPolicy
        var rule = ComposedRule(chain, plan.isLargeCluster ? .none : .endpoint, for: .affinity)
        if let seconds = port.affinitySeconds {
            for endpoint in port.endpoints where endpoint.use(by: policy).isUsed {
                guard let target = iptables.chain(of: endpoint) else { continue }
                subject.endpoint = RuleSubject.Endpoint(endpoint)
                rule.recent = .check(target, seconds: seconds)
                rule.target = .jump(target)
                sink.add(rule, subject)
            }
            rule.recent = nil
        }
        rule.purpose = .share
        var left = port.count(of: policy)
        for endpoint in port.endpoints where endpoint.use(by: policy).isUsed {
            guard let target = iptables.chain(of: endpoint) else { continue }
            subject.endpoint = RuleSubject.Endpoint(endpoint)
            rule.oneIn = left > 1 ? left : nil
            rule.target = .jump(target)
            sink.add(rule, subject)
            left -= 1
        }
    }

    func addEndpointChain(
        _ chain: ChainName, _ endpoint: PlannedEndpoint, _ port: ServicePortPlan, _ subject: RuleSubject,
        to sink: inout some RuleSink & ~Copyable
    ) {
        let comment: ComposedRule.Comment = plan.isLargeCluster ? .none : .name
        var hairpin = ComposedRule(chain, comment, to: .jump(ChainName(.markMasquerade)), for: .markHairpin)
        hairpin.source = .address(.single(endpoint.address, hairpinSpelling))
        sink.add(hairpin, subject)
        var translation = ComposedRule(chain, comment, to: .endpoint, for: .translate)
        if port.affinitySeconds != nil { translation.recent = .set(chain) }
        translation.transport = port.name.transport
        sink.add(translation, subject)
    }
}
