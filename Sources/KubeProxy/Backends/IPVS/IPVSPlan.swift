public import KubeChainsJSON
internal import KubeObjects
public import NetAddress

/// A virtual server of the kernel: the frontend, and whose endpoints are its real servers.
public struct VirtualServer: Sendable, Hashable {
    public let transport: TransportProtocol
    public let address: IPAddress
    public let port: UInt16
    /// The index of its Service port in the plan, the last of several.
    public let servicePort: Int
    /// Whether it uses the local policy.
    public let asksForLocal: Bool

    /// `address:port`, with brackets around an IPv6 address.
    public var text: AddressText { AddressText(address, port: port) }
}

/// A frontend of a Service port, which gets a virtual server.
struct VirtualServerFrontend: Sendable, Hashable {
    let kind: Frontend.Kind
    let address: IPAddress
    let port: UInt16
    /// Whether it uses the local policy.
    let asksForLocal: Bool
    /// Whether it puts the address on `kube-ipvs0`.
    let bindsAddress: Bool
}

extension ServicePortPlan {
    /// The modes differ here: without a local endpoint the local policy falls back to the cluster policy's endpoints,
    /// where iptables mode drops.
    var fallsBackInIPVS: Bool { localCount == 0 }
}

/// A load balancer's address whose replies the node itself must not get, since no source range contains the node.
public struct RefusedOrigin: Sendable, Hashable {
    public let address: IPAddress
    public let transport: TransportProtocol
    public let port: UInt16
}

/// What kube-proxy in IPVS mode programs for a plan on a host without left-overs: virtual and real servers, addresses,
/// and sets (kube-proxy 1.36: `syncProxyRules` of `pkg/proxy/ipvs/proxier.go`). Which endpoints there are and which
/// policy uses them is decided in the plan; here is only what IPVS mode does differently from iptables mode.
public struct IPVSPlan: Sendable {
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
    public init(_ plan: NodePlan) throws(SnapshotError) {
        self.plan = plan
        nodeIPs = IPVSPlan.nodeIPs(plan.node)
        hostAddresses = Set(IPVSPlan.withoutSpecial(plan.node.hostAddresses))
        sets = SetEntries(nodeIPs: nodeIPs)
        var claims: [VirtualServer] = []
        var bound: Set<IPAddress> = []
        for (index, port) in plan.servicePorts.enumerated() {
            eachClaim(of: port) { claim in
                claims.append(
                    VirtualServer(
                        transport: port.name.transport, address: claim.address, port: claim.port, servicePort: index,
                        asksForLocal: claim.asksForLocal))
                if claim.bindsAddress { bound.insert(claim.address) }
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
        let use = server.asksForLocal && !port.fallsBackInIPVS ? \PlannedEndpoint.localUse : \.clusterUse
        return port.endpoints.lazy.filter { $0[keyPath: use].isUsed }
    }

    /// The seconds for which a client keeps its real server; nil: not at all.
    public func persistence(of server: VirtualServer) -> Int? { plan.servicePorts[server.servicePort].affinitySeconds }

    // MARK: Claims

    /// The frontends of a Service port, in kube-proxy's order.
    func eachClaim(of port: ServicePortPlan, _ body: (VirtualServerFrontend) -> Void) {
        func claim(_ kind: Frontend.Kind, _ address: IPAddress, binds: Bool) {
            let isLocal = kind == .clusterIP ? port.internalPolicyIsLocal : port.externalPolicyIsLocal
            body(
                VirtualServerFrontend(
                    kind: kind, address: address, port: kind == .nodePort ? port.nodePort : port.port,
                    asksForLocal: isLocal, bindsAddress: binds))
        }
        claim(.clusterIP, port.clusterIP, binds: true)
        for address in port.externalIPs { claim(.externalIP, address, binds: !hostAddresses.contains(address)) }
        for address in port.loadBalancerIPs {
            claim(.loadBalancerIP, address, binds: !hostAddresses.contains(address))
        }
        if port.nodePort > 0 { for address in nodeIPs { claim(.nodePort, address, binds: false) } }
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
    private static func nodeIPs(_ node: NodeFacts) -> [IPAddress] {
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
