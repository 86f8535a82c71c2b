/// An address range in CIDR notation, stored as its network: bits after the prefix are zero.
public struct IPPrefix: Sendable, Hashable {
    /// The first address of the range.
    public let network: IPAddress
    /// The number of leading bits that all addresses of the range share: 0…32 or 0…128.
    public let length: Int

    /// The range of all addresses that share the first `length` bits with `address`.
    ///
    /// - Parameter length: 0 to the address family's bit width; anything else stops the program.
    public init(_ address: IPAddress, length: Int) {
        precondition((0...address.family.bitWidth).contains(length), "a prefix length beyond the address's width")
        network = address.masked(to: length)
        self.length = length
    }

    /// The range of this single address: `/32` or `/128`.
    public init(single address: IPAddress) {
        self.init(address, length: address.family.bitWidth)
    }

    /// Reads a range, or an address as the range of it alone; nil: it is neither.
    package init?(addressOrRange text: String) {
        guard let range = IPPrefix(text) ?? IPAddress(text).map({ IPPrefix(single: $0) }) else { return nil }
        self = range
    }

    /// The family's range of loopback addresses: `127.0.0.0/8` or `::1/128`.
    package static func loopback(_ family: AddressFamily) -> IPPrefix {
        IPPrefix(.loopback(family), length: family == .ipv4 ? 8 : 128)
    }

    /// The family's range of all addresses: `0.0.0.0/0` or `::/0`.
    public static func all(_ family: AddressFamily) -> IPPrefix {
        IPPrefix(family == .ipv4 ? IPAddress(ipv4: 0) : IPAddress(high: 0, low: 0), length: 0)
    }

    /// The family of the range's addresses.
    public var family: AddressFamily { network.family }

    /// Whether the range contains this address. It never contains an address of the other family.
    public func contains(_ address: IPAddress) -> Bool {
        address.family == family && address.masked(to: length) == network
    }
}

extension IPPrefix: CustomStringConvertible {
    /// The canonical text, such as `10.0.0.0/8`.
    public var description: String { text.description }

    /// The canonical text, as ``description``, without a heap allocation.
    public var text: AddressText {
        var text = AddressText()
        text.append(network)
        text.append(byte: UInt8(ascii: "/"))
        text.append(decimal: UInt16(length))
        return text
    }
}
