internal import NetAddress

/// The elements that sets and maps have so far, as kube-proxy keeps them in mind while it writes a transaction (1.36:
/// `nftElementStorage` of `pkg/proxy/nftables/helpers.go`).
///
/// A table of its own, since a dictionary's hashing takes several times as many instructions, and every local endpoint is
/// looked up.
struct ElementKeys {
    /// Whose element it is, and its key.
    struct Key: Equatable {
        let high: UInt64
        let low: UInt64
        /// The set or map, the protocol and the port.
        let rest: UInt32

        init(_ owner: ElementOwner, _ address: IPAddress?, _ transport: TransportProtocol?, _ port: UInt16) {
            high = address?.high ?? 0
            low = address?.low ?? 0
            rest =
                UInt32(owner.rawValue) << 24 | UInt32(transport.map { $0.rawValue + 1 } ?? 0) << 16 | UInt32(port)
        }
    }

    private struct Slot {
        var key: Key
        var verdict: ElementVerdict
        /// The number of the command that added it; negative: the slot is free.
        var command: Int32
    }

    private static let free = Slot(key: Key(.clusterIPs, nil, nil, 0), verdict: .none, command: -1)
    private var slots = [Slot](repeating: free, count: 1024)
    private var count = 0
    /// Differs from process to process, so that no snapshot can be crafted whose keys all collide.
    private let seed = UInt64.random(in: .min ... .max)

    /// What writing an element comes to.
    enum Change {
        case new
        /// It is there already.
        case none
        /// It is there with another verdict, added by the command of this number.
        case replaces(Int)
    }

    /// Remembers an element.
    ///
    /// - Parameter command: the number of the command that adds it if it is new; the next one if it replaces another.
    mutating func add(_ key: Key, _ verdict: ElementVerdict, _ command: Int) -> Change {
        if count * 2 >= slots.count { grow() }
        let place = place(of: key)
        guard slots[place].command >= 0 else {
            slots[place] = Slot(key: key, verdict: verdict, command: Int32(truncatingIfNeeded: command))
            count += 1
            return .new
        }
        if slots[place].verdict == verdict { return .none }
        let old = Int(slots[place].command)
        slots[place].verdict = verdict
        slots[place].command = Int32(truncatingIfNeeded: command + 1)
        return .replaces(old)
    }

    /// The slot of a key, or the free one for it.
    private func place(of key: Key) -> Int {
        var hash = (key.high ^ seed) &* 0x9E37_79B9_7F4A_7C15
        hash = (hash ^ hash >> 32 ^ key.low) &* 0x9E37_79B9_7F4A_7C15
        hash = (hash ^ hash >> 32 ^ UInt64(key.rest)) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 32
        var place = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[place].command >= 0, slots[place].key != key { place = (place + 1) & (slots.count - 1) }
        return place
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: ElementKeys.free, count: old.count * 2)
        for slot in old where slot.command >= 0 { slots[place(of: slot.key)] = slot }
    }
}

/// The sets and maps that have elements of Service ports.
enum ElementOwner: UInt8 {
    case clusterIPs, hairpinConnections, serviceIPs, noEndpointServices, firewallIPs, serviceNodePorts
    case noEndpointNodePorts, localhostRejects

    var name: StaticString {
        switch self {
        case .clusterIPs: "cluster-ips"
        case .hairpinConnections: "hairpin-connections"
        case .serviceIPs: "service-ips"
        case .noEndpointServices: "no-endpoint-services"
        case .firewallIPs: "firewall-ips"
        case .serviceNodePorts: "service-nodeports"
        case .noEndpointNodePorts: "no-endpoint-nodeports"
        case .localhostRejects: "localhost-nodeport-reject-ports"
        }
    }
}

/// What a map's element leads to.
enum ElementVerdict: Equatable {
    /// An element of a set.
    case none
    case drop, reject
    /// A chain of the Service port at a position.
    case chain(NftablesChainKind, port: Int32)
    /// The chain that rejects node ports at the loopback address.
    case localhostReject(TransportProtocol)
}
