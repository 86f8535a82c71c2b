internal import Iptables
internal import NetAddress

/// Composes the rules of a plan (kube-proxy 1.36: `syncProxyRules` of `pkg/proxy/iptables/proxier.go`). The only place
/// that knows which rules exist; the sinks decide how they are written.
struct RuleComposer {
    let iptables: IptablesPlan
    let plan: NodePlan
    /// Whether what is not served is dropped in the filter table: since 1.25.
    let dropsInFilter: Bool
    /// How the address in the rule for a pod that reaches itself is written.
    let hairpinSpelling: ComposedRule.Spelling
    private let family: AddressFamily

    init(_ iptables: IptablesPlan) {
        self.iptables = iptables
        plan = iptables.plan
        family = plan.settings.family
        dropsInFilter = plan.behaviors.contains(.dropsInFilterTable)
        hairpinSpelling = plan.behaviors.contains(.hairpinSourceAsGiven) ? .endpoint : .canonical
    }

    /// The subject of the rules of a Service port.
    func subject(_ port: ServicePortPlan) -> RuleSubject {
        var subject = RuleSubject(family, port)
        if iptables.writesSpellings { addTexts(of: port, to: &subject) }
        return subject
    }

    // MARK: Chains

    /// The chains of the filter table, in kube-proxy's order.
    var filterChains: [ChainName] {
        RuleComposer.fixedFilterChains.filter { chain in
            switch chain.kind {
            case .proxyFirewall: dropsInFilter
            case .firewall: plan.node.hasLocalhostNodePorts
            default: true
            }
        }
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
        sink.add(FixedRules.loopbackGuard, RuleSubject(family))
    }

    func addFilterRules(of port: ServicePortPlan, to sink: inout some RuleSink & ~Copyable) {
        let subject = subject(port)
        // In 1.24 what has endpoints elsewhere is dropped in the nat table.
        let refusesInternal = dropsInFilter ? !port.acceptsInternal : !port.hasAnyEndpoint
        let refusesExternal = dropsInFilter ? !port.acceptsExternal : !port.hasAnyEndpoint
        let refusal: ComposedRule.Target = port.hasAnyEndpoint ? .drop : .reject
        let reason: ComposedRule.Comment =
            port.hasAnyEndpoint ? .aboutName("", " has no local endpoints") : .aboutName("", " has no endpoints")
        func refuse(
            _ chain: ChainName.Kind, _ destination: ComposedRule.AddressMatch?, _ number: UInt16, _ purpose: RulePurpose
        ) -> ComposedRule {
            var rule = ComposedRule(ChainName(chain), reason, to: refusal, for: purpose)
            rule.transport = port.name.transport
            rule.destination = destination
            rule.destinationPort = number
            return rule
        }

        if refusesInternal {
            sink.add(refuse(.services, .single(port.clusterIP), port.port, .refuseClusterIP), subject)
        }
        if refusesExternal {
            for (index, address) in port.externalIPs.enumerated() {
                let match = ComposedRule.AddressMatch.single(address, spelling(.externalIP(index), port))
                sink.add(refuse(.externalServices, match, port.port, .refuseExternalIP), subject)
            }
        }
        if dropsInFilter, port.usesSourceRangesChain {
            for (index, address) in port.loadBalancerIPs.enumerated() {
                let match = ComposedRule.AddressMatch.single(address, spelling(.loadBalancerIP(index), port))
                var rule = refuse(.proxyFirewall, match, port.port, .dropOutsideRanges)
                rule.comment = .notAccepted(by: iptables.chains(of: port).sourceRanges)
                rule.target = .drop
                sink.add(rule, subject)
            }
        }
        if refusesExternal {
            for (index, address) in port.loadBalancerIPs.enumerated() {
                let match = ComposedRule.AddressMatch.single(address, spelling(.loadBalancerIP(index), port))
                sink.add(refuse(.externalServices, match, port.port, .refuseLoadBalancerIP), subject)
            }
            if port.nodePort > 0, plan.node.hasNodePortRules {
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

    /// - Parameter unchanged: Service ports of which only the rules in shared chains are wanted.
    func addNatRules(to sink: inout some RuleSink & ~Copyable, leavingOut unchanged: UnchangedServices? = nil) {
        addMasqueradeRules(to: &sink)
        for port in plan.servicePorts {
            if dropsInFilter, unchanged?.contains(port.index) == true {
                addFrontendRules(of: port, subject(port), to: &sink)
            } else {
                addNatRules(of: port, to: &sink)
            }
        }
        addNodePortTail(to: &sink)
    }

    func addNatRules(of port: ServicePortPlan, to sink: inout some RuleSink & ~Copyable) {
        var subject = subject(port)
        guard dropsInFilter else { return addOldestNatRules(of: port, &subject, to: &sink) }
        addFrontendRules(of: port, subject, to: &sink)
        addChainRules(of: port, &subject, to: &sink)
    }

    func addMasqueradeRules(to sink: inout some RuleSink & ~Copyable) {
        let subject = RuleSubject(family)
        let fixed = FixedRules(plan)
        for rule in fixed.postrouting + fixed.markMasquerade { sink.add(rule, subject) }
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
            if !plan.node.loopbackTakesNodePorts {
                rule.destination = .range(.loopback(family), isNegated: true)
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
