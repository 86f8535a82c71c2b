internal import NetAddress

/// The entries that Service ports put into the sets, in their order; one may come several times.
struct SetEntries: Sendable {
    /// The addresses on which node ports listen.
    let nodeIPs: [IPAddress]
    private(set) var bySet: [IPSet: [IPSetEntry]] = [:]
    private(set) var refusedOrigins: [RefusedOrigin] = []

    init(nodeIPs: [IPAddress]) { self.nodeIPs = nodeIPs }

    /// Adds the entry of an address of `kube-ipvs0`.
    mutating func add(bound address: IPAddress) { add(.address(address), to: .boundAddresses) }

    /// Adds the entries of a Service port.
    mutating func add(_ port: ServicePortPlan) {
        let transport = port.name.transport
        func entry(_ address: IPAddress) -> IPSetEntry { .addressPort(address, transport, port.port) }
        // In every condition: the rule for hairpins includes endpoints that are not used.
        for endpoint in port.endpoints where endpoint.isLocal {
            add(.addressPortAddress(endpoint.address, transport, endpoint.port, endpoint.address), to: .loopBack)
        }
        add(entry(port.clusterIP), to: .clusterIP)
        for address in port.externalIPs {
            add(entry(address), to: port.externalPolicyIsLocal ? .externalIPLocal : .externalIP)
        }
        for address in port.loadBalancerIPs {
            add(entry(address), to: .loadBalancer)
            if port.externalPolicyIsLocal { add(entry(address), to: .loadBalancerLocal) }
            if !port.sourceRanges.isEmpty { addSourceRanges(of: port, address) }
        }
        if port.nodePort > 0 {
            // kube-proxy skips the rest of such a port.
            if nodeIPs.isEmpty { return }
            addNodePort(of: port)
        }
        if port.healthCheckNodePort > 0 { add(.port(port.healthCheckNodePort), to: .healthCheckNodePort) }
    }

    private mutating func addSourceRanges(of port: ServicePortPlan, _ address: IPAddress) {
        let transport = port.name.transport
        add(.addressPort(address, transport, port.port), to: .loadBalancerFirewall)
        for range in port.sourceRanges {
            add(.addressPortRange(address, transport, port.port, range), to: .loadBalancerSourceCIDR)
        }
        if port.sourceRangesHoldNode {
            add(.addressPortAddress(address, transport, port.port, address), to: .loadBalancerSourceIP)
        } else {
            refusedOrigins.append(RefusedOrigin(address: address, transport: transport, port: port.port))
        }
    }

    /// Local ones are in both sets, and the rule of the local set comes first.
    private mutating func addNodePort(of port: ServicePortPlan) {
        let sets: (all: IPSet, local: IPSet)
        switch port.name.transport {
        case .tcp: sets = (.nodePortTCP, .nodePortLocalTCP)
        case .udp: sets = (.nodePortUDP, .nodePortLocalUDP)
        case .sctp: sets = (.nodePortSCTP, .nodePortLocalSCTP)
        }
        let entries: [IPSetEntry] =
            port.name.transport == .sctp
            ? nodeIPs.map { .addressPort($0, .sctp, port.nodePort) } : [.port(port.nodePort)]
        for entry in entries {
            add(entry, to: sets.all)
            if port.externalPolicyIsLocal { add(entry, to: sets.local) }
        }
    }

    private mutating func add(_ entry: IPSetEntry, to set: IPSet) { bySet[set, default: []].append(entry) }
}
