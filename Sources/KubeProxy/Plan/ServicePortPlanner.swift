internal import KubeObjects
internal import NetAddress

/// Plans one Service after another, as far as nodes do not differ (kube-proxy 1.36: `pkg/proxy/serviceport.go` and
/// `endpointslicecache.go`).
struct ServicePortPlanner {
    private let settings: ProxySettings
    let behaviors: ProxyBehaviors
    private let slices: [EndpointSlice]
    /// The endpoints of each port of a Service with several ports, which come slice by slice.
    private var gathered: [[ClusterEndpoint]] = []

    init(_ settings: ProxySettings, _ behaviors: ProxyBehaviors, _ slices: [EndpointSlice]) {
        self.settings = settings
        self.behaviors = behaviors
        self.slices = slices
    }

    /// Why a Service has no cluster IP to plan for.
    struct Skipped: Error {
        let reason: Service.SkipReason
    }

    /// The Service's cluster IP of the family, or why kube-proxy skips the Service.
    func clusterIP(of service: Service) -> Result<IPAddress, Skipped> {
        if let reason = service.skipReason { return .failure(Skipped(reason: reason)) }
        if service.hasHeadlessLabel, behaviors.contains(.sharedLabelSelector) {
            return .failure(Skipped(reason: .headlessLabel))
        }
        return service.clusterIP(settings.family).map { .success($0) } ?? .failure(Skipped(reason: .otherFamily))
    }

    /// Plans a Service's ports, sorted by name and protocol.
    ///
    /// - Parameter own: the indices of the Service's slices of the family, in the order of their names.
    mutating func plan(
        _ service: Service, _ serviceIndex: Int, _ clusterIP: IPAddress, _ own: ArraySlice<Int32>,
        into services: inout PlannedServices
    ) {
        let common = ServiceSettings(service, settings, behaviors)
        var ports = service.ports.map { common.plan(of: $0, service, serviceIndex, clusterIP) }
        if ports.count > 1 { ports.sort { $0.name < $1.name } }
        guard ports.count != 1 else {
            services.add(ports[0], slices) { endpoints in
                for sliceIndex in own {
                    for slicePort in slices[Int(sliceIndex)].ports where ports[0].name.takes(slicePort) {
                        endpoints.append(slicePort, sliceIndex, slices.span[Int(sliceIndex)].endpoints)
                    }
                }
            }
            return
        }
        gather(ports, own)
        for (index, port) in ports.enumerated() {
            services.add(port, slices) { $0.append(contentsOf: gathered[index]) }
        }
    }

    private mutating func gather(_ ports: [ClusterServicePort], _ own: ArraySlice<Int32>) {
        while gathered.count < ports.count { gathered.append([]) }
        for index in ports.indices { gathered[index].removeAll(keepingCapacity: true) }
        let portIndices = PortIndices(ports)
        for sliceIndex in own {
            for slicePort in slices[Int(sliceIndex)].ports where slicePort.port > 0 {
                guard let index = portIndices.index(of: slicePort, ports) else { continue }
                gathered[index].append(slicePort, sliceIndex, slices.span[Int(sliceIndex)].endpoints)
            }
        }
    }
}

extension [ClusterEndpoint] {
    /// Adds the endpoints of a slice for one of its ports.
    fileprivate mutating func append(_ slicePort: EndpointPort, _ slice: Int32, _ objects: [Endpoint]) {
        let objects = objects.span
        for position in objects.indices {
            guard let address = objects[position].address else { continue }
            append(
                ClusterEndpoint(
                    address: address, port: slicePort.port, conditions: objects[position].conditions,
                    source: EndpointSource(slice: slice, endpoint: Int32(position))))
        }
    }
}

extension ServicePortName {
    /// Whether a slice's port carries the Service port's name and protocol, and a number.
    func takes(_ slicePort: EndpointPort) -> Bool {
        guard slicePort.transport == transport, slicePort.port > 0 else { return false }
        switch slicePort.name {
        case .empty: return port == nil
        case .label(let label): return port == label
        }
    }
}

/// What all ports of a Service have in common.
private struct ServiceSettings {
    let externalIPs: [IPAddress]
    let hasExternalIPs: Bool
    let loadBalancerIPs: [IPAddress]
    let sourceRanges: [IPPrefix]
    let externalPolicyIsLocal: Bool
    let healthCheckNodePort: UInt16
    let texts: FrontendTexts?
    let countedHints: HintCoverage

    init(_ service: borrowing Service, _ settings: borrowing ProxySettings, _ behaviors: ProxyBehaviors) {
        let family = settings.family
        let ownExternalIPs = service.externalIPs.filter { $0.family == family }
        hasExternalIPs = !ownExternalIPs.isEmpty
        let allowsExternalIPs = settings.allowServiceExternalIPs || !behaviors.contains(.externalIPsGate)
        externalIPs = allowsExternalIPs ? ownExternalIPs : []
        let servesProxyMode = behaviors.contains(.proxyModeAddressesServed)
        loadBalancerIPs = service.loadBalancerIngress.filter {
            ($0.isVIP || servesProxyMode) && $0.address.family == family
        }.map(\.address)
        let ranges = service.loadBalancerSourceRanges.filter { $0.family == family }
        // A range of all addresses restricts nothing.
        let isLifted = behaviors.contains(.zeroRangeLiftsRestriction) && ranges.contains { $0.length == 0 }
        sourceRanges = isLifted ? [] : ranges
        if behaviors.contains(.serviceAddressesAsGiven), let spellings = service.spellings {
            texts = FrontendTexts(copy service, spellings, family)
        } else {
            texts = nil
        }
        countedHints = HintCoverage(counting: service, behaviors)
        let takesExternalPolicy =
            switch service.type {
            case .loadBalancer, .nodePort: true
            case .clusterIP: service.hasExternalIPs && behaviors.contains(.localPolicyOfExternalIPs)
            case .externalName, .unknown: false
            }
        externalPolicyIsLocal = service.externalTrafficPolicyIsLocal && takesExternalPolicy
        healthCheckNodePort = service.type == .loadBalancer && externalPolicyIsLocal ? service.healthCheckNodePort : 0
    }

    func plan(
        of port: ServicePort, _ service: Service, _ serviceIndex: Int, _ clusterIP: IPAddress
    ) -> ClusterServicePort {
        let name = ServicePortName(
            namespace: service.namespace, service: service.name, port: port.name, transport: port.transport)
        return ClusterServicePort(
            name: name, serviceIndex: serviceIndex, clusterIP: clusterIP, port: port.port, nodePort: port.nodePort,
            externalIPs: externalIPs, loadBalancerIPs: loadBalancerIPs, sourceRanges: sourceRanges,
            affinitySeconds: service.sessionAffinitySeconds, externalPolicyIsLocal: externalPolicyIsLocal,
            internalPolicyIsLocal: service.internalTrafficPolicyIsLocal, healthCheckNodePort: healthCheckNodePort,
            isExternal: port.nodePort > 0 || !loadBalancerIPs.isEmpty || hasExternalIPs,
            nameText: Array(name.description.utf8), texts: texts, countedHints: countedHints)
    }
}

/// Finds a Service's port by the name and protocol of a slice's port.
private struct PortIndices {
    private struct Key: Hashable {
        let name: DNSLabel?
        let transport: TransportProtocol
    }

    /// Only for Services with many ports; a few are compared one by one.
    private var table: [Key: Int]?

    init(_ ports: [ClusterServicePort]) {
        guard ports.count > 8 else { return }
        table = [:]
        for (index, port) in ports.enumerated() {
            table?[Key(name: port.name.port, transport: port.name.transport)] = index
        }
    }

    func index(of port: EndpointPort, _ ports: [ClusterServicePort]) -> Int? {
        let name: DNSLabel?
        switch port.name {
        case .empty: name = nil
        case .label(let label): name = label
        }
        if let table { return table[Key(name: name, transport: port.transport)] }
        return ports.firstIndex { $0.name.port == name && $0.name.transport == port.transport }
    }
}
