internal import KubeObjects
public import NetAddress

/// What follows for one node and family from the settings and the Node object, independent of Services
/// (kube-proxy 1.36, iptables mode).
public struct NodeFacts: Sendable, Hashable {
    /// How traffic of local pods is detected; nil: not at all.
    public enum LocalTraffic: Sendable, Hashable {
        case source(IPPrefix)
        /// An interface's name, which ends with `+` where it is the beginning of names.
        case interface(String)
    }

    /// Where node ports answer.
    public enum NodePorts: Sendable, Hashable {
        /// On all local addresses.
        case allAddresses
        /// On these, sorted by their text.
        case addresses([IPAddress])
    }

    /// The node's name; nil: a node that has no endpoints of its own.
    public let name: String?
    /// The node's zone; empty where it is not known.
    public let zone: String
    /// The node's IP of the family, for source ranges.
    public let nodeIP: IPAddress
    public let localTraffic: LocalTraffic?
    /// The addresses of the host's interfaces of the family, each once, sorted by their text.
    public let hostAddresses: [IPAddress]
    public let nodePorts: NodePorts
    /// Whether node ports answer on 127.0.0.1 (`LNP`).
    public let hasLocalhostNodePorts: Bool
    /// The packet mark for masquerading.
    public let masqueradeMark: UInt32

    init(_ settings: ProxySettings, node: Node?) {
        let family = settings.family
        name = settings.nodeName ?? node?.name.text
        zone = node?.zone ?? ""
        let nodeIPs = NodeFacts.nodeIPs(settings, node)
        nodeIP = nodeIPs.first { $0.family == family } ?? .loopback(family)
        localTraffic = NodeFacts.localTraffic(settings, node)
        masqueradeMark = 1 << UInt32(settings.masqueradeBit)

        var ranges: [IPPrefix]
        switch settings.nodePortAddresses {
        case .ranges(let given): ranges = given
        case .primary: ranges = nodeIPs.filter { !$0.isLoopback }.map(IPPrefix.init(single:))
        }
        ranges = ranges.filter { $0.family == family }
        if ranges.isEmpty { ranges = [.all(family)] }
        // Those after the first range of all addresses do not matter.
        let firstZero = ranges.firstIndex { $0.length == 0 }
        let loopback = IPAddress(ipv4: 0x7F00_0000)
        let holdsLoopback = ranges[...(firstZero ?? ranges.count - 1)].contains {
            $0.network.isLoopback || $0.contains(loopback)
        }
        let hasLocalhost = settings.localhostNodePorts && family == .ipv4 && holdsLoopback
        hasLocalhostNodePorts = hasLocalhost
        let host =
            settings.hostAddresses
            ?? (node.map { $0.internalIPs + $0.externalIPs } ?? []) + [.loopback(family)]
        hostAddresses = host.filter { $0.family == family }.sorted { $0.text < $1.text }.reduce(into: []) {
            if $0.last != $1 { $0.append($1) }
        }
        guard firstZero == nil else {
            nodePorts = .allAddresses
            return
        }
        nodePorts = .addresses(
            hostAddresses.filter { address in
                ranges.contains { $0.contains(address) } && (hasLocalhost || !address.isLoopback)
            })
    }

    /// Whether the node's own address is in the pods' range, so that it counts as a pod.
    var countsAsPod: Bool {
        guard case .source(let pods) = localTraffic else { return false }
        return pods.contains(nodeIP)
    }

    /// Whether node ports answer on one of the host's addresses.
    func takesNodePorts(_ address: IPAddress) -> Bool {
        switch nodePorts {
        case .addresses(let addresses): addresses.contains(address)
        case .allAddresses: address.isLoopback ? hasLocalhostNodePorts : hostAddresses.contains(address)
        }
    }

    /// The node's IPv4 and IPv6 address: the first of each family among its internal and then its external addresses,
    /// the bind address in place of the one of its family, loopback where there is none.
    static func nodeIPs(_ settings: ProxySettings, _ node: Node?) -> [IPAddress] {
        let given = (node?.internalIPs ?? []) + (node?.externalIPs ?? [])
        return AddressFamily.allCases.map { family in
            if let bind = settings.bindAddress, bind.family == family, !bind.isUnspecified { return bind }
            return given.first { $0.family == family } ?? .loopback(family)
        }
    }

    private static func localTraffic(_ settings: ProxySettings, _ node: Node?) -> LocalTraffic? {
        func source(_ ranges: [IPPrefix]) -> LocalTraffic? {
            ranges.first { $0.family == settings.family }.map { .source($0) }
        }
        switch settings.detectLocalMode {
        case .clusterCIDR: return source(settings.clusterCIDRs)
        case .nodeCIDR: return source(node?.podCIDRs ?? [])
        case .bridgeInterface: return settings.podBridgeInterface.map { .interface($0.text) }
        case .interfaceNamePrefix: return settings.podInterfaceNamePrefix.map { .interface($0.text + "+") }
        }
    }
}
