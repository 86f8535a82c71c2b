/// What kube-proxy takes from the options and from its own Node, for one IP family.
struct ReferenceNode {
    typealias Family = ClusterDescription.Family

    let name: String
    let family: Family
    /// The node's zone; empty if it has none.
    let zone: String
    let nodeIP: ReferenceAddress
    /// The match of traffic that comes from the node's own pods, such as `-s 10.0.0.0/8`; `! ` before it negates it.
    let localTraffic: String?
    /// Every local address takes node ports.
    let nodePortsOnAllAddresses: Bool
    /// Node ports are reachable from 127.0.0.0/8.
    let localhostNodePorts: Bool
    /// The local addresses that take node ports, in byte order, unless all do.
    let nodePortAddresses: [String]

    init(_ cluster: ClusterDescription) {
        let settings = cluster.settings
        let node = cluster.nodes.first { $0.name == settings.node }
        let addresses = NodeAddresses(node: node, bindAddress: settings.bindAddress)
        name = settings.node
        family = settings.family
        zone = node?.zone ?? ""
        nodeIP = addresses[settings.family]
        localTraffic = Self.localTraffic(settings, podCIDRs: node?.podCIDRs ?? [])

        let prefixes = Self.nodePortPrefixes(settings, addresses: addresses)
        let isIPv4 = settings.family == .ipv4
        let matchesAll = prefixes.contains { $0.length == 0 }
        let localhost = isIPv4 && settings.localhostNodePorts && Self.containLoopback(prefixes)
        let interfaces = Self.interfaceAddresses(settings, node: node).filter { address in
            prefixes.contains { $0.contains(address) } && (!address.isLoopback || localhost)
        }
        nodePortsOnAllAddresses = matchesAll
        localhostNodePorts = localhost
        nodePortAddresses = matchesAll ? [] : uniqueSorted(interfaces.map(\.text))
    }

    private static func localTraffic(_ settings: ClusterDescription.Settings, podCIDRs: [String]) -> String? {
        func sourceMatch(_ texts: [String]) -> String? {
            texts.compactMap { ReferencePrefix($0) }.first { $0.family == settings.family }.map { "-s \($0.text)" }
        }
        switch settings.detectLocalMode ?? "ClusterCIDR" {
        case "ClusterCIDR": return sourceMatch(settings.clusterCIDRs)
        case "NodeCIDR": return sourceMatch(podCIDRs)
        case "BridgeInterface": return settings.bridgeInterface.map { "-i \($0)" }
        case "InterfaceNamePrefix": return settings.interfaceNamePrefix.map { "-i \($0)+" }
        default: return nil
        }
    }

    private static func nodePortPrefixes(
        _ settings: ClusterDescription.Settings, addresses: NodeAddresses
    ) -> [ReferencePrefix] {
        var texts = settings.nodePortAddresses
        if texts == ["primary"] {
            let primary = Family.allCases.map { addresses[$0] }.filter { !$0.isLoopback }
            texts = primary.map { "\($0.text)/\($0.octets.count * 8)" }
        }
        let kept = texts.compactMap { ReferencePrefix($0) }.filter { $0.family == settings.family }
        return kept.isEmpty ? [ReferencePrefix(settings.family == .ipv4 ? "0.0.0.0/0" : "::/0")!] : kept
    }

    /// A prefix up to the first zero prefix is inside 127.0.0.0/8 or contains its network address.
    private static func containLoopback(_ prefixes: [ReferencePrefix]) -> Bool {
        for prefix in prefixes {
            if prefix.network.isLoopback || prefix.contains(ReferenceAddress(octets: [127, 0, 0, 0])) { return true }
            if prefix.length == 0 { break }
        }
        return false
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

    init(node: ClusterDescription.Node?, bindAddress: String?) {
        let addresses = node?.addresses ?? []
        let candidates = ["InternalIP", "ExternalIP"].flatMap { type in
            addresses.filter { $0.type == type }.compactMap { ReferenceAddress($0.address) }
        }
        if let primary = candidates.first {
            self[primary.family] = primary
            if let secondary = candidates.first(where: { $0.family != primary.family }) {
                self[secondary.family] = secondary
            }
        }
        if let bind = bindAddress.flatMap({ ReferenceAddress($0) }), !bind.isUnspecified {
            self[bind.family] = bind
        }
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
