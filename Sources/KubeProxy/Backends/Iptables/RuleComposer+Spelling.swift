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

    /// How the address in the rule for a pod that reaches itself is written.
    var hairpinSpelling: ComposedRule.Spelling {
        plan.behaviors.contains(.hairpinSourceAsGiven) ? .endpoint : .canonical
    }

    /// Gives a subject the texts that its rules refer to: that of the pods' CIDR, and the Service port's.
    func addTexts(of port: ServicePortPlan, to subject: inout RuleSubject) {
        subject.addressTexts = plan.servicePorts.addressTexts
        subject.texts = [plan.node.localTrafficText ?? ""]
        if let texts = port.texts {
            subject.texts += texts.externalIPs + texts.loadBalancerIPs + texts.sourceRanges
        }
    }

    /// The match of local pods' traffic.
    func match(_ local: NodeFacts.LocalTraffic, isNegated: Bool) -> ComposedRule.SourceMatch {
        switch local {
        case .source(let prefix):
            let spelling = plan.node.localTrafficText == nil ? ComposedRule.Spelling.canonical : .text(0)
            return .address(.range(prefix, isNegated: isNegated, spelling))
        case .interface(let name): return .interface(name, isNegated: isNegated)
        }
    }
}
