internal import KubeObjects
internal import NetAddress

/// Plans one Service after another (kube-proxy 1.36: `pkg/proxy/serviceport.go` and `endpointslicecache.go`).
struct ServicePortPlanner {
    let settings: ProxySettings
    private let node: NodeFacts
    private let slices: [EndpointSlice]
    private var selection: EndpointSelection

    init(_ settings: ProxySettings, _ node: NodeFacts, _ slices: [EndpointSlice]) {
        self.settings = settings
        self.node = node
        self.slices = slices
        selection = EndpointSelection(node)
    }

    /// Why a Service has no cluster IP to plan for.
    struct Skipped: Error {
        let reason: NodePlan.SkipReason
    }

    /// The cluster IP of a family, or why the Service is passed over.
    static func clusterIP(of service: Service, _ family: AddressFamily) -> Result<IPAddress, Skipped> {
        if service.hasProxyName { return .failure(Skipped(reason: .otherProxy)) }
        if service.clusterIP == .none || service.clusterIP == .absent { return .failure(Skipped(reason: .headless)) }
        if service.type == .externalName { return .failure(Skipped(reason: .externalName)) }
        return service.clusterIP(family).map { .success($0) } ?? .failure(Skipped(reason: .otherFamily))
    }

    /// The plans of a Service's ports, sorted by name and protocol.
    ///
    /// - Parameter own: the indices of the Service's slices of the family, in the order of their names.
    mutating func plan(
        _ service: Service, _ serviceIndex: Int, _ clusterIP: IPAddress, _ own: ArraySlice<Int32>
    ) -> [ServicePortPlan] {
        let common = ServiceSettings(service, settings, node)
        var plans = service.ports.map { common.plan(of: $0, service, serviceIndex, clusterIP) }
        if plans.count > 1 { plans.sort { $0.name < $1.name } }
        guard !plans.isEmpty else { return [] }
        let portIndices = PortIndices(plans)
        for sliceIndex in own {
            let slice = slices[Int(sliceIndex)]
            for slicePort in slice.ports where slicePort.port > 0 {
                guard let index = portIndices.index(of: slicePort, plans) else { continue }
                plans[index].endpoints.reserveCapacity(plans[index].endpoints.count + slice.endpoints.count)
                for (position, endpoint) in slice.endpoints.enumerated() {
                    guard let address = endpoint.address else { continue }
                    plans[index].endpoints.append(
                        PlannedEndpoint(
                            address: address, port: slicePort.port, conditions: endpoint.conditions,
                            isLocal: endpoint.nodeName != nil && endpoint.nodeName == node.name,
                            source: EndpointSource(slice: sliceIndex, endpoint: Int32(position))))
                }
            }
        }
        for index in plans.indices { selection.select(&plans[index], slices) }
        return plans
    }
}

/// What all ports of a Service have in common.
private struct ServiceSettings {
    let externalIPs: [IPAddress]
    let hasExternalIPs: Bool
    let loadBalancerIPs: [IPAddress]
    let sourceRanges: [IPPrefix]
    let sourceRangesHoldNode: Bool
    let externalPolicyIsLocal: Bool
    let healthCheckNodePort: UInt16

    init(_ service: Service, _ settings: ProxySettings, _ node: NodeFacts) {
        let family = settings.family
        let ownExternalIPs = service.externalIPs.filter { $0.family == family }
        hasExternalIPs = !ownExternalIPs.isEmpty
        externalIPs = settings.allowServiceExternalIPs ? ownExternalIPs : []
        loadBalancerIPs = service.loadBalancerIngress.filter { $0.isVIP && $0.address.family == family }.map(\.address)
        let ranges = service.loadBalancerSourceRanges.filter { $0.family == family }
        // A range of all addresses restricts nothing.
        sourceRanges = ranges.contains { $0.length == 0 } ? [] : ranges
        sourceRangesHoldNode = sourceRanges.contains { $0.contains(node.nodeIP) }
        let takesExternalPolicy =
            switch service.type {
            case .loadBalancer, .nodePort: true
            case .clusterIP: service.hasExternalIPs
            case .externalName, .unknown: false
            }
        externalPolicyIsLocal = service.externalTrafficPolicyIsLocal && takesExternalPolicy
        healthCheckNodePort = service.type == .loadBalancer && externalPolicyIsLocal ? service.healthCheckNodePort : 0
    }

    func plan(
        of port: ServicePort, _ service: Service, _ serviceIndex: Int, _ clusterIP: IPAddress
    ) -> ServicePortPlan {
        let name = ServicePortName(
            namespace: service.namespace, service: service.name, port: port.name, transport: port.transport)
        let nameText = Array(name.description.utf8)
        return ServicePortPlan(
            name: name, serviceIndex: serviceIndex, clusterIP: clusterIP, port: port.port, nodePort: port.nodePort,
            externalIPs: externalIPs, loadBalancerIPs: loadBalancerIPs, sourceRanges: sourceRanges,
            sourceRangesHoldNode: sourceRangesHoldNode, affinitySeconds: service.sessionAffinitySeconds,
            externalPolicyIsLocal: externalPolicyIsLocal, internalPolicyIsLocal: service.internalTrafficPolicyIsLocal,
            healthCheckNodePort: healthCheckNodePort,
            isExternal: port.nodePort > 0 || !loadBalancerIPs.isEmpty || hasExternalIPs, nameText: nameText)
    }
}

/// Finds a Service's port by the name and protocol of a slice's port.
private struct PortIndices {
    private struct Key: Hashable {
        let name: DNSLabel?
        let transport: TransportProtocol
    }

    /// Only for Services with many ports; a few are looked through.
    private var table: [Key: Int]?

    init(_ plans: [ServicePortPlan]) {
        guard plans.count > 8 else { return }
        table = [:]
        for (index, plan) in plans.enumerated() {
            table?[Key(name: plan.name.port, transport: plan.name.transport)] = index
        }
    }

    func index(of port: EndpointPort, _ plans: [ServicePortPlan]) -> Int? {
        let name: DNSLabel?
        switch port.name {
        case .absent: return nil
        case .empty: name = nil
        case .label(let label): name = label
        }
        if let table { return table[Key(name: name, transport: port.transport)] }
        return plans.firstIndex { $0.name.port == name && $0.name.transport == port.transport }
    }
}
