internal import NetAddress

/// Conflicts: the addresses and ports of several Service ports. kube-proxy's order is that of a hash map and may change
/// with every sync; here it is by name.
struct FrontendConflicts: Sendable {
    private struct Place: Hashable {
        let transport: TransportProtocol
        let address: IPAddress
        let port: UInt16
    }

    /// The Service port that gets the traffic.
    private struct Owners {
        /// The first with a DNAT rule; node ports come after all addresses.
        var iptables: (index: Int, isNodePort: Bool)?
        /// The last of all.
        var ipvs: Int
        var isShared = false
    }

    struct Conflict {
        /// `address:port/protocol`.
        let place: String
        /// Indices among the plan's Service ports; nil: none has an endpoint.
        let iptablesOwner: Int?
        let ipvsOwner: Int
    }

    private var shared: [Place: Owners] = [:]

    init(_ state: IPVSPlan) {
        var owners: [Place: Owners] = [:]
        for (index, port) in state.plan.servicePorts.enumerated() {
            state.eachFrontend(of: port) { frontend in
                let place = Place(transport: port.name.transport, address: frontend.address, port: frontend.port)
                let isNodePort = frontend.kind == .nodePort
                var entry = owners[place] ?? Owners(iptables: nil, ipvs: index)
                entry.isShared = entry.isShared || entry.ipvs != index
                entry.ipvs = index
                let translates = frontend.kind == .clusterIP ? port.acceptsInternal : port.hasAnyEndpoint
                if translates, entry.iptables.map({ $0.isNodePort && !isNodePort }) ?? true {
                    entry.iptables = (index, isNodePort)
                }
                owners[place] = entry
            }
        }
        shared = owners.filter(\.value.isShared)
    }

    /// The first place of a Service port that different Service ports get in the two modes.
    func conflict(of port: ServicePortPlan, _ state: IPVSPlan) -> Conflict? {
        if shared.isEmpty { return nil }
        var found: Conflict?
        state.eachFrontend(of: port) { frontend in
            let place = Place(transport: port.name.transport, address: frontend.address, port: frontend.port)
            guard found == nil, let owners = shared[place], owners.iptables?.index != owners.ipvs else { return }
            let text = AddressText(frontend.address, port: frontend.port)
            found = Conflict(
                place: "\(text)/\(place.transport.name)", iptablesOwner: owners.iptables?.index, ipvsOwner: owners.ipvs)
        }
        return found
    }
}
