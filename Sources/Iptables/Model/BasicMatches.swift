internal import KubeChainsBytes
public import NetAddress

// The conditions that every rule can have by itself, without `-m`: iptables(8), PARAMETERS.

/// `[!] -s ADDRESS/MASK` or `-d`: the packet's address with the mask's bits is this one. The mask need not be a prefix.
public struct AddressMatch: Sendable, Hashable {
    private enum Bits: Sendable, Hashable {
        case prefix(RawAddress, length: UInt8)
        /// Nearly every mask is a prefix, so other masks are stored separately (measured: a match has 19 bytes
        /// instead of 40).
        indirect case masked(RawAddress, mask: RawAddress)
    }

    private let bits: Bits
    /// Whether the packet must not match.
    public let isNegated: Bool

    /// - Parameter address: bits outside the mask do not count.
    public init(_ address: RawAddress, mask: RawAddress, isNegated: Bool = false) {
        let address = address.and(mask)
        bits = mask.prefixLength.map { .prefix(address, length: UInt8($0)) } ?? .masked(address, mask: mask)
        self.isNegated = isNegated
    }

    /// The match for the addresses of a range.
    public init(_ prefix: IPPrefix, isNegated: Bool = false) {
        bits = .prefix(RawAddress(prefix.network), length: UInt8(prefix.length))
        self.isNegated = isNegated
    }

    /// The address's bits, zero where the mask's are.
    public var address: RawAddress {
        switch bits {
        case .prefix(let address, _), .masked(let address, _): address
        }
    }

    /// The bits that count.
    public var mask: RawAddress {
        switch bits {
        case .prefix(let address, let length): .mask(length: Int(length), family: address.family)
        case .masked(_, let mask): mask
        }
    }

    /// The range of the addresses; nil where the mask is no prefix, and for IPv4-mapped IPv6 addresses.
    public var prefix: IPPrefix? {
        guard case .prefix(let bits, let length) = bits, bits.address.family == bits.family else { return nil }
        return IPPrefix(bits.address, length: Int(length))
    }

    /// Whether a packet with this address fits, negation counted. An address of the other family never does.
    public func contains(_ candidate: IPAddress) -> Bool {
        let bits = RawAddress(candidate)
        return bits.family == address.family && (bits.and(mask) == address) != isNegated
    }

    /// Whether every packet fits, as with `-s 0.0.0.0/0`; iptables does not keep such a condition.
    var fitsAll: Bool {
        guard case .prefix(_, length: 0) = bits else { return false }
        return !isNegated
    }

    func write(_ option: StaticString, to text: inout TextWriter) {
        text.append(negation: isNegated)
        text.append(option)
        address.write(to: &text)
        mask.writeMask(to: &text)
    }
}

/// `[!] -i NAME` or `-o`: the interface that the packet came in by or goes out by. A name that ends in `+` stands for
/// all that begin so.
public struct InterfaceMatch: Sendable, Hashable {
    /// The name, at most 15 bytes, as it is written: with the `+`.
    public let name: String
    /// Whether the packet must not match.
    public let isNegated: Bool

    /// A match of an interface, or with a `+` at the end of all whose names begin so.
    public init(_ name: String, isNegated: Bool = false) {
        self.name = name
        self.isNegated = isNegated
    }

    /// Whether a packet on the interface fits, negation counted.
    public func contains(_ interface: String) -> Bool {
        let fits = name.utf8.last == UInt8(ascii: "+") ? interface.hasPrefix(name.dropLast()) : interface == name
        return fits != isNegated
    }

    func write(_ option: StaticString, to text: inout TextWriter) {
        text.append(negation: isNegated)
        text.append(option)
        text.append(bytesOf: name)
    }
}

/// `[!] -p PROTOCOL`: the number of the protocol above IP; never 0, which means all.
public struct ProtocolMatch: Sendable, Hashable {
    /// The protocol's number (IANA).
    public let number: UInt8
    /// Whether the packet must not match.
    public let isNegated: Bool

    /// A match of a protocol.
    public init(_ number: UInt8, isNegated: Bool = false) {
        self.number = number
        self.isNegated = isNegated
    }

    func write(to text: inout TextWriter) {
        text.append(negation: isNegated)
        text.append(" -p ")
        if let name = ProtocolNames.name(of: number) {
            text.append(name)
        } else {
            text.append(decimal: UInt64(number))
        }
    }
}

/// `[!] -f` (IPv4): second and further fragments, or with negation the first ones and whole packets.
public enum FragmentMatch: Sendable, Hashable {
    /// `-f`: the second fragment and those after it.
    case furtherFragments
    /// `! -f`: the first fragment, and packets in one piece.
    case headsAndWholePackets
}

extension Token {
    /// The name of an interface, at most 15 bytes.
    func interface(in table: StringTable) throws(RuleFault) -> String {
        try name("the name of an interface", atMost: 15, in: table)
    }

    /// The number of an IP protocol, by number or name; 0 is all.
    func protocolNumber() throws(RuleFault) -> UInt8 {
        if bytes == "tcp" { return 6 }
        if bytes == "udp" { return 17 }
        if let number = bytes.number(in: 0...255) { return UInt8(number) }
        if let number = ProtocolNames.number(named: bytes) { return number }
        throw fault(expected: "the name of an IP protocol or its number from 0 to 255")
    }

    /// The addresses of `-s` and `-d`: `ADDRESS[/MASK]`, more of them separated by commas.
    func forEachAddress(
        _ family: AddressFamily, isNegated: Bool, _ body: (AddressMatch) -> Void
    ) throws(RuleFault) {
        try bytes.forEachPart(separator: UInt8(ascii: ",")) { part throws(RuleFault) in
            var address = part
            var mask = RawAddress.mask(length: family.bitWidth, family: family)
            if let slash = part.firstIndex(of: UInt8(ascii: "/")) {
                address = part[0..<slash]
                mask = try self.mask(part.dropFirst(slash + 1), family)
            }
            // iptables takes any name before a mask without bits, as in `any/0`.
            let bits = mask.isZero ? mask : RawAddress(parsing: address, family: family)
            guard let bits else { throw addressFault(family) }
            body(AddressMatch(bits, mask: mask, isNegated: isNegated))
        }
    }

    /// A mask after the slash: a prefix length, or an address whose bits count.
    func mask(_ bytes: ByteView, _ family: AddressFamily) throws(RuleFault) -> RawAddress {
        if let length = bytes.number(in: 0...UInt64(family.bitWidth)) {
            return .mask(length: Int(length), family: family)
        }
        if let mask = RawAddress(parsing: bytes, family: family, isMask: true) { return mask }
        throw addressFault(family)
    }

    func addressFault(_ family: AddressFamily) -> RuleFault {
        fault(
            expected: "an \(family.name) address, ADDRESS or ADDRESS/MASK",
            remedy: "correct it; host names are not looked up, and each family's rules are read by themselves")
    }
}
