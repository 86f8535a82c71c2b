internal import NetAddress
internal import Nftables

/// Whose the elements of a table are.
struct NftablesOwners {
    /// The Service ports of the plan.
    private(set) var all: Set<ServicePortLabel> = []
    private var frontends: [Frontend: [ServicePortLabel]] = [:]
    private var clusterIPs: [IPAddress: ServicePortLabel] = [:]
    private var endpoints: [Frontend: ServicePortLabel] = [:]

    /// Of no plan.
    init() {}

    init(_ plan: NftablesPlan) {
        for port in plan.plan.servicePorts {
            let transport = port.name.transport
            let label = ServicePortLabel(port.name)
            all.insert(label)
            func add(_ address: IPAddress?, _ number: UInt16) {
                let frontend = Frontend(address: address, port: number, transport: transport)
                if frontends[frontend]?.last != label { frontends[frontend, default: []].append(label) }
            }
            for address in [port.clusterIP] + port.externalIPs + port.loadBalancerIPs { add(address, port.port) }
            if port.nodePort > 0 { add(nil, port.nodePort) }
            if clusterIPs[port.clusterIP] == nil { clusterIPs[port.clusterIP] = label }
            for endpoint in port.endpoints where endpoint.isReachable {
                let key = Frontend(address: endpoint.address, port: endpoint.port, transport: transport)
                if endpoints[key] == nil { endpoints[key] = label }
            }
        }
    }

    /// The Service port that an element belongs to, by the plan, else by what the element says; nil: none.
    func label(of element: NftablesTableDifferences.Element) -> ServicePortLabel? {
        guard let shown = element.expected ?? element.actual else { return nil }
        switch element.set {
        case "cluster-ips": return IPAddress(shown.firstKey).flatMap { clusterIPs[$0] }
        case "hairpin-connections":
            return shown.hairpinTarget.flatMap { endpoints[$0] }
        default:
            if let label = shown.target.flatMap({ ServicePortLabel(nftablesName: $0) }), element.expected != nil {
                return label
            }
            if let label = shown.frontend.flatMap({ frontends[$0]?.first }) { return label }
            return shown.owner
        }
    }

    /// Whether several Service ports have a frontend, and what an element leads to is one of them.
    func isShared(_ frontend: Frontend, with element: NftElement) -> Bool {
        guard let labels = frontends[frontend], labels.count > 1 else { return false }
        return element.owner.map(labels.contains) ?? true
    }

    /// The Service ports that an element of a table names.
    func reached(_ table: NftTable) -> Set<ServicePortLabel> {
        var labels: Set<ServicePortLabel> = []
        for set in table.sets where set.isMap {
            for element in set.elements {
                if let label = element.owner { labels.insert(label) }
            }
        }
        return labels
    }
}
