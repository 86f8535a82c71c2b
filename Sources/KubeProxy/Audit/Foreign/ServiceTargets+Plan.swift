internal import NetAddress

extension ServiceTargets {
    /// What packets to Services are headed for at a hook.
    enum Stage {
        /// A frontend, before translation.
        case frontends
        /// An endpoint that is not on the host itself.
        case endpoints
        /// An endpoint with an address of the host.
        case hostEndpoints
    }

    /// The destinations of packets to a plan's Services.
    init(_ plan: NodePlan, at stage: Stage) {
        var found: [Target] = []
        for (index, port) in plan.servicePorts.enumerated() {
            let transport = port.name.transport
            switch stage {
            case .frontends:
                for address in [port.clusterIP] + port.externalIPs + port.loadBalancerIPs {
                    let frontend = Frontend(address: address, port: port.port, transport: transport)
                    found.append(
                        Target(
                            address: address, port: port.port, servicePort: index, transport: transport,
                            kind: .frontend(frontend)))
                }
                guard port.nodePort > 0 else { continue }
                let frontend = Frontend(address: nil, port: port.nodePort, transport: transport)
                found.append(
                    Target(
                        address: plan.node.nodeIP, port: port.nodePort, servicePort: index, transport: transport,
                        kind: .frontend(frontend)))
            case .endpoints, .hostEndpoints:
                for endpoint in port.endpoints where endpoint.isReachable {
                    let isOfHost = plan.node.hostAddresses.contains(endpoint.address)
                    guard isOfHost == (stage == .hostEndpoints) else { continue }
                    found.append(
                        Target(
                            address: endpoint.address, port: endpoint.port, servicePort: index, transport: transport,
                            kind: .endpoint(endpoint.address, port: endpoint.port)))
                }
            }
        }
        self.init(found)
    }
}

extension NodePlan {
    /// The range that a connection's client is in, as far as it is known: what the node itself sends, or a pod of it.
    func senders(isFromNode: Bool) -> IPPrefix? {
        if isFromNode { return node.nodeIP.isLoopback ? nil : IPPrefix(single: node.nodeIP) }
        if case .source(let range) = node.localTraffic { return range }
        return nil
    }

    /// Whether kube-proxy masquerades translated packets: what the node itself sends, unless it counts as a pod.
    func masqueradesSenders(isFromNode: Bool) -> Bool {
        settings.masqueradeAll || isFromNode && node.localTraffic != nil
    }
}
