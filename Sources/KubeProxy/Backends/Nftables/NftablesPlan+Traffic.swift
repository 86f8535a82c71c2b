internal import KubeObjects
public import NetAddress

extension NftablesPlan {
    public static var refusesOwnTraffic: Bool { true }

    public static func nodePorts(of plan: NodePlan) -> NodeFacts.NodePorts {
        NftablesNode(plan.settings, plan.node, plan.behaviors).nodePorts
    }

    /// Never on loopback addresses, but for what the gate KubeProxyNFTablesLocalhostNodePorts brings, which is no translation.
    public var addressesOfNodePorts: [IPAddress] {
        switch node.nodePorts {
        case .addresses(let addresses): addresses
        case .allAddresses: plan.node.hostAddresses.filter { !$0.isLoopback }
        }
    }

    /// From 1.36 on the endpoints that are known to be on this node, whichever Service has them.
    public var masqueradedToThemselves: Set<Frontend>? {
        guard behaviors.contains(.nftablesEndpointMaps) else { return nil }
        return plan.localEndpoints { $0.isReachable }
    }

    /// The chain cluster-ips-check: other ports of cluster IPs are rejected, and addresses of the ServiceCIDRs without a
    /// Service dropped.
    public var unserved: [UnservedTraffic] {
        let family = plan.settings.family
        let clusterIPs = plan.servicePorts.map { IPPrefix(single: $0.clusterIP) }
        let ranges = plan.snapshot.serviceCIDRs.flatMap(\.ranges).map(\.prefix)
        return [
            UnservedTraffic(.otherPorts, AddressSet(family, clusterIPs), .refused),
            UnservedTraffic(.unallocated, AddressSet(family, ranges, except: clusterIPs), .timesOut),
        ].filter { !$0.addresses.isEmpty }
    }

    /// Each policy has its own endpoints, or none.
    public func policy(serving policy: EndpointPolicy, whereLocal hasLocalEndpoint: Bool) -> EndpointPolicy { policy }

    public func outcome(of sender: TrafficSender, to frontend: ServiceFrontend) -> TrafficOutcome {
        let port = frontend.servicePort
        if frontend.kind == .nodePort, node.nodePorts == .addresses([]) { return .unchanged }
        // The check of source ranges comes before translation, whether there is an endpoint or not; up to 1.32 what the node
        // itself sends is asked for an endpoint before.
        let asksEndpointsFirst = sender.origin == .node && behaviors.contains(.nftablesEarlyFilterChains)
        if isSubjectToSourceRanges(frontend), sender.isInSourceRanges == false {
            return asksEndpointsFirst && !port.hasAnyEndpoint ? .refused : .timesOut
        }
        guard port.hasAnyEndpoint else { return .refused }
        let isPod = plan.node.localTraffic != nil && plan.node.takesForPod(sender)
        if frontend.kind == .clusterIP {
            guard port.acceptsInternal else { return .timesOut }
            let isMasqueraded = plan.settings.masqueradeAll || plan.node.localTraffic != nil && !isPod
            return endpoints(of: frontend.policy, port, sender, isMasqueraded: isMasqueraded)
        }
        // The map of addresses without endpoints does not except what the node itself sends.
        if asksEndpointsFirst, frontend.kind != .nodePort, !port.acceptsExternal { return .timesOut }
        guard port.externalPolicyIsLocal else {
            return endpoints(of: .cluster, port, sender, isMasqueraded: true)
        }
        // What is sent from within the cluster goes to all endpoints.
        if isPod { return endpoints(of: .cluster, port, sender, isMasqueraded: false) }
        if sender.origin == .node { return endpoints(of: .cluster, port, sender, isMasqueraded: true) }
        guard port.localCount > 0 else { return .timesOut }
        return endpoints(of: .local, port, sender, isMasqueraded: false)
    }

    /// Whether source ranges are checked at a frontend: at a load balancer's address, and at an external IP that is one.
    private func isSubjectToSourceRanges(_ frontend: ServiceFrontend) -> Bool {
        guard frontend.servicePort.hasNftablesFirewallChain else { return false }
        switch frontend.kind {
        case .loadBalancerIP: return true
        case .externalIP: return frontend.frontend.address.map(frontend.servicePort.loadBalancerIPs.contains) ?? false
        case .clusterIP, .nodePort: return false
        }
    }

    private func endpoints(
        of policy: EndpointPolicy, _ port: ServicePortPlan, _ sender: TrafficSender, isMasqueraded: Bool
    ) -> TrafficOutcome {
        let isRewritten = isMasqueraded && !port.isForHost(policy, from: sender, plan.node)
        return .endpoints(port.shares(of: policy), isRewritten ? .rewritten : .preserved)
    }
}
