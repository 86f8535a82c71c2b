public import NetAddress

/// An address of a packet, as far as rules let it be known.
public enum TracedAddress: Sendable, Hashable {
    /// This address.
    case exact(IPAddress)
    /// One out of a range: the kernel picks it when SNAT or DNAT names several.
    case range(IPAddress, IPAddress)
    /// One of the host's own, by the interface that it uses: what MASQUERADE and REDIRECT put in.
    case ofHost
    /// The client's, where many clients are followed together.
    case client

    init(_ first: RawAddress, _ last: RawAddress) {
        self = first == last ? .exact(first.address) : .range(first.address, last.address)
    }
}

/// A packet on its way through the hooks.
public struct TracedPacket: Sendable, Hashable {
    /// The source, as it is now.
    public var source: TracedAddress
    /// All ports that it can be; a client's port is mostly not known.
    public var sourcePort: PortRange
    /// The destination, as it is now.
    public var destination: TracedAddress
    /// The destination's port, or several of which one is chosen.
    public var destinationPort: PortRange
    /// The protocol.
    public let transport: TransportProtocol
    /// The packet's mark, which lives on this host only.
    public var mark: UInt32 = 0
    /// The bits of the mark that are not known, since a rule takes them from an IP set or a socket.
    public var unknownMark: UInt32 = 0
}

extension PortRange {
    /// Any port.
    static let all = PortRange(first: 0, last: 0xFFFF)

    func contains(_ other: PortRange) -> Bool { first <= other.first && other.last <= last }
    func overlaps(_ other: PortRange) -> Bool { first <= other.last && other.first <= last }

    /// Whether a port that is one of these is in the range; nil: not known. A range from the higher to the lower port holds
    /// none.
    package func covers(_ ports: PortRange) -> Bool? {
        contains(ports) ? true : first <= last && overlaps(ports) ? nil : false
    }
}

/// The addresses of the host that has the rules.
public struct TracedHost: Sendable {
    /// nil: only loopback is known, any other address may be the host's too.
    private let addresses: Set<IPAddress>?
    private let family: AddressFamily

    package init(_ addresses: [IPAddress]?, _ family: AddressFamily) {
        self.addresses = addresses.map { Set($0.filter { $0.family == family }) }
        self.family = family
    }

    /// Whether an address is the host's own; nil: not known.
    package func holds(_ address: TracedAddress, _ clients: TracedClients?) -> Bool? {
        switch address {
        case .exact(let address): address.isLoopback ? true : addresses.map { $0.contains(address) }
        case .range(let first, let last):
            addresses.flatMap { own in own.contains { !($0 < first) && !($0 > last) } ? nil : false }
        case .ofHost: true
        case .client: clients?.areOfHost
        }
    }

    /// Whether an address is one of those from `first` to `last`; nil: not known.
    package func isBetween(
        _ first: IPAddress, _ last: IPAddress, _ address: TracedAddress, _ clients: TracedClients?
    ) -> Bool? {
        func contains(_ address: IPAddress) -> Bool {
            address.family == first.family && !(address < first) && !(address > last)
        }
        switch address {
        case .exact(let address): return contains(address)
        case .range(let low, let high):
            if contains(low), contains(high) { return true }
            return high < first || low > last ? false : nil
        case .ofHost:
            guard let own = addresses?.filter({ !$0.isLoopback }), let one = own.first else { return nil }
            let fits = contains(one)
            return own.allSatisfy { contains($0) == fits } ? fits : nil
        case .client: return clients?.areIn(IPPrefix.covering(first, last))
        }
    }

    /// Whether an address meets a condition; nil: not known.
    package func fits(_ match: AddressMatch, _ address: TracedAddress, _ clients: TracedClients?) -> Bool? {
        switch address {
        case .exact(let address): return match.contains(address)
        case .range(let first, let last):
            guard let prefix = match.prefix else { return nil }
            if prefix.contains(first), prefix.contains(last) { return !match.isNegated }
            let isApart = prefix.network > last || !prefix.contains(first) && prefix.network < first
            return isApart ? match.isNegated : nil
        case .ofHost:
            // Traffic that leaves the host never gets a loopback address.
            guard let own = addresses?.filter({ !$0.isLoopback }), let first = own.first else { return nil }
            let fits = match.contains(first)
            return own.allSatisfy { match.contains($0) == fits } ? fits : nil
        case .client:
            guard let prefix = match.prefix else { return nil }
            return clients?.areIn([prefix]).map { $0 != match.isNegated }
        }
    }
}

extension IPAddress {
    fileprivate static func < (left: IPAddress, right: IPAddress) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    fileprivate static func > (left: IPAddress, right: IPAddress) -> Bool { right < left }
}
