public import NetAddress

/// Where packets come from, seen from one node.
public enum SenderOrigin: String, Sendable, Hashable, CaseIterable {
    /// A pod of the node.
    case pod
    /// A pod of another node.
    case otherPod = "other-pod"
    /// The node itself.
    case node
    /// Another node.
    case otherNode = "other-node"
    /// Anybody else.
    case outside

    /// Whether packets to a frontend of a kind come to the node untranslated: an address of a Service is translated on the
    /// sender's own node, unless it sends to a node port of this one.
    public func comes(to kind: Frontend.Kind) -> Bool { isHere || self == .outside || kind == .nodePort }

    /// Whether the sender is on the node, so that every answer comes by the node.
    var isHere: Bool { self == .pod || self == .node }
}

/// Senders that fare alike.
public struct SenderSet: Sendable, Hashable {
    /// Where they are.
    public let origin: SenderOrigin
    /// Their addresses.
    public let addresses: AddressSet

    /// Senders of an origin.
    public init(_ origin: SenderOrigin, _ addresses: AddressSet) {
        self.origin = origin
        self.addresses = addresses
    }

    /// One of the addresses, for an example: of outside one of those for documentation (RFC 5737, RFC 3849), if it is there.
    public var example: IPAddress? {
        let known: [IPAddress] =
            addresses.family == .ipv4
            ? [IPAddress(ipv4: 0xC633_6407), IPAddress(ipv4: 0xCB00_7107)]
            : [IPAddress(high: 0x2001_0DB8_FFFF_0000, low: 7)]
        if origin == .outside, let address = known.first(where: addresses.contains) { return address }
        // The node sends from its own address where it has one.
        if origin == .node, let own = addresses.ranges.first(where: { !$0.network.isLoopback }) { return own.network }
        guard let first = addresses.first else { return nil }
        guard origin == .pod || origin == .otherPod else { return first }
        // The first address of a range is that of the network, and the next one is often the node's.
        return [first.next, first.next?.next].compactMap(\.self).first(where: addresses.contains) ?? first
    }
}
