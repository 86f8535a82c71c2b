internal import KubeObjects
internal import NetAddress

/// Which Service ports answer where connections are headed, and what shows that a Service once did.
struct ConnectionFrontends {
    /// An address and port of endpoints.
    struct Target: Hashable {
        let address: IPAddress
        let port: UInt16
    }

    private let plan: NodePlan
    private var owners: [Frontend: [ServiceFrontend]] = [:]
    /// The addresses of Services, each with the first that has it.
    private var serviceAddresses: [IPAddress: ServicePortName] = [:]
    private var clusterIPs: Set<IPAddress> = []
    /// The addresses of all Nodes, and of the host.
    private let nodeAddresses: Set<IPAddress>
    /// The ranges of cluster IPs that ServiceCIDRs name.
    private let serviceRanges: AddressSet
    /// The range that the cluster IPs of the snapshot span, where no ServiceCIDR names any.
    private let spannedRange: IPPrefix?
    private let podRanges: AddressSet
    /// The Service ports' endpoints, by position, as far as connections asked for them.
    private var endpoints: [Int: [Target: PlannedEndpoint]] = [:]
    /// The endpoints of all slices, each with the Service that its slice names.
    private lazy var slices = endpointsOfSlices()

    init(_ plan: NodePlan) {
        self.plan = plan
        let family = plan.settings.family
        let nodes = plan.snapshot.nodes
        nodeAddresses = Set(plan.node.hostAddresses + nodes.flatMap { $0.internalIPs + $0.externalIPs })
        var pods = nodes.flatMap(\.podCIDRs) + plan.settings.clusterCIDRs
        if case .source(let range) = plan.node.localTraffic { pods.append(range) }
        podRanges = AddressSet(family, pods)
        serviceRanges = AddressSet(family, plan.snapshot.serviceCIDRs.flatMap { $0.ranges.map(\.prefix) })
        for port in plan.servicePorts {
            for frontend in port.frontends {
                owners[frontend.frontend, default: []].append(frontend)
                if let address = frontend.frontend.address, serviceAddresses[address] == nil {
                    serviceAddresses[address] = port.name
                }
            }
            clusterIPs.insert(port.clusterIP)
        }
        spannedRange = serviceRanges.isEmpty ? ConnectionFrontends.span(clusterIPs, family) : nil
    }

    // MARK: Present Services

    /// The Service ports that answer at a destination, which all but conflicts have one of.
    ///
    /// Node ports answer on the node's addresses, of which the snapshot may lack some, such as a bridge's: there an endpoint of the
    /// Service port, or a pod, shows that it was a node port.
    mutating func owners(of key: TranslationKey) -> [ServiceFrontend] {
        let destination = Frontend(address: key.destination, port: key.destinationPort, transport: key.transport)
        if let found = owners[destination] { return found }
        let nodePort = Frontend(address: nil, port: key.destinationPort, transport: key.transport)
        guard let found = owners[nodePort] else { return [] }
        if isOfNode(key.destination) || podRanges.contains(key.target) { return found }
        return found.filter { endpoint(key, of: $0.servicePort) != nil }
    }

    /// The endpoint of a Service port that connections go to; nil: it is none.
    mutating func endpoint(_ key: TranslationKey, of port: ServicePortPlan) -> PlannedEndpoint? {
        endpoints(of: port)[Target(address: key.target, port: key.targetPort)]
    }

    private mutating func endpoints(of port: ServicePortPlan) -> [Target: PlannedEndpoint] {
        if let known = endpoints[port.index] { return known }
        let all = Dictionary(
            port.endpoints.map { (Target(address: $0.address, port: $0.port), $0) },
            uniquingKeysWith: { first, _ in first })
        endpoints[port.index] = all
        return all
    }

    private func isOfNode(_ address: IPAddress) -> Bool { address.isLoopback || nodeAddresses.contains(address) }

    // MARK: Former Services

    /// The ports that the API server gives to node ports unless it is told otherwise (`--service-node-port-range`).
    private static let nodePorts: ClosedRange<UInt16> = 30000...32767

    /// What shows that a destination where no Service answers was one; nil: nothing, and another program may have translated it.
    mutating func trace(of key: TranslationKey) -> OrphanedConnection.Evidence? {
        let target = Target(address: key.target, port: key.targetPort)
        if isOfNode(key.destination) {
            // A port of a node that leads to a pod is mostly a container's hostPort.
            let isNodePort = ConnectionFrontends.nodePorts.contains(key.destinationPort)
            return isNodePort && (podRanges.contains(key.target) || slices[target] != nil) ? .nodePort : nil
        }
        if serviceAddresses[key.destination] != nil { return .portOfService }
        if serviceRanges.contains(key.destination) { return .serviceRange }
        if let spannedRange, spannedRange.contains(key.destination), podRanges.contains(key.target),
            !podRanges.contains(key.destination)
        {
            return .serviceRange
        }
        return slices[target] != nil ? .endpoint : nil
    }

    /// Whether a destination is, or was, a cluster IP.
    func isClusterIP(_ address: IPAddress) -> Bool {
        clusterIPs.contains(address) || serviceRanges.contains(address) || spannedRange?.contains(address) ?? false
    }

    /// The Service that connections went to, if anything in the snapshot says so: its address, or a slice that stayed.
    mutating func formerService(of key: TranslationKey) -> ServicePortLabel? {
        let transport = key.transport.name.description
        if let name = serviceAddresses[key.destination] {
            return ServicePortLabel(servicePort: "\(name.namespace)/\(name.service)", transport: transport)
        }
        guard let name = slices[Target(address: key.target, port: key.targetPort)] ?? nil else { return nil }
        return ServicePortLabel(servicePort: name, transport: transport)
    }

    /// The endpoints of all slices; those whose Service the snapshot does not have with its name.
    private func endpointsOfSlices() -> [Target: String?] {
        let services = Set(plan.snapshot.services.map(\.qualifiedName))
        var all: [Target: String?] = [:]
        for slice in plan.snapshot.endpointSlices where slice.family == plan.settings.family {
            let name = slice.serviceName.map { "\(slice.namespace)/\($0)" }
            let former = name.flatMap { services.contains($0) ? nil : $0 }
            for port in slice.ports {
                for endpoint in slice.endpoints {
                    guard let address = endpoint.address else { continue }
                    let target = Target(address: address, port: port.port)
                    if former != nil || all[target] == nil { all[target] = .some(former) }
                }
            }
        }
        return all
    }

    /// The smallest range that has some cluster IPs and is no smaller than those that clusters have.
    private static func span(_ addresses: Set<IPAddress>, _ family: AddressFamily) -> IPPrefix? {
        guard let first = addresses.min(by: { $0.number < $1.number }),
            let last = addresses.max(by: { $0.number < $1.number })
        else { return nil }
        let common = (first.number ^ last.number).leadingZeroBitCount - (128 - family.bitWidth)
        return IPPrefix(first, length: min(common, family == .ipv4 ? 16 : 112))
    }
}
