internal import NetAddress

// Up to 1.30 kube-proxy writes addresses as their objects spell them: endpoints' up to 1.30, others up to 1.29.

extension RuleComposer {
    /// An address or range of a Service port, by its index.
    enum SpelledAddress {
        case externalIP(Int)
        case loadBalancerIP(Int)
        case sourceRange(Int)
    }

    /// How an address of a Service port is written.
    func spelling(_ address: SpelledAddress, _ port: ServicePortPlan) -> ComposedRule.Spelling {
        guard iptables.writesSpellings, port.texts != nil else { return .canonical }
        // The order of the texts below.
        switch address {
        case .externalIP(let index): return .text(1 + index)
        case .loadBalancerIP(let index): return .text(1 + port.externalIPs.count + index)
        case .sourceRange(let index): return .text(1 + port.externalIPs.count + port.loadBalancerIPs.count + index)
        }
    }

    /// Gives a subject the texts that its rules refer to: that of the pods' CIDR, and the Service port's.
    @inline(never)
    func addTexts(of port: ServicePortPlan, to subject: inout RuleSubject) {
        var texts = [plan.node.localTrafficText ?? ""]
        if let own = port.texts { texts += own.externalIPs + own.loadBalancerIPs + own.sourceRanges }
        subject.spelled = SpelledTexts(texts, plan.servicePorts.addressTexts)
    }

    /// The match of local pods' traffic.
    func match(_ local: NodeFacts.LocalTraffic, isNegated: Bool) -> ComposedRule.SourceMatch {
        switch local {
        case .source(let prefix):
            let isSpelled = iptables.writesSpellings && plan.node.localTrafficText != nil
            let spelling = isSpelled ? ComposedRule.Spelling.text(0) : .canonical
            return .address(.range(prefix, isNegated: isNegated, spelling))
        case .interface(let name): return .interface(name, isNegated: isNegated)
        }
    }
}
