/// What kube-proxy takes from the options and from its own Node, for one IP family.
struct ReferenceNode {
    typealias Family = ClusterDescription.Family

    let version: ReferenceVersion
    let name: String
    let family: Family
    /// The node's zone; empty if it has none.
    let zone: String
    let nodeIP: ReferenceAddress
    /// The match of traffic that comes from the node's own pods, such as `-s 10.0.0.0/8`; `! ` before it negates it.
    let localTraffic: String?
    let nodePorts: ReferenceNodePorts

    /// Every local address takes node ports.
    var nodePortsOnAllAddresses: Bool { nodePorts.matchesAll }
    /// Node ports are reachable from 127.0.0.0/8.
    var localhostNodePorts: Bool { nodePorts.localhost }
    /// The local addresses that take node ports, in byte order, unless all do.
    var nodePortAddresses: [String] { nodePorts.addresses }

    init(_ cluster: ClusterDescription) {
        let settings = cluster.settings
        let node = cluster.nodes.first { $0.name == settings.node }
        let version = ReferenceVersion(minor: settings.kubeProxyMinor)
        let addresses = NodeAddresses(node: node, bindAddress: settings.bindAddress, version: version)
        self.version = version
        name = settings.node
        family = settings.family
        zone = node?.zone ?? ""
        nodeIP = addresses[settings.family]
        localTraffic = Self.localTraffic(settings, podCIDRs: node?.podCIDRs ?? [], version: version)
        nodePorts = ReferenceNodePorts(
            texts: Self.nodePortTexts(settings, addresses: addresses), settings: settings,
            host: Self.interfaceAddresses(settings, node: node), version: version)
    }

    private static func localTraffic(
        _ settings: ClusterDescription.Settings, podCIDRs: [String], version: ReferenceVersion
    ) -> String? {
        func sourceMatch(_ texts: [String]) -> String? {
            let first = texts.compactMap { ReferencePrefix($0) }.first { $0.family == settings.family }
            return first.map { "-s \(version.isUpTo(29) ? $0.given : $0.text)" }
        }
        switch settings.detectLocalMode ?? "ClusterCIDR" {
        case "ClusterCIDR": return sourceMatch(settings.clusterCIDRs)
        case "NodeCIDR": return sourceMatch(podCIDRs)
        case "BridgeInterface": return settings.bridgeInterface.map { "-i \($0)" }
        case "InterfaceNamePrefix": return settings.interfaceNamePrefix.map { "-i \($0)+" }
        default: return nil
        }
    }

    /// The texts that the setting `nodePortAddresses` comes to.
    private static func nodePortTexts(
        _ settings: ClusterDescription.Settings, addresses: NodeAddresses
    ) -> [String] {
        guard settings.nodePortAddresses == ["primary"] else { return settings.nodePortAddresses }
        let primary = Family.allCases.map { addresses[$0] }.filter { !$0.isLoopback }
        return primary.map { "\($0.text)/\($0.octets.count * 8)" }
    }

    static func interfaceAddresses(
        _ settings: ClusterDescription.Settings, node: ClusterDescription.Node?
    ) -> [ReferenceAddress] {
        var texts = settings.interfaceAddresses
        if texts.isEmpty {
            texts = ["127.0.0.1", "::1"] + (node?.addresses ?? []).filter { $0.type != "Hostname" }.map(\.address)
        }
        return texts.compactMap { text in
            ReferenceAddress(String(text.prefix { $0 != "/" }))
        }
    }
}

/// The node IP of each family: loopback unless the Node's addresses or the bind address give another.
private struct NodeAddresses {
    private var ipv4 = ReferenceAddress(octets: [127, 0, 0, 1])
    private var ipv6 = ReferenceAddress(octets: [UInt8](repeating: 0, count: 15) + [1])

    init(node: ClusterDescription.Node?, bindAddress: String?, version: ReferenceVersion) {
        let addresses = node?.addresses ?? []
        let candidates = ["InternalIP", "ExternalIP"].flatMap { type in
            addresses.filter { $0.type == type }.compactMap { ReferenceAddress($0.address) }
        }
        let bind = bindAddress.flatMap { ReferenceAddress($0) }
        if version.isUpTo(28) {
            setOlder(bind: bind, candidates: version.isUpTo(27) ? nil : candidates)
            return
        }
        if let primary = candidates.first {
            self[primary.family] = primary
            if let secondary = candidates.first(where: { $0.family != primary.family }) {
                self[secondary.family] = secondary
            }
        }
        if let bind, !bind.isUnspecified { self[bind.family] = bind }
    }

    /// Up to 1.28: one address, that of the bind address or, in 1.28, of the Node; the other family's is unspecified.
    private mutating func setOlder(bind: ReferenceAddress?, candidates: [ReferenceAddress]?) {
        let bind = bind ?? ReferenceAddress(octets: [0, 0, 0, 0])
        let loopback = ipv4
        ipv4 = ReferenceAddress(octets: [0, 0, 0, 0])
        ipv6 = ReferenceAddress(octets: [UInt8](repeating: 0, count: 16))
        let own = bind.isUnspecified ? candidates.map { $0.first ?? loopback } ?? bind : bind
        self[own.family] = own
    }

    subscript(family: ClusterDescription.Family) -> ReferenceAddress {
        get { family == .ipv4 ? ipv4 : ipv6 }
        set { if family == .ipv4 { ipv4 = newValue } else { ipv6 = newValue } }
    }
}

/// The distinct texts in byte order.
func uniqueSorted(_ texts: [String]) -> [String] {
    var result: [String] = []
    for text in texts.sorted(by: bytesPrecede) where text != result.last { result.append(text) }
    return result
}

/// Byte order of two texts.
func bytesPrecede(_ first: String, _ second: String) -> Bool {
    first.utf8.lexicographicallyPrecedes(second.utf8)
}
