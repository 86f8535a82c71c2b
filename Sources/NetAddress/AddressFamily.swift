/// The two families of IP addresses. Every rule set is of one family, as `iptables` and `ip6tables` are.
public enum AddressFamily: UInt8, Sendable, Hashable, CaseIterable {
    /// IPv4.
    case ipv4 = 4
    /// IPv6.
    case ipv6 = 6

    /// The length of an address of this family in bits: 32 or 128.
    public var bitWidth: Int { self == .ipv4 ? 32 : 128 }

    /// The family's name as Kubernetes writes it: `IPv4` or `IPv6`.
    public var name: String { self == .ipv4 ? "IPv4" : "IPv6" }

    /// The family's name in the kernel, nft and ip: `ip` or `ip6`.
    public var keyword: String { self == .ipv4 ? "ip" : "ip6" }

    /// The other family.
    public var other: AddressFamily { self == .ipv4 ? .ipv6 : .ipv4 }
}
