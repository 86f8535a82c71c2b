internal import KubeObjects
internal import NetAddress

/// Digests of what nodes do with each Service port of a cluster.
///
/// What all nodes have in common is digested once, and once for each zone what a node without endpoints of its own does. A
/// node then costs the Service ports with endpoints on it, and those with hints by node, source ranges or equal endpoints.
struct ServicePortDigests {
    /// What a node of a zone does that has no endpoints of its own, no hints for it, and is in no source range.
    private struct Zone {
        var digests: [RulesDigest] = []
        var sum = DigestSum()
    }

    /// What one node does.
    struct OfNode {
        /// The sum of the digests of all Service ports.
        var sum: DigestSum
        /// The same of a node of its zone that has no endpoints of its own.
        let ofZone: DigestSum
        /// The Service ports in which the two differ.
        var own: [Int32] = []
    }

    private let cluster: ClusterPlan
    /// Whether a text shows no more of an endpoint than which policies use it.
    private let showsUsesOnly: Bool
    /// The digests of what is the same on every node.
    private let common: [RulesDigest]
    /// The Service port of each endpoint.
    private let ownerOfEndpoint: [Int32]
    /// The Service ports to look at on every node.
    private let nodePorts: [Int32]
    private var zones: [String: Zone] = [:]
    /// The decisions about endpoints that are the same on every node; what a node adds is taken back after it.
    private var decisions: [EndpointDecision]
    private var message = DigestMessage()

    init(_ cluster: ClusterPlan) {
        self.cluster = cluster
        showsUsesOnly = cluster.settings.mode == .iptables
        let tables = cluster.tables
        var owners: [Int32] = []
        owners.reserveCapacity(tables.endpoints.count)
        var message = DigestMessage()
        var common: [RulesDigest] = []
        common.reserveCapacity(tables.ports.count)
        for (index, port) in tables.ports.enumerated() {
            let range = tables.endpoints(of: index)
            owners.append(contentsOf: repeatElement(Int32(index), count: range.count))
            message.removeAll()
            message.append(port)
            message.append(range.count)
            for position in range {
                message.append(tables.endpoints[position].address)
                message.append(tables.endpoints[position].port)
                message.append(tables.addressTexts[position] ?? "")
            }
            common.append(RulesDigest(message))
        }
        self.common = common
        ownerOfEndpoint = owners
        nodePorts = tables.nodeDependentPorts.filter { index in
            let port = tables.ports[Int(index)]
            return port.hasEqualEndpoints || !port.sourceRanges.isEmpty || port.hintCoverage.contains(.nodes)
        }
        decisions = tables.decisions.endpoints
    }

    /// What a node does, in short.
    mutating func digests(of node: NodeFacts) -> OfNode {
        let zone = zone(node.zone)
        var result = OfNode(sum: zone.sum, ofZone: zone.sum)
        guard let name = node.name else { return result }
        let slices = cluster.snapshot.endpointSlices
        let tables = cluster.tables.ofNode(name, slices, cluster.behaviors)
        let localEndpoints = cluster.endpointsByNode?[name] ?? []
        var ports = nodePorts
        for position in localEndpoints {
            let owner = ownerOfEndpoint[Int(position)]
            if !showsUsesOnly || tables.ports[Int(owner)].usesLocalPolicy { ports.append(owner) }
        }
        guard !ports.isEmpty else { return result }
        ports = ports.sorted().reduce(into: []) { if $0.last != $1 { $0.append($1) } }

        for position in localEndpoints { decisions[Int(position)].isLocal = true }
        for group in tables.equalEndpoints {
            decisions[group.position].isLocal = slices.isLocal(tables.endpoints[group.position], to: name)
        }
        let selection = EndpointSelection(slices, cluster.behaviors, node: name, zone: node.zone)
        for port in ports {
            let digest = self.digest(of: Int(port), tables, selection, node.nodeIP)
            guard digest != zone.digests[Int(port)] else { continue }
            result.sum -= zone.digests[Int(port)]
            result.sum += digest
            result.own.append(port)
        }
        let original = cluster.tables.decisions.endpoints
        for port in ports {
            for position in tables.endpoints(of: Int(port)) { decisions[position] = original[position] }
        }
        for position in localEndpoints { decisions[Int(position)] = original[Int(position)] }
        for group in tables.equalEndpoints { decisions[group.position] = original[group.position] }
        return result
    }

    private mutating func zone(_ name: String) -> Zone {
        if let known = zones[name] { return known }
        var zone = Zone()
        zone.digests.reserveCapacity(common.count)
        let tables = cluster.tables
        let selection = EndpointSelection(
            cluster.snapshot.endpointSlices, cluster.behaviors, node: nil, zone: name)
        for port in tables.ports.indices {
            let digest = digest(of: port, tables, selection, nil)
            zone.digests.append(digest)
            zone.sum += digest
            for position in tables.endpoints(of: port) { decisions[position] = tables.decisions.endpoints[position] }
        }
        zones[name] = zone
        return zone
    }

    /// The digest of a Service port on a node whose own endpoints are marked.
    private mutating func digest(
        of port: Int, _ tables: ClusterTables, _ selection: EndpointSelection, _ nodeIP: IPAddress?
    ) -> RulesDigest {
        let range = tables.endpoints(of: port)
        let plan = tables.ports[port]
        var decision = tables.decisions.ports[port]
        if plan.dependsOnNode { decision = selection.select(plan, range, tables.endpoints, &decisions) }
        message.removeAll()
        message.append(common[port])
        message.append(plan.hasAnyEndpoint)
        let holdsNode = nodeIP.map { address in plan.sourceRanges.contains { $0.contains(address) } } ?? false
        message.append(holdsNode && plan.hasAnyEndpoint && !plan.loadBalancerIPs.isEmpty)
        if !showsUsesOnly { message.append(decision.topologyMode.rawValue) }
        for position in range {
            let endpoint = decisions[position]
            if showsUsesOnly {
                message.append(endpoint.uses)
            } else {
                message.append(endpoint.uses | (endpoint.isLocal ? 8 : 0))
                message.append(endpoint.clusterUse.rawValue)
                message.append(endpoint.localUse.rawValue)
                message.append(tables.endpoints[position].conditions.rawValue)
            }
        }
        return RulesDigest(message)
    }
}

extension EndpointDecision {
    fileprivate var uses: UInt8 {
        (clusterUse.isUsed ? 1 : 0) | (localUse.isUsed ? 2 : 0) | (isReachable ? 4 : 0)
    }
}

extension DigestMessage {
    fileprivate mutating func append(_ port: ClusterServicePort) {
        append(port.nameText)
        append(port.name.transport.name.description)
        append(port.clusterIP)
        append(port.port)
        append(port.nodePort)
        append(port.externalIPs)
        append(port.loadBalancerIPs)
        append(port.sourceRanges)
        append(port.affinitySeconds.map { $0 + 1 } ?? 0)
        append(port.externalPolicyIsLocal)
        append(port.internalPolicyIsLocal)
        append(port.healthCheckNodePort)
        append(port.isExternal)
        append(port.texts != nil)
        guard let texts = port.texts else { return }
        append(texts.externalIPs)
        append(texts.loadBalancerIPs)
        append(texts.sourceRanges)
    }
}
