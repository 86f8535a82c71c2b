public import NetAddress

extension IPVSPlan {
    /// On `kube-ipvs0`.
    public static var holdsServiceAddresses: Bool { true }

    public var addressesOfNodePorts: [IPAddress] { nodeIPs }

    /// The set KUBE-LOOP-BACK.
    public var masqueradedToThemselves: Set<Frontend>? { plan.localEndpoints { _ in true } }

    /// The node has Services' addresses itself, on `kube-ipvs0`.
    public var unserved: [UnservedTraffic] {
        let bound = AddressSet(plan.settings.family, boundAddresses.map { IPPrefix(single: $0) })
        return bound.isEmpty ? [] : [UnservedTraffic(.otherPorts, bound, .refused)]
    }

    /// Here the modes part: without a local endpoint the local policy falls back to the cluster policy's endpoints, where
    /// iptables mode drops.
    public func policy(serving policy: EndpointPolicy, whereLocal hasLocalEndpoint: Bool) -> EndpointPolicy {
        policy == .local && hasLocalEndpoint ? .local : .cluster
    }

    public func outcome(of sender: TrafficSender, to frontend: ServiceFrontend) -> TrafficOutcome {
        let port = frontend.servicePort
        // Node ports have virtual servers on some addresses of the node only.
        if frontend.kind == .nodePort, nodeIPs.isEmpty { return .unchanged }
        if frontend.kind == .loadBalancerIP, sender.isInSourceRanges == false { return .timesOut }
        let policy = policy(serving: frontend.policy, of: port)
        guard port.count(of: policy) > 0 else { return .refused }
        var shares = port.shares(of: policy)
        if !plan.settings.ipvs.scheduler.sharesEqually {
            shares = shares.map { EndpointShare(address: $0.address, port: $0.port, oneIn: nil) }
        }
        let isForHost = port.isForHost(policy, from: sender, plan.node)
        return .endpoints(shares, isForHost ? .preserved : source(of: sender, to: frontend))
    }

    /// Whether the sender's address is rewritten.
    private func source(of sender: TrafficSender, to frontend: ServiceFrontend) -> TrafficOutcome.SourceTreatment {
        switch masquerading(of: frontend) {
        case .nobody: return .preserved
        case .everybody: return .rewritten
        case .others: return plan.node.takesForPod(sender) ? .preserved : .rewritten
        // What the node itself sends to an address of kube-ipvs0 comes from that address.
        case .clusterIPs: return sender.origin == .node ? .rewritten : .preserved
        }
    }

    /// Whose source the rules around IPVS rewrite.
    enum Masquerading: Sendable, Hashable {
        case nobody, everybody
        /// All but pods.
        case others
        /// Senders whose address is a cluster IP.
        case clusterIPs
    }

    /// Whose source is rewritten on the way to a frontend.
    func masquerading(of frontend: ServiceFrontend) -> Masquerading {
        guard frontend.kind == .clusterIP else {
            return frontend.servicePort.externalPolicyIsLocal ? .nobody : .everybody
        }
        if plan.settings.masqueradeAll { return .everybody }
        return plan.node.localTraffic == nil ? .clusterIPs : .others
    }
}
