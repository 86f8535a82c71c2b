internal import NetAddress

/// How the rules of a Service port take the first packet of a connection: which of them act on it, by their purposes.
struct IptablesRoute {
    /// The purposes of the nat table's rules that act.
    private(set) var purposes = RulePurposes()
    /// The purpose of the rule that marks the packet for masquerading.
    private(set) var marking: RulePurpose?
    /// Whose chain chooses an endpoint; nil: the destination stays.
    private(set) var policy: EndpointPolicy?
    /// Whether all chosen endpoints are the node itself, so that nothing is forwarded or leaves.
    private(set) var isForHost = false
    /// The hook and the purpose of the filter table's rule that ends the packet's way.
    private(set) var refusal: (hook: String, purpose: RulePurpose)?
    private(set) var outcome = TrafficOutcome.unchanged
    /// The purpose of the nat table's rule that marks the packet for kubelet's rule to drop, in 1.24.
    private var dropMark: RulePurpose?

    private let takesNodePorts: Bool
    private let dropsInFilter: Bool
    private let node: NodeFacts
    private let port: ServicePortPlan
    private let kind: Frontend.Kind
    private let sender: TrafficSender

    /// - Parameter takesNodePorts: whether the packet's destination does, if it is an address of the host.
    init(_ plan: NodePlan, _ sender: TrafficSender, to frontend: ServiceFrontend, takesNodePorts: Bool = true) {
        node = plan.node
        self.takesNodePorts = takesNodePorts
        dropsInFilter = plan.behaviors.contains(.dropsInFilterTable)
        port = frontend.servicePort
        kind = frontend.kind
        self.sender = sender
        enterServices(masqueradeAll: plan.settings.masqueradeAll)
        if let policy { deliver(policy) } else { refuse() }
    }

    // MARK: The nat table

    private mutating func enterServices(masqueradeAll: Bool) {
        switch kind {
        case .clusterIP:
            guard dropsInFilter ? port.acceptsInternal : port.hasAnyEndpoint else { return }
            purposes.insert(.clusterIP)
            if masqueradeAll || node.localTraffic != nil && !node.takesForPod(sender) { mark(.markClusterIP) }
            choose(port.internalPolicyIsLocal ? .local : .cluster)
        case .externalIP: if port.hasAnyEndpoint { enterExternal(.externalIP) }
        case .loadBalancerIP:
            guard port.hasAnyEndpoint else { return }
            purposes.insert(.loadBalancerIP)
            if port.usesSourceRangesChain, sender.isInSourceRanges != true {
                if !dropsInFilter { markForDrop(.markOutsideRanges) }
                return
            }
            enterExternal(port.usesSourceRangesChain ? .allowRange : .loadBalancerIP)
        case .nodePort:
            // Where no address takes node ports, nothing leads to their chain.
            if case .addresses(let addresses) = node.nodePorts, addresses.isEmpty { return }
            guard node.hasNodePortRules, takesNodePorts else { return }
            if port.hasAnyEndpoint { enterExternal(.nodePort) }
        }
    }

    /// Goes through the chain for traffic from outside, which the rule of a purpose leads to.
    private mutating func enterExternal(_ purpose: RulePurpose) {
        purposes.insert(purpose)
        if !port.externalPolicyIsLocal {
            mark(.markExternal)
            purposes.insert(.externalPolicy)
            choose(.cluster)
        } else if node.localTraffic != nil, node.takesForPod(sender) {
            purposes.insert(.podsUseCluster)
            choose(.cluster)
        } else if sender.origin == .node {
            mark(.markNode)
            purposes.insert(.nodeUsesCluster)
            choose(.cluster)
        } else if port.acceptsExternal || !dropsInFilter {
            purposes.insert(.externalPolicy)
            choose(.local)
        }
    }

    private mutating func mark(_ purpose: RulePurpose) {
        purposes.insert(purpose)
        marking = purpose
    }

    private mutating func markForDrop(_ purpose: RulePurpose) {
        purposes.insert(purpose)
        dropMark = purpose
    }

    private mutating func choose(_ policy: EndpointPolicy) {
        guard dropsInFilter || policy == .cluster || port.localCount > 0 else { return markForDrop(.markWithoutLocal) }
        if port.affinitySeconds != nil { purposes.insert(.affinity) }
        purposes.insert(.share)
        self.policy = policy
    }

    private mutating func deliver(_ policy: EndpointPolicy) {
        isForHost = port.isForHost(policy, from: sender, node)
        outcome = .endpoints(port.shares(of: policy), marking != nil && !isForHost ? .rewritten : .preserved)
    }

    // MARK: The filter table

    /// The filter table's hooks that an untranslated packet comes through.
    var filterHooks: [String] {
        switch (kind, sender.origin) {
        case (.nodePort, .node): ["OUTPUT", "INPUT"]
        case (.nodePort, _): ["INPUT"]
        case (_, .node): ["OUTPUT"]
        default: ["FORWARD"]
        }
    }

    private mutating func refuse() {
        if let dropMark {
            // kubelet's KUBE-FIREWALL drops what is marked, where it comes in or goes out; nothing does where it is forwarded.
            guard let hook = filterHooks.first(where: { $0 != "FORWARD" }) else { return }
            refusal = (hook, dropMark)
            outcome = .timesOut
            return
        }
        for hook in filterHooks {
            // Each jump is put at the top of its chain, so the last one comes first.
            for jump in JumpRule.iptablesMode.reversed() where jump.table == "filter" && jump.chain == hook {
                guard let purpose = refusal(in: jump.target) else { continue }
                refusal = (hook, purpose)
                outcome = purpose == .dropOutsideRanges || port.hasAnyEndpoint ? .timesOut : .refused
                return
            }
        }
    }

    /// The purpose of the frontend's rule in a chain of the filter table; nil: there is none.
    private func refusal(in chain: ChainName.Kind) -> RulePurpose? {
        switch (chain, kind) {
        case (.services, .clusterIP): refuses(port.acceptsInternal) ? .refuseClusterIP : nil
        case (.proxyFirewall, .loadBalancerIP):
            dropsInFilter && port.usesSourceRangesChain ? .dropOutsideRanges : nil
        case (.externalServices, .externalIP): refuses(port.acceptsExternal) ? .refuseExternalIP : nil
        case (.externalServices, .loadBalancerIP): refuses(port.acceptsExternal) ? .refuseLoadBalancerIP : nil
        case (.externalServices, .nodePort):
            refuses(port.acceptsExternal) && node.hasNodePortRules ? .refuseNodePort : nil
        default: nil
        }
    }

    /// Whether the filter table has a rule against traffic that has an endpoint or not.
    private func refuses(_ isAccepted: Bool) -> Bool { dropsInFilter ? !isAccepted : !port.hasAnyEndpoint }
}

extension IptablesPlan {
    /// Each policy has its own endpoints, or none.
    public func policy(serving policy: EndpointPolicy, whereLocal hasLocalEndpoint: Bool) -> EndpointPolicy { policy }

    public func outcome(of sender: TrafficSender, to frontend: ServiceFrontend) -> TrafficOutcome {
        IptablesRoute(plan, sender, to: frontend).outcome
    }

    /// The filter table's rules against node ports without an endpoint are about all addresses of the host.
    public func outcome(of sender: TrafficSender, besideNodePort frontend: ServiceFrontend) -> TrafficOutcome {
        IptablesRoute(plan, sender, to: frontend, takesNodePorts: false).outcome
    }
}
