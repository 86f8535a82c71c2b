internal import NetAddress

/// Which Service port a frontend, an entry of a set or an address belongs to.
struct IPVSOwners {
    private var servers: [String: ServicePortLabel] = [:]
    /// By address, protocol and port as entries of sets name them.
    private var frontends: [String: ServicePortLabel] = [:]
    private var endpoints: [String: ServicePortLabel] = [:]
    private var nodePorts: [String: ServicePortLabel] = [:]
    private var healthChecks: [UInt16: ServicePortLabel] = [:]
    private var addresses: [IPAddress: ServicePortLabel] = [:]

    init(_ state: IPVSPlan) {
        for port in state.plan.servicePorts {
            let label = ServicePortLabel(port.name)
            let transport = port.name.transport.name
            for address in [port.clusterIP] + port.externalIPs + port.loadBalancerIPs {
                frontends["\(address),\(transport):\(port.port)"] = label
                if addresses[address] == nil { addresses[address] = label }
            }
            for endpoint in port.endpoints where endpoint.isLocal {
                endpoints["\(endpoint.address),\(transport):\(endpoint.port)"] = label
            }
            if port.nodePort > 0 { nodePorts["\(transport):\(port.nodePort)"] = label }
            if healthChecks[port.healthCheckNodePort] == nil { healthChecks[port.healthCheckNodePort] = label }
        }
        for server in state.virtualServers {
            servers["\(server.transport.ipvsadmOption) \(server.text)"] = ServicePortLabel(
                state.plan.servicePorts[server.servicePort].name)
        }
    }

    /// That of a virtual server.
    func owner(of server: HostServer) -> ServicePortLabel? { servers[server.name] }

    /// That of an address of `kube-ipvs0`: the first of its ports.
    func owner(of address: IPAddress) -> ServicePortLabel? { addresses[address] }

    /// That of a set's entry.
    func owner(of entry: String, in set: IPSet) -> ServicePortLabel? {
        switch set {
        case .boundAddresses: return IPAddress(entry).flatMap { addresses[$0] }
        case .healthCheckNodePort: return UInt16(entry).flatMap { healthChecks[$0] }
        case .nodePortTCP, .nodePortLocalTCP: return nodePorts["tcp:\(entry)"]
        case .nodePortUDP, .nodePortLocalUDP: return nodePorts["udp:\(entry)"]
        case .nodePortSCTP, .nodePortLocalSCTP:
            return entry.split(separator: ",").last.flatMap { nodePorts[String($0)] }
        default:
            // Sources stand behind the address and the port.
            let frontend = entry.split(separator: ",").prefix(2).joined(separator: ",")
            return set == .loopBack ? endpoints[frontend] : frontends[frontend]
        }
    }

    /// That of a rule about what the node sends from a load balancer's IP.
    func owner(ofRule text: String, _ origins: [RefusedOrigin]) -> ServicePortLabel? {
        let words = Set(text.split(separator: " "))
        for origin in origins
        where words.contains("\(origin.address)") && words.contains("\(origin.port)")
            && (words.contains("\(origin.transport.number)") || words.contains("\(origin.transport.name)"))
        {
            return frontends["\(origin.address),\(origin.transport.name):\(origin.port)"]
        }
        return nil
    }
}
