public import KubeSnapshot
public import NetAddress

/// A virtual server of the kernel: what clients talk to, and whose real servers answer.
public struct VirtualServer: Sendable, Hashable {
    public let transport: TransportProtocol
    public let address: IPAddress
    public let port: UInt16
    /// The index among the plan's Service ports of the one that claims it, the last of several.
    public let servicePort: Int
    /// Whether the claim asks for the local policy.
    public let asksForLocal: Bool

    /// `address:port`, with brackets around an IPv6 address.
    public var text: AddressText { AddressText(address, port: port) }
}

/// A load balancer's address whose answers the node itself must not get, since no source range holds the node.
public struct RefusedOrigin: Sendable, Hashable {
    public let address: IPAddress
    public let transport: TransportProtocol
    public let port: UInt16
}

/// What kube-proxy in IPVS mode programs for a plan on a host without left-overs: virtual and real servers, addresses, and
/// sets (kube-proxy 1.36: `syncProxyRules` of `pkg/proxy/ipvs/proxier.go`). Which endpoints there are and which policy uses
/// them is the plan's to say; what stands here is where IPVS mode makes something else of it than iptables mode.
public struct IPVSPlan: Sendable {
    public let plan: ServicePlan
    /// The addresses on which node ports listen.
    public let nodeIPs: [IPAddress]
    /// Each once, in byte order of ipvsadm's text.
    public private(set) var virtualServers: [VirtualServer] = []
    /// The addresses of the interface `kube-ipvs0`, each once, in byte order.
    public private(set) var boundAddresses: [IPAddress] = []
    private var entries: [IPSet: [IPSetEntry]] = [:]
    /// In the order of the Service ports; one may come several times.
    public private(set) var refusedOrigins: [RefusedOrigin] = []

    /// The entries of a set; one may come several times.
    public func entries(of set: IPSet) -> [IPSetEntry] { entries[set] ?? [] }

    /// - Throws: ``SnapshotError`` if the way of forwarding can not serve a Service.
    public init(_ plan: ServicePlan, of snapshot: ClusterSnapshot) throws(SnapshotError) {
        self.plan = plan
        nodeIPs = IPVSPlan.nodeIPs(plan.node)
        let hostAddresses = Set(IPVSPlan.withoutSpecial(plan.node.hostAddresses))
        var claims: [VirtualServer] = []
        var bound: Set<IPAddress> = []
        for (index, port) in plan.servicePorts.enumerated() {
            func claim(_ address: IPAddress, _ number: UInt16, local: Bool) {
                claims.append(
                    VirtualServer(
                        transport: port.name.transport, address: address, port: number, servicePort: index,
                        asksForLocal: local))
            }
            claim(port.clusterIP, port.port, local: port.internalPolicyIsLocal)
            bound.insert(port.clusterIP)
            for address in port.externalIPs + port.loadBalancerIPs {
                claim(address, port.port, local: port.externalPolicyIsLocal)
                if !hostAddresses.contains(address) { bound.insert(address) }
            }
            if port.nodePort > 0 {
                for address in nodeIPs { claim(address, port.nodePort, local: port.externalPolicyIsLocal) }
            }
            addEntries(of: port)
        }
        virtualServers = IPVSPlan.lastClaims(claims)
        boundAddresses = bound.sorted { $0.text < $1.text }
        entries[.boundAddresses] = boundAddresses.map { .address($0) }
        if !plan.settings.ipvs.forwarding.translatesPorts { try checkPorts(snapshot) }
    }

    /// The real servers of a virtual server, in byte order.
    public func realServers(of server: VirtualServer) -> some Sequence<PlannedEndpoint> {
        let port = plan.servicePorts[server.servicePort]
        // Here the modes part: without a local endpoint the local policy falls back to the cluster policy's endpoints,
        // where iptables mode drops.
        let use = server.asksForLocal && port.localCount > 0 ? \PlannedEndpoint.localUse : \.clusterUse
        return port.endpoints.lazy.filter { $0[keyPath: use].isUsed }
    }

    /// The seconds for which a client keeps its real server; nil: not at all.
    public func persistence(of server: VirtualServer) -> Int? { plan.servicePorts[server.servicePort].affinitySeconds }

    // MARK: Addresses

    private static let linkLocal = IPPrefix(IPAddress(high: 0xFE80 << 48, low: 0), length: 10)

    /// Whether kube-proxy passes over an address of the host's.
    static func isSpecial(_ address: IPAddress) -> Bool { address.isLoopback || linkLocal.contains(address) }

    /// What kube-proxy takes for the host's own addresses.
    private static func withoutSpecial(_ addresses: [IPAddress]) -> [IPAddress] {
        addresses.filter { !isSpecial($0) }
    }

    /// Node ports never listen on loopback addresses, and on link-local ones only if a range holds them.
    private static func nodeIPs(_ node: NodeFacts) -> [IPAddress] {
        switch node.nodePorts {
        case .allAddresses: withoutSpecial(node.hostAddresses)
        case .addresses(let addresses): addresses.filter { !$0.isLoopback }
        }
    }

    /// Each virtual server once, in byte order of its text, as its last claim wants it.
    private static func lastClaims(_ claims: [VirtualServer]) -> [VirtualServer] {
        struct Key: Equatable {
            let order: Int
            let text: AddressText
        }
        let keys = claims.map { Key(order: $0.transport.ipvsadmOrder, text: $0.text) }
        let sorted = claims.indices.sorted { left, right in
            if keys[left] == keys[right] { return left < right }
            if keys[left].order != keys[right].order { return keys[left].order < keys[right].order }
            return keys[left].text < keys[right].text
        }
        return sorted.indices.compactMap { place in
            let isReplaced = place + 1 < sorted.count && keys[sorted[place + 1]] == keys[sorted[place]]
            return isReplaced ? nil : claims[sorted[place]]
        }
    }

    // MARK: Sets

    private mutating func addEntries(of port: ServicePortPlan) {
        let transport = port.name.transport
        func entry(_ address: IPAddress) -> IPSetEntry { .addressPort(address, transport, port.port) }
        // In whatever condition: the rule for hairpins does not ask who is used.
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
            // kube-proxy passes over the rest of such a port.
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

    private mutating func add(_ entry: IPSetEntry, to set: IPSet) { entries[set, default: []].append(entry) }
}
