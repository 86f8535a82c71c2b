internal import NetAddress

/// A Service port's rules of the nat table in 1.24, in their own order. What is not served is marked there, and dropped
/// by a rule of kubelet's (kube-proxy 1.24: `syncProxyRules` of `pkg/proxy/iptables/proxier.go`).
extension RuleComposer {
    func addOldestNatRules(
        of port: ServicePortPlan, _ subject: inout RuleSubject, to sink: inout some RuleSink & ~Copyable
    ) {
        let chains = iptables.chains(of: port)
        for endpoint in port.endpoints {
            guard let chain = iptables.chain(of: endpoint) else { continue }
            subject.endpoint = RuleSubject.Endpoint(endpoint)
            addEndpointChain(chain, endpoint, port, subject, to: &sink)
        }
        guard port.hasAnyEndpoint else { return }
        if port.usesExternalChain { addExternalChain(of: port, subject, to: &sink) }
        if let rule = clusterIPMasquerade(of: port) { sink.add(rule, subject) }
        sink.add(clusterIPRule(of: port), subject)
        addExternalIPRules(of: port, subject, to: &sink)
        for index in port.loadBalancerIPs.indices {
            sink.add(loadBalancerRule(of: port, index), subject)
            // The whole chain of source ranges is written again for each address.
            if port.usesSourceRangesChain { addOldestSourceRanges(of: port, index, subject, to: &sink) }
        }
        addNodePortRule(of: port, subject, to: &sink)
        if port.clusterCount > 0 { addBalancing(of: port, .cluster, &subject, to: &sink) }
        guard port.usesLocalPolicy else { return }
        if port.localCount > 0 {
            addBalancing(of: port, .local, &subject, to: &sink)
        } else {
            sink.add(
                ComposedRule(
                    chains.localPolicy, .aboutName("", " has no local endpoints"), to: .jump(ChainName(.markDrop)),
                    for: .markWithoutLocal),
                subject)
        }
    }

    private func addOldestSourceRanges(
        of port: ServicePortPlan, _ index: Int, _ subject: RuleSubject, to sink: inout some RuleSink & ~Copyable
    ) {
        addAllowedSources(of: port, subject, to: &sink)
        if port.sourceRangesHoldNode { sink.add(ownAddressAllowance(of: port, index), subject) }
        sink.add(
            ComposedRule(
                iptables.chains(of: port).sourceRanges, .aboutName("", " loadbalancer IP"),
                to: .jump(ChainName(.markDrop)), for: .markOutsideRanges),
            subject)
    }
}
