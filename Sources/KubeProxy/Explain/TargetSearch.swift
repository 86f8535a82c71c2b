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
        case .shortName(let name, let port): try findShortName(name, port)
        case .nodePort(let number, let transport): try findNodePort(number, transport)
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
            // As kubectl names objects: 'service/web'.
            if ["svc", "service", "services"].contains(namespace.text) { return try findShortName(name, port) }
            let others = known.filter { $0.name == name }.prefix(3).map(\.qualifiedName)
            throw ExplainTargetError(
                .notFound,
                "the snapshot has no Service \(namespace)/\(name)"
                    + (others.isEmpty ? "" : "; there is \(others.joined(separator: ", "))"),
                unknown: others.isEmpty ? ("\(namespace)/\(name)", known.map(\.qualifiedName)) : nil)
        }
        let ports = known[index].ports
        if let port, !ports.contains(where: { $0.isNamed(port) }) {
            let list = ports.map { "\($0.name.map { "\($0) " } ?? "")(\($0.port)/\($0.transport.name))" }
            throw ExplainTargetError(
                .notFound,
                "the Service \(namespace)/\(name) has no port \(port); "
                    + (list.isEmpty ? "it has none at all" : "it has \(list.joined(separator: ", "))"))
        }
        var match = TargetMatch()
        match.ports = plan.servicePorts.indices.filter {
            let own = plan.servicePorts[$0]
            guard own.serviceIndex == index, let port else { return own.serviceIndex == index }
            return ports.contains { $0.isNamed(port) && $0.port == own.port && $0.transport == own.name.transport }
        }
        if match.ports.isEmpty { match.absentServices = [index] }
        return match
    }

    /// A Service by its name alone, if only one namespace has such a Service.
    private func findShortName(_ name: DNSLabel, _ port: String?) throws(ExplainTargetError) -> TargetMatch {
        let found = snapshot.services.filter { $0.name == name }
        guard let first = found.first else {
            if snapshot.nodes.contains(where: { $0.name.text == name.text }) { return try findNode(name, port) }
            throw ExplainTargetError(
                .notFound, "no namespace of the snapshot has a Service \(name)",
                unknown: (name.text, snapshot.services.map(\.name.text)))
        }
        guard found.count == 1 else {
            let names = found.prefix(8).map { $0.qualifiedName }.joined(separator: ", ")
            throw ExplainTargetError(
                .ambiguous, "\(found.count) namespaces have a Service \(name); say which: \(names)")
        }
        return try findService(first.namespace, name, port)
    }

    // MARK: Ports of the node

    /// A node port at a Node that is named instead of its address.
    private func findNode(_ name: DNSLabel, _ port: String?) throws(ExplainTargetError) -> TargetMatch {
        guard name.text == plan.node.name else {
            throw ExplainTargetError(.notFound, "\(name) is another Node: give --node \(name)")
        }
        guard let number = port.flatMap({ UInt16($0) }), number > 0 else {
            throw ExplainTargetError(.notFound, "\(name) is a Node and no Service: give \(name):PORT for a node port")
        }
        return try findNodePort(number, nil)
    }

    private func findNodePort(
        _ number: UInt16, _ transport: TransportProtocol?
    ) throws(ExplainTargetError) -> TargetMatch {
        var match = TargetMatch()
        for (index, port) in plan.servicePorts.enumerated() {
            if port.nodePort == number, transport.allows(port.name.transport) {
                match.add(index, "\(number) is the node port of \(port.label)")
            }
            if port.healthCheckNodePort == number, transport.allows(.tcp) {
                match.add(index, "\(number) is \(healthCheck(port)) of \(port.label)")
            }
        }
        if match.isEmpty {
            for skipped in plan.skippedServices {
                let service = snapshot.services[skipped.serviceIndex]
                guard service.ports.contains(where: { $0.nodePort == number && transport.allows($0.transport) })
                else { continue }
                match.absentServices.append(skipped.serviceIndex)
                match.remarks.append("\(number) is the node port of \(service.qualifiedName)")
            }
        }
        guard match.isEmpty else { return match }
        if transport != nil, let other = try? findNodePort(number, nil) {
            throw ExplainTargetError(
                .notFound,
                "no Service of the snapshot has the node port \(number)/\(transport?.name ?? ""): "
                    + other.remarks.prefix(3).joined(separator: "; "))
        }
        let owners = snapshot.services.filter { $0.ports.contains { $0.port == number } }.prefix(3)
        throw ExplainTargetError(
            .notFound,
            "no Service of the snapshot has the node port \(number)\(transport.map { "/\($0.name)" } ?? "")"
                + (owners.isEmpty
                    ? ""
                    : "; it is a port of " + owners.map { "\($0.qualifiedName):\(number)" }.joined(separator: ", ")))
    }

    /// The health-check node port of a Service, and what it answers.
    private func healthCheck(_ port: ServicePortPlan) -> String {
        let isReady = port.endpoints.contains { $0.isLocal && $0.conditions.contains(.ready) }
        return "the health-check node port, where kube-proxy itself answers "
            + (isReady ? "200: an endpoint of this node is ready," : "503: no endpoint of this node is ready,")
    }

    // MARK: Addresses

    /// Whether no rule serves an address and port.
    func isUnserved(_ address: IPAddress, _ port: UInt16, _ transport: TransportProtocol) -> Bool {
        matches(address, port, transport).isEmpty
    }

    private func findAddress(
        _ address: IPAddress, _ port: UInt16?, _ transport: TransportProtocol?
    ) throws(ExplainTargetError) -> TargetMatch {
        var match = matches(address, port, transport)
        if match.isEmpty { match = matchesWithoutRules(address, port, transport) }
        if !match.isEmpty { return match }
        let what =
            (port.map { AddressText(address, port: $0).description } ?? address.description)
            + (transport.map { "/\($0.name)" } ?? "")
        let unserved = UnservedSearch(plan: plan, nodeIPs: nodeIPs).sentences(address, port, transport)
        guard unserved.isEmpty else {
            throw ExplainTargetError(
                .notFound, "no rule of this node serves \(what): " + unserved.prefix(5).joined(separator: "; "))
        }
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
                note(port.healthCheckNodePort, healthCheck(port) + " of")
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
            var roles = isPort ? UnservedSearch(plan: plan).roles(of: address, in: service) : []
            if isEndpoint { roles.append("an endpoint") }
            if let wanted, nodeIPs?.contains(address) ?? plan.node.takesNodePorts(address),
                service.ports.contains(where: { $0.nodePort == wanted && transport.allows($0.transport) })
            {
                roles.append("with \(wanted) the node port")
            }
            guard !roles.isEmpty else { continue }
            match.absentServices.append(skipped.serviceIndex)
            match.remarks += roles.map { "\(address) is \($0) of \(service.qualifiedName)" }
        }
        return match
    }
}

extension ServicePort {
    /// Whether a word of a target is the port's name, its number or its node port.
    fileprivate func isNamed(_ word: String) -> Bool {
        if name?.text == word { return true }
        guard let number = UInt16(word), number > 0 else { return false }
        return port == number || nodePort == number
    }
}
