internal import KubeChainsBytes
public import NetAddress

/// `-m icmp --icmp-type TYPE[/CODE]`, or `-m icmp6 --icmpv6-type`: iptables-extensions(8), icmp and icmp6.
public struct ICMPMatch: Sendable, Hashable {
    /// Which of the two protocols: ICMP or ICMPv6.
    public let family: AddressFamily
    /// The type; nil for any (IPv4 alone).
    public let type: UInt8?
    /// The code; nil for any.
    public let code: UInt8?
    /// Whether the packet must not match.
    public let isNegated: Bool

    /// A match of a type and its codes; of all types with `type` nil.
    public init(family: AddressFamily, type: UInt8?, code: UInt8? = nil, isNegated: Bool = false) {
        self.family = family
        self.type = type
        self.code = code
        self.isNegated = isNegated
    }

    fileprivate init(_ use: OptionUse, _ family: AddressFamily) throws(RuleFault) {
        let names = family == .ipv4 ? icmpNames : icmpv6Names
        let bytes = use.argument.bytes
        let fitting = names.filter { bytes.abbreviates($0.name) }
        if let name = fitting.first {
            guard fitting.count == 1 else {
                throw use.argument.fault(
                    expected: "one \(family == .ipv4 ? "ICMP" : "ICMPv6") type, but this begins "
                        + fitting.map { "\($0.name)" }.joined(separator: " and "))
            }
            self.init(family: family, type: name.type, code: name.code, isNegated: use.isNegated)
            return
        }
        let slash = bytes.firstIndex(of: UInt8(ascii: "/"))
        let code = slash.map { bytes.dropFirst($0 + 1).number(in: 0...255) }
        guard let type = bytes[0..<(slash ?? bytes.count)].number(in: 0...255), code != .some(nil) else {
            throw use.argument.fault(
                expected: "an \(family == .ipv4 ? "ICMP" : "ICMPv6") type by name, or TYPE or TYPE/CODE")
        }
        // The kernel keeps "any" as type 255.
        let isAny = family == .ipv4 && type == 255
        self.init(
            family: family, type: isAny ? nil : UInt8(type), code: code.flatMap { $0.map { UInt8($0) } },
            isNegated: use.isNegated)
    }

    func write(to text: inout TextWriter) {
        text.append(family == .ipv4 ? " -m icmp" : " -m icmp6")
        text.append(negation: isNegated)
        text.append(family == .ipv4 ? " --icmp-type " : " --icmpv6-type ")
        guard let type else { return text.append("any") }
        text.append(decimal: UInt64(type))
        guard let code else { return }
        text.append(UInt8(ascii: "/"))
        text.append(decimal: UInt64(code))
    }
}

extension MatchDefinition {
    static let icmp = MatchDefinition(
        "icmp", families: [.ipv4], options: [ExtensionOption("icmp-type", 0, negatable: true)]
    ) { arguments throws(RuleFault) in
        try arguments.require(1)
        guard let use = arguments[0] else { throw arguments.missing("--icmp-type") }
        return .icmp(try ICMPMatch(use, .ipv4))
    }

    static let icmp6 = MatchDefinition(
        "icmp6", synonyms: ["icmpv6", "ipv6-icmp"], families: [.ipv6],
        options: [ExtensionOption("icmpv6-type", 0, negatable: true)]
    ) { arguments throws(RuleFault) in
        try arguments.require(58)
        guard let use = arguments[0] else { throw arguments.missing("--icmpv6-type") }
        return .icmp(try ICMPMatch(use, .ipv6))
    }
}

private typealias ICMPName = (name: StaticString, type: UInt8?, code: UInt8?)

private let icmpNames: [ICMPName] = [
    ("any", nil, nil), ("echo-reply", 0, nil), ("pong", 0, nil),
    ("destination-unreachable", 3, nil), ("network-unreachable", 3, 0), ("host-unreachable", 3, 1),
    ("protocol-unreachable", 3, 2), ("port-unreachable", 3, 3), ("fragmentation-needed", 3, 4),
    ("source-route-failed", 3, 5), ("network-unknown", 3, 6), ("host-unknown", 3, 7), ("network-prohibited", 3, 9),
    ("host-prohibited", 3, 10), ("TOS-network-unreachable", 3, 11), ("TOS-host-unreachable", 3, 12),
    ("communication-prohibited", 3, 13), ("host-precedence-violation", 3, 14), ("precedence-cutoff", 3, 15),
    ("source-quench", 4, nil), ("redirect", 5, nil), ("network-redirect", 5, 0), ("host-redirect", 5, 1),
    ("TOS-network-redirect", 5, 2), ("TOS-host-redirect", 5, 3), ("echo-request", 8, nil), ("ping", 8, nil),
    ("router-advertisement", 9, nil), ("router-solicitation", 10, nil), ("time-exceeded", 11, nil),
    ("ttl-exceeded", 11, nil), ("ttl-zero-during-transit", 11, 0), ("ttl-zero-during-reassembly", 11, 1),
    ("parameter-problem", 12, nil), ("ip-header-bad", 12, 0), ("required-option-missing", 12, 1),
    ("timestamp-request", 13, nil), ("timestamp-reply", 14, nil), ("address-mask-request", 17, nil),
    ("address-mask-reply", 18, nil),
]

private let icmpv6Names: [ICMPName] = [
    ("destination-unreachable", 1, nil), ("no-route", 1, 0), ("communication-prohibited", 1, 1), ("beyond-scope", 1, 2),
    ("address-unreachable", 1, 3), ("port-unreachable", 1, 4), ("failed-policy", 1, 5), ("reject-route", 1, 6),
    ("packet-too-big", 2, nil), ("time-exceeded", 3, nil), ("ttl-exceeded", 3, nil), ("ttl-zero-during-transit", 3, 0),
    ("ttl-zero-during-reassembly", 3, 1), ("parameter-problem", 4, nil), ("bad-header", 4, 0),
    ("unknown-header-type", 4, 1), ("unknown-option", 4, 2), ("echo-request", 128, nil), ("ping", 128, nil),
    ("echo-reply", 129, nil), ("pong", 129, nil), ("router-solicitation", 133, nil), ("router-advertisement", 134, nil),
    ("neighbour-solicitation", 135, nil), ("neighbor-solicitation", 135, nil), ("neighbour-advertisement", 136, nil),
    ("neighbor-advertisement", 136, nil), ("redirect", 137, nil),
]
