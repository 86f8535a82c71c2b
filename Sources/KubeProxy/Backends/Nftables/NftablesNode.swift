public import NetAddress

/// What follows in nftables mode for one node and family from the settings and the Node object (kube-proxy 1.36:
/// `NewProxier` of `pkg/proxy/nftables/proxier.go` and `pkg/proxy/util/nodeport_addresses.go`).
public struct NftablesNode: Sendable, Hashable {
    /// The packet mark for masquerading.
    public let masqueradeMark: UInt32
    /// Where node ports answer: of an empty list of addresses, nowhere.
    public let nodePorts: NodeFacts.NodePorts
    /// The protocols of which node ports are rejected at the loopback address, in kube-proxy's order.
    public let rejectedAtLocalhost: [TransportProtocol]

    init(_ plan: NodePlan, _ behaviors: ProxyBehaviors) {
        self.init(plan.settings, plan.node, behaviors)
    }

    /// - Parameter facts: what is known of the node.
    init(_ settings: ProxySettings, _ facts: NodeFacts, _ behaviors: ProxyBehaviors) {
        masqueradeMark = 1 << UInt32(settings.nftablesMasqueradeBit)
        let nodeIP = facts.nodeIP
        let ranges = NftablesNode.ranges(settings.nodePortAddresses, nodeIP)
        // Without a range of the family all its addresses take node ports.
        let meansAll =
            switch settings.nodePortAddresses {
            case .ranges: settings.nodePortRangesMeanAll(behaviors)
            case .primary, .entries: ranges.contains { $0.length == 0 }
            }
        nodePorts =
            meansAll || ranges.isEmpty
            ? .allAddresses
            : .addresses(
                facts.hostAddresses.filter { address in
                    !address.isLoopback && ranges.contains { $0.contains(address) }
                })
        guard settings.localhostNodePortsInNftables, behaviors.contains(.nftablesLocalhostNodePorts) else {
            rejectedAtLocalhost = []
            return
        }
        // Where a range asks for loopback, kube-proxy listens there for TCP itself.
        let listens = ranges.contains { $0.network.isLoopback }
        rejectedAtLocalhost = listens ? [.udp, .sctp] : [.tcp, .udp, .sctp]
    }

    /// The ranges of the family, the words replaced; an empty list means the word `primary`.
    private static func ranges(_ addresses: NodePortAddresses, _ nodeIP: IPAddress) -> [IPPrefix] {
        let family = nodeIP.family
        let primary = nodeIP.isLoopback ? [] : [IPPrefix(single: nodeIP)]
        switch addresses {
        case .primary, .ranges([]): return primary
        case .ranges(let ranges): return ranges.filter { $0.family == family }
        case .entries(let entries):
            return entries.flatMap { entry -> [IPPrefix] in
                switch entry {
                case .range(let range): range.family == family ? [range] : []
                case .primary: primary
                case .localhost: [.loopback(family)]
                case .all: [.all(family)]
                }
            }
        }
    }
}
