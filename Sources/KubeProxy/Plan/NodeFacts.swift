internal import KubeObjects
public import NetAddress

/// What follows for one node and family from the settings and the Node object, independent of Services
/// (kube-proxy 1.36, iptables mode).
public struct NodeFacts: Sendable, Hashable {
    /// How traffic of local pods is detected; nil: not at all.
    public enum LocalTraffic: Sendable, Hashable {
        /// By their source.
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
    /// How traffic of local pods is detected; nil: it cannot be.
    public let localTraffic: LocalTraffic?
    /// The addresses of the host's interfaces of the family, each once, sorted by their text.
    public let hostAddresses: [IPAddress]
    /// Which addresses take node ports.
    public let nodePorts: NodePorts
    /// Whether KUBE-FIREWALL guards node ports that answer on 127.0.0.1 (`LNP`).
    public let hasLocalhostNodePorts: Bool
    /// Whether node ports answer on loopback addresses.
    public let loopbackTakesNodePorts: Bool
    /// Whether node ports have rules, which up to 1.26 depends on whether any address of the host takes them.
    public let hasNodePortRules: Bool
    /// The packet mark for masquerading.
    public let masqueradeMark: UInt32
    /// How the CIDR of ``localTraffic`` is written; nil: canonically.
    let localTrafficText: String?
    /// Whether the node's own address is in the pods' range, so that it counts as a pod.
    let countsAsPod: Bool

    init(_ settings: ProxySettings, node: Node?, _ behaviors: ProxyBehaviors) {
        let family = settings.family
        name = settings.nodeName ?? node?.name.text
        zone = node?.zone ?? ""
        let nodeIPs = NodeFacts.nodeIPs(settings, node, behaviors)
        nodeIP = NodeFacts.nodeIP(of: family, nodeIPs)
        localTraffic = NodeFacts.localTraffic(settings, node)
        localTrafficText =
            behaviors.contains(.serviceAddressesAsGiven) ? NodeFacts.localTrafficText(settings, node) : nil
        // The address that it has, not the one that kube-proxy up to 1.28 takes it to have.
        let own = NodeFacts.nodeIPs(settings, node, ProxyVersion.default.behaviors).first { $0.family == family }
        if case .source(let pods) = localTraffic, let own {
            countsAsPod = pods.contains(own)
        } else {
            countsAsPod = false
        }
        masqueradeMark = 1 << UInt32(settings.masqueradeBit)

        let host =
            settings.hostAddresses
            ?? (node.map { $0.internalIPs + $0.externalIPs } ?? []) + [.loopback(family)]
        hostAddresses = host.filter { $0.family == family }.sorted { $0.text < $1.text }.reduce(into: []) {
            if $0.last != $1 { $0.append($1) }
        }
        let selection = NodePortSelection(settings, nodeIPs, hostAddresses, behaviors)
        nodePorts = selection.nodePorts
        loopbackTakesNodePorts = selection.allowsLoopback
        hasLocalhostNodePorts = selection.hasLocalhost && behaviors.contains(.loopbackGuard)
        hasNodePortRules = selection.hasRules
    }

    /// Whether node ports answer on one of the host's addresses.
    func takesNodePorts(_ address: IPAddress) -> Bool {
        switch nodePorts {
        case .addresses(let addresses): addresses.contains(address)
        case .allAddresses: address.isLoopback ? loopbackTakesNodePorts : hostAddresses.contains(address)
        }
    }

    /// The node's IP of the settings' family.
    static func nodeIP(_ settings: ProxySettings, _ node: Node?, _ behaviors: ProxyBehaviors) -> IPAddress {
        nodeIP(of: settings.family, nodeIPs(settings, node, behaviors))
    }

    private static func nodeIP(of family: AddressFamily, _ nodeIPs: [IPAddress]) -> IPAddress {
        nodeIPs.first { $0.family == family } ?? .loopback(family)
    }

    /// The node's IPv4 and IPv6 address: the first of each family among its internal and then its external addresses,
    /// the bind address in place of the one of its family, loopback where there is none.
    ///
    /// Up to 1.28 there is one of a single family, and the other's is unspecified (`pkg/proxy/util/nodeport_addresses.go`
    /// and `cmd/kube-proxy/app/server.go`).
    static func nodeIPs(_ settings: ProxySettings, _ node: Node?, _ behaviors: ProxyBehaviors) -> [IPAddress] {
        let given = (node?.internalIPs ?? []) + (node?.externalIPs ?? [])
        guard behaviors.contains(.nodeIPOfBothFamilies) else {
            let bind = settings.bindAddress ?? IPAddress(ipv4: 0)
            let looksAtNode = bind.isUnspecified && behaviors.contains(.nodeIPFromNode)
            let own = looksAtNode ? given.first ?? .loopback(.ipv4) : bind
            return AddressFamily.allCases.map { $0 == own.family ? own : IPPrefix.all($0).network }
        }
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

    /// The spelling of the CIDR of local traffic; nil if it is the canonical one.
    private static func localTrafficText(_ settings: ProxySettings, _ node: Node?) -> String? {
        func text(_ ranges: [IPPrefix], _ text: (Int) -> String) -> String? {
            guard let index = ranges.firstIndex(where: { $0.family == settings.family }) else { return nil }
            let given = text(index)
            return given == ranges[index].description ? nil : given
        }
        switch settings.detectLocalMode {
        case .clusterCIDR:
            return text(settings.clusterCIDRs) {
                ProxySettings.text(of: settings.clusterCIDRs[$0], at: $0, in: settings.clusterCIDRTexts)
            }
        case .nodeCIDR:
            guard let node else { return nil }
            return text(node.podCIDRs) { node.podCIDRTexts[$0] ?? node.podCIDRs[$0].description }
        case .bridgeInterface, .interfaceNamePrefix: return nil
        }
    }
}
