internal import KubeObjects
internal import NetAddress

/// The senders that one node tells apart, or that fare differently for where they are: disjoint, and together everybody.
struct SenderOrigins: Sendable {
    /// Senders of one origin that the rules take for the same.
    struct Part: Sendable {
        let addresses: AddressSet
        /// What the rules take them for.
        let rules: TrafficOrigin
        /// Whether they are addresses of the node that rules take for a pod's; nil: that is not known, or they are not the node's.
        var hasPodAddress: Bool?
    }

    /// Senders of one origin.
    struct Group: Sendable {
        let senders: SenderSet
        /// One for each kind of sender that the rules take them for.
        let parts: [Part]
    }

    /// In the order of ``SenderOrigin``; without origins that nobody has.
    let groups: [Group]

    init(_ plan: NodePlan) {
        let family = plan.settings.family
        let node = plan.node
        func ranges(_ addresses: [IPAddress]) -> [IPPrefix] { addresses.map { IPPrefix(single: $0) } }

        let own = ranges(node.hostAddresses) + [.loopback(family)]
        var (pods, otherPods, otherNodes): ([IPPrefix], [IPPrefix], [IPPrefix]) = ([], [], [])
        for other in plan.snapshot.nodes {
            if other.name.text == node.name {
                pods += other.podCIDRs
            } else {
                otherPods += other.podCIDRs
                otherNodes += ranges(other.internalIPs + other.externalIPs)
            }
        }
        if case .source(let range) = node.localTraffic {
            // Without Nodes' ranges it is not known whose pods a range of all pods has. Otherwise nobody but pods of nodes that
            // the snapshot does not have is in the rest of it.
            if pods.isEmpty, otherPods.isEmpty { pods = [range] } else { otherPods.append(range) }
        }

        var taken = own
        var groups: [Group] = []
        func add(_ origin: SenderOrigin, _ ranges: [IPPrefix]) {
            let senders = SenderSet(origin, AddressSet(family, ranges, except: origin == .node ? [] : taken))
            guard !senders.addresses.isEmpty else { return }
            groups.append(Group(senders: senders, parts: SenderOrigins.parts(of: senders, node)))
        }
        add(.node, own)
        add(.otherNode, otherNodes)
        taken += otherNodes
        add(.pod, pods)
        taken += pods
        add(.otherPod, otherPods)
        taken += otherPods
        add(.outside, [.all(family)])
        let order = SenderOrigin.allCases
        self.groups = groups.sorted {
            order.firstIndex(of: $0.senders.origin)! < order.firstIndex(of: $1.senders.origin)!
        }
    }

    /// A host of which only the addresses are known: itself, and everybody else.
    init(_ family: AddressFamily, host: [IPAddress]) {
        let own = host.map { IPPrefix(single: $0) } + [.loopback(family)]
        groups = [
            SenderSet(.node, AddressSet(family, own)),
            SenderSet(.outside, AddressSet(family, [.all(family)], except: own)),
        ].map { Group(senders: $0, parts: []) }
    }

    private static func parts(of senders: SenderSet, _ node: NodeFacts) -> [Part] {
        if senders.origin == .node { return ownParts(of: senders.addresses, node) }
        guard case .source(let range) = node.localTraffic else {
            return [Part(addresses: senders.addresses, rules: senders.origin == .pod ? .pods : .outside)]
        }
        return [
            Part(addresses: senders.addresses.intersection([range]), rules: .pods),
            Part(addresses: senders.addresses.subtracting([range]), rules: .outside),
        ].filter { !$0.addresses.isEmpty }
    }

    /// The node's addresses. From loopback it sends to loopback only, so that it makes no difference there.
    private static func ownParts(of addresses: AddressSet, _ node: NodeFacts) -> [Part] {
        let sending = addresses.subtracting([.loopback(addresses.family)])
        guard case .source(let range) = node.localTraffic, !sending.isEmpty else {
            return [Part(addresses: addresses, rules: .node)]
        }
        let pods = sending.intersection([range])
        if pods == sending { return [Part(addresses: addresses, rules: .node, hasPodAddress: true)] }
        return [
            Part(addresses: addresses.subtracting(pods.ranges), rules: .node, hasPodAddress: false),
            Part(addresses: pods, rules: .node, hasPodAddress: true),
        ].filter { !$0.addresses.isEmpty }
    }
}

extension IPPrefix {
    /// The addresses of loopback.
    static func loopback(_ family: AddressFamily) -> IPPrefix {
        IPPrefix(.loopback(family), length: family == .ipv4 ? 8 : 128)
    }
}
