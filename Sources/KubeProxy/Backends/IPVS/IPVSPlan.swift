public import KubeChainsBytes
public import KubeChainsJSON
internal import KubeObjects
public import NetAddress

/// A virtual server of the kernel: the frontend, and whose endpoints are its real servers.
public struct VirtualServer: Sendable, Hashable {
    /// The protocol.
    public let transport: TransportProtocol
    /// The address.
    public let address: IPAddress
    /// The port.
    public let port: UInt16
    /// The index of its Service port in the plan, the last of several.
    public let servicePort: Int
    /// The policy that its frontend asks for.
    public let policy: EndpointPolicy

    /// `address:port`, with brackets around an IPv6 address.
    public var text: AddressText { AddressText(address, port: port) }
}

/// A frontend of a Service port on one address, which gets a virtual server.
struct VirtualServerFrontend: Sendable {
    let frontend: ServiceFrontend
    let address: IPAddress
    /// Whether it puts the address on `kube-ipvs0`.
    let bindsAddress: Bool

    var kind: Frontend.Kind { frontend.kind }
    var port: UInt16 { frontend.frontend.port }
}

/// A load balancer's address whose replies the node itself must not get, since no source range contains the node.
public struct RefusedOrigin: Sendable, Hashable {
    /// The address.
    public let address: IPAddress
    /// The protocol.
    public let transport: TransportProtocol
    /// The port.
    public let port: UInt16
}

/// What kube-proxy in IPVS mode programs for a plan on a host without left-overs: virtual and real servers, addresses,
/// and sets (kube-proxy 1.36: `syncProxyRules` of `pkg/proxy/ipvs/proxier.go`). Which endpoints there are and which
/// policy uses them is decided in the plan; here is only what IPVS mode does differently from iptables mode.
public struct IPVSPlan: Backend {
    /// The plan for the node.
    public let plan: NodePlan
    /// The addresses on which node ports listen.
    public let nodeIPs: [IPAddress]
    /// Each once, in byte order of ipvsadm's text.
    public private(set) var virtualServers: [VirtualServer] = []
    /// The addresses of the interface `kube-ipvs0`, each once, in byte order.
    public private(set) var boundAddresses: [IPAddress] = []
    private var sets: SetEntries
    /// The host's own addresses, as kube-proxy takes them.
    private let hostAddresses: Set<IPAddress>

    /// In the order of the Service ports; one may come several times.
    public var refusedOrigins: [RefusedOrigin] { sets.refusedOrigins }
    /// The entries of a set; one may come several times.
    public func entries(of set: IPSet) -> [IPSetEntry] { sets.bySet[set] ?? [] }

    /// - Throws: ``SnapshotError`` if the forwarding method cannot serve a Service.
    public init(_ plan: NodePlan, with workers: Workers? = nil) throws(SnapshotError) {
        self.plan = plan
        nodeIPs = IPVSPlan.nodeIPs(plan.node)
        hostAddresses = Set(IPVSPlan.withoutSpecial(plan.node.hostAddresses))
        sets = SetEntries(nodeIPs: nodeIPs)
        var claims: [VirtualServer] = []
        var bound: Set<IPAddress> = []
        for (index, port) in plan.servicePorts.enumerated() {
            eachFrontend(of: port) { frontend in
                claims.append(
                    VirtualServer(
                        transport: port.name.transport, address: frontend.address, port: frontend.port,
                        servicePort: index,
                        policy: frontend.frontend.policy))
                if frontend.bindsAddress { bound.insert(frontend.address) }
            }
            sets.add(port)
        }
        virtualServers = IPVSPlan.lastClaims(claims)
        boundAddresses = bound.sorted { $0.text < $1.text }
        for address in boundAddresses { sets.add(bound: address) }
        if !plan.settings.ipvs.forwarding.translatesPorts { try checkPorts() }
    }

    /// The real servers of a virtual server, in byte order.
    public func realServers(of server: VirtualServer) -> some Sequence<PlannedEndpoint> {
        let port = plan.servicePorts[server.servicePort]
        return port.endpoints(of: policy(serving: server.policy, of: port))
    }

    /// The seconds for which a client keeps its real server; nil: not at all.
    public func persistence(of server: VirtualServer) -> Int? { plan.servicePorts[server.servicePort].affinitySeconds }

    // MARK: Frontends

    /// The frontends of a Service port, in kube-proxy's order; node ports once for each address on which they listen.
    func eachFrontend(of port: ServicePortPlan, _ body: (VirtualServerFrontend) -> Void) {
        for frontend in port.frontends {
            for address in frontend.frontend.address.map({ [$0] }) ?? nodeIPs {
                let binds: Bool =
                    switch frontend.kind {
                    case .clusterIP: true
                    case .externalIP, .loadBalancerIP: !hostAddresses.contains(address)
                    case .nodePort: false
                    }
                body(VirtualServerFrontend(frontend: frontend, address: address, bindsAddress: binds))
            }
        }
    }

    // MARK: Addresses

    private static let linkLocal = IPPrefix(IPAddress(high: 0xFE80 << 48, low: 0), length: 10)

    /// Whether kube-proxy ignores an address of the host.
    static func isSpecial(_ address: IPAddress) -> Bool { address.isLoopback || linkLocal.contains(address) }

    /// What kube-proxy considers the host's own addresses.
    private static func withoutSpecial(_ addresses: [IPAddress]) -> [IPAddress] {
        addresses.filter { !isSpecial($0) }
    }

    /// Node ports never listen on loopback addresses, and on link-local ones only if a range contains them.
    static func nodeIPs(_ node: NodeFacts) -> [IPAddress] {
        switch node.nodePorts {
        case .allAddresses: withoutSpecial(node.hostAddresses)
        case .addresses(let addresses): addresses.filter { !$0.isLoopback }
        }
    }

    /// Each virtual server once, in byte order of its text; of several Service ports the last one wins.
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
}
