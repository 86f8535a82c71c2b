internal import Iptables
internal import KubeObjects
public import NetAddress

/// What is known of the host whose rules are asked: its addresses, and who else sends packets to it.
public struct RulesHost: Sendable {
    /// Senders whose packets rules can be asked about together.
    struct Senders: Sendable {
        /// All of them, and perhaps some more.
        let clients: TracedClients
        /// Whether they come in by the interfaces of this node's pods; nil: pods have none of their own.
        let areBehindPodInterface: Bool?
        /// By origin.
        let groups: [SenderSet]
    }

    /// The node's name; nil: it is not known.
    let node: String?
    let family: AddressFamily
    /// The addresses of the host's interfaces.
    let addresses: [IPAddress]
    /// Together all senders but for loopback.
    let senders: [Senders]
    private let ownAddresses: SenderSet?
    /// The interface of this node's pods, as rules name it.
    let podInterface: String?
    private let podCIDRs: [IPPrefix]
    /// Whether it is known which pods and endpoints are on this node.
    let knowsPods: Bool

    /// The host of a plan's node.
    public init(_ plan: NodePlan) {
        let interface: String? = if case .interface(let name) = plan.node.localTraffic { name } else { nil }
        let own = plan.snapshot.nodes.first { $0.name.text == plan.node.name }
        self.init(
            plan.node.name, plan.settings.family, plan.node.hostAddresses, SenderOrigins(plan), podInterface: interface,
            podCIDRs: own?.podCIDRs ?? [], knowsPods: true)
    }

    /// A host of which only the addresses are known.
    public init(_ family: AddressFamily, addresses: [IPAddress]) {
        let own = addresses.filter { $0.family == family }
        self.init(
            nil, family, own, SenderOrigins(family, host: own), podInterface: nil, podCIDRs: [],
            knowsPods: false)
    }

    private init(
        _ node: String?, _ family: AddressFamily, _ addresses: [IPAddress], _ origins: SenderOrigins,
        podInterface: String?, podCIDRs: [IPPrefix], knowsPods: Bool
    ) {
        self.node = node
        self.family = family
        self.addresses = addresses
        self.podInterface = podInterface
        self.podCIDRs = podCIDRs
        self.knowsPods = knowsPods
        let groups = origins.groups.map(\.senders)
        ownAddresses = groups.first { $0.origin == .node }
        let own = addresses.map { IPPrefix(single: $0) } + [.loopback(family)]
        var senders: [Senders] = []
        func add(_ addresses: AddressSet, areOfHost: Bool = false, _ isBehind: Bool?, _ groups: [SenderSet]) {
            guard !addresses.isEmpty, !groups.isEmpty else { return }
            senders.append(
                Senders(
                    clients: TracedClients(addresses, areOfHost: areOfHost), areBehindPodInterface: isBehind,
                    groups: groups))
        }
        let others = AddressSet(family, [.all(family)], except: own)
        let elsewhere = groups.filter { $0.origin != .node }
        if let pods = groups.first(where: { $0.origin == .pod }), podInterface != nil {
            add(pods.addresses, true, [pods])
            add(others, false, elsewhere.filter { $0.origin != .pod })
        } else {
            add(others, podInterface == nil ? nil : false, elsewhere)
        }
        // Nothing that leaves the host has a loopback address.
        add(
            AddressSet(family, addresses.map { IPPrefix(single: $0) }, except: [.loopback(family)]), areOfHost: true,
            nil, groups.filter { $0.origin == .node })
        self.senders = senders
    }

    /// Who can send to an address: to loopback only the node itself, from the same address.
    func senders(to address: IPAddress) -> [Senders] {
        guard address.isLoopback else { return senders }
        let client = AddressSet(family, [IPPrefix(single: address)])
        return [
            Senders(
                clients: TracedClients(client, areOfHost: true), areBehindPodInterface: nil,
                groups: ownAddresses.map { [$0] } ?? [])
        ]
    }

    /// Whether an address that no Service of the snapshot has for an endpoint is one of this node's pods.
    func holdsPod(_ address: IPAddress) -> Bool { podCIDRs.contains { $0.contains(address) } }
}
