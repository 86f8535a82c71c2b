internal import KubeObjects
internal import NetAddress

/// What a target was found to be.
struct TargetMatch {
    /// Positions in the plan's Service ports.
    var ports: [Int] = []
    /// Positions of Services that have no rules, in the snapshot.
    var absentServices: [Int] = []
    /// What the target names: sentences.
    var remarks: [String] = []
    /// The target, if it is a chain that all Services share.
    var sharedChain: ChainName?
    /// The endpoint that the target names.
    var endpoint: (address: IPAddress, port: UInt16?)?

    var isEmpty: Bool { ports.isEmpty && absentServices.isEmpty && sharedChain == nil }

    mutating func add(_ port: Int, _ remark: String) {
        if ports.last != port { ports.append(port) }
        remarks.append(remark)
    }
}

/// Looks for a target in a plan and its snapshot.
struct TargetSearch {
    let plan: NodePlan
    /// Nil in a mode whose chains are none of Services.
    var chains: ChainSearch?
    /// Where node ports listen in IPVS mode; nil: in iptables mode, which the plan knows.
    var nodeIPs: [IPAddress]?

    private var snapshot: ClusterSnapshot { plan.snapshot }

    func find(_ target: ExplainTarget) throws(ExplainTargetError) -> TargetMatch {
        switch target {
        case .service(let namespace, let name, let port): try findService(namespace, name, port)
        case .chain(let text): try chains?.find(text) ?? TargetMatch()
        case .address(let address, let port, let transport): try findAddress(address, port, transport)
        }
    }

    // MARK: Services

    private func findService(
        _ namespace: DNSLabel, _ name: DNSLabel, _ port: String?
    ) throws(ExplainTargetError) -> TargetMatch {
        let known = snapshot.services
        guard let index = known.firstIndex(where: { $0.name == name && $0.namespace == namespace }) else {
            throw ExplainTargetError(
                .notFound, "the snapshot has no Service \(namespace)/\(name)",
                unknown: ("\(namespace)/\(name)", known.map(\.qualifiedName)))
        }
        let ports = known[index].ports
        if let port, !ports.contains(where: { $0.name?.text == port || String($0.port) == port }) {
            let list = ports.map { "\($0.name.map { "\($0) " } ?? "")(\($0.port)/\($0.transport.name))" }
            throw ExplainTargetError(
                .notFound,
                "the Service \(namespace)/\(name) has no port \(port); "
                    + (list.isEmpty ? "it has none at all" : "it has \(list.joined(separator: ", "))"))
        }
        var match = TargetMatch()
        match.ports = plan.servicePorts.indices.filter {
            let own = plan.servicePorts[$0]
            return own.serviceIndex == index && (port == nil || own.name.port?.text == port || String(own.port) == port)
        }
        if match.ports.isEmpty { match.absentServices = [index] }
        return match
    }

    // MARK: Addresses

    private func findAddress(
        _ address: IPAddress, _ port: UInt16?, _ transport: TransportProtocol?
    ) throws(ExplainTargetError) -> TargetMatch {
        var match = matches(address, port, transport)
        if match.isEmpty { match = matchesWithoutRules(address, port, transport) }
        if !match.isEmpty { return match }
        let what =
            (port.map { AddressText(address, port: $0).description } ?? address.description)
            + (transport.map { "/\($0.name)" } ?? "")
        if let node = snapshot.nodes.first(where: { ($0.internalIPs + $0.externalIPs).contains(address) }) {
            let isOwn = node.name.text == plan.node.name
            throw ExplainTargetError(
                .notFound,
                isOwn
                    ? "\(address) is an address of this node, but no node port answers at \(what)"
                    : "\(address) is an address of the node \(node.name): give --node \(node.name)")
        }
        let near = matches(address, nil, nil).remarks
        guard near.isEmpty else {
            throw ExplainTargetError(
                .notFound, "no Service of the snapshot has \(what); but \(near.prefix(5).joined(separator: "; "))")
        }
        if let owner = plan.servicePorts.first(where: { $0.nodePort > 0 && $0.nodePort == port }) {
            throw ExplainTargetError(
                .notFound,
                "\(owner.nodePort) is the node port of \(owner.name), but \(address) is no address of this node where node "
                    + "ports answer; --node-address makes it one")
        }
        throw ExplainTargetError(.notFound, "no Service, node port or endpoint of the snapshot has \(what)")
    }

    /// The Service ports that an address leads to, and those that have an endpoint there.
    private func matches(_ address: IPAddress, _ wanted: UInt16?, _ transport: TransportProtocol?) -> TargetMatch {
        var match = TargetMatch()
        let isForNodePorts = nodeIPs?.contains(address) ?? plan.node.takesNodePorts(address)
        for (index, port) in plan.servicePorts.enumerated() where transport.allows(port.name.transport) {
            func note(_ number: UInt16, _ role: String) {
                let place = AddressText(address, port: number).description
                match.add(index, "\(place) is \(role) \(port.label)")
            }
            if wanted.allows(port.port) {
                let service = snapshot.services[port.serviceIndex]
                if port.clusterIP == address { note(port.port, "the cluster IP of") }
                if port.externalIPs.contains(address) {
                    note(port.port, "an external IP of")
                } else if service.externalIPs.contains(address) {
                    note(port.port, "an external IP without rules (AllowServiceExternalIPs is off) of")
                }
                if port.loadBalancerIPs.contains(address) {
                    note(port.port, "a load balancer IP of")
                } else if service.loadBalancerIngress.contains(where: { $0.address == address }) {
                    note(port.port, "a load balancer IP without rules (ipMode Proxy) of")
                }
            }
            if isForNodePorts, port.nodePort > 0, wanted.allows(port.nodePort) {
                note(port.nodePort, "the node port of")
            }
            if port.healthCheckNodePort > 0, wanted == port.healthCheckNodePort,
                plan.node.hostAddresses.contains(address)
            {
                let isReady = port.endpoints.contains { $0.isLocal && $0.conditions.contains(.ready) }
                note(
                    port.healthCheckNodePort,
                    "the health-check node port, where kube-proxy itself answers "
                        + (isReady
                            ? "200: an endpoint of this node is ready," : "503: no endpoint of this node is ready,")
                        + " of")
            }
            for endpoint in port.endpoints where endpoint.address == address && wanted.allows(endpoint.port) {
                note(endpoint.port, "an endpoint of")
                match.endpoint = (address, wanted)
            }
        }
        return match
    }

    /// The Services without rules that have the address as cluster IP or endpoint.
    private func matchesWithoutRules(
        _ address: IPAddress, _ wanted: UInt16?, _ transport: TransportProtocol?
    ) -> TargetMatch {
        var match = TargetMatch()
        let slices = snapshot.endpointSlices.filter { slice in
            slice.ports.contains { wanted.allows($0.port) && transport.allows($0.transport) }
                && slice.endpoints.contains { $0.address == address }
        }
        for skipped in plan.skippedServices {
            let service = snapshot.services[skipped.serviceIndex]
            let isPort = service.ports.contains { wanted.allows($0.port) && transport.allows($0.transport) }
            let isEndpoint = slices.contains {
                $0.namespace == service.namespace && $0.serviceName == service.name
            }
            let isClusterIP = isPort && service.clusterIP(address.family) == address
            guard isEndpoint || isClusterIP else { continue }
            match.absentServices.append(skipped.serviceIndex)
            match.remarks.append(
                "\(address) is \(isClusterIP ? "the cluster IP" : "an endpoint") of \(service.qualifiedName)")
        }
        return match
    }
}

extension Optional where Wrapped: Equatable {
    /// Whether it is nil or equals the value.
    fileprivate func allows(_ value: Wrapped) -> Bool { self == nil || self == value }
}
