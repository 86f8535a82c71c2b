internal import KubeChainsBytes
internal import NetAddress

/// What happens to a packet that matches a rule's conditions: iptables(8), TARGETS, and iptables-extensions(8).
public enum Target: Sendable, Hashable {
    /// `ACCEPT`: the packet goes on, past the rest of the table's chains of this hook.
    case accept
    /// `DROP`: the packet is dropped without an answer.
    case drop
    /// Back to the chain that jumped here, or to the policy of a built-in chain.
    case `return`
    /// To a program, by the obsolete ip_queue.
    case queue
    /// To a user-defined chain, and back when it returns.
    case jump(String)
    /// To a user-defined chain, and from there back to the caller of this chain.
    case goto(String)
    /// `REJECT`: the packet is dropped, and its sender gets an answer.
    case reject(RejectKind)
    /// `MARK`: the packet's mark is changed.
    case mark(MarkChange)
    /// `CONNMARK`: the connection's mark is set, saved or restored.
    indirect case connmark(ConnectionMarkTarget)
    /// `DNAT`: the destination is rewritten.
    indirect case dnat(TranslationTarget)
    /// `SNAT`: the source is rewritten.
    indirect case snat(TranslationTarget)
    /// `MASQUERADE`: the source becomes the host's address.
    case masquerade(PortTranslation)
    /// `REDIRECT`: the destination becomes the host.
    case redirect(PortTranslation)
    /// `LOG`.
    indirect case log(LogTarget)
    /// `NFLOG`.
    indirect case nflog(NFLogTarget)
    /// `CT`.
    indirect case ct(ConntrackTarget)
    /// `TRACE`.
    case trace
    /// `TCPMSS`.
    case tcpmss(SegmentSize)
    /// A target that is not modelled, or whose revision iptables-save could not print.
    indirect case unknown(UnknownExtension)

    /// The chain that a jump or goto leads to.
    public var chain: String? {
        switch self {
        case .jump(let name), .goto(let name): name
        default: nil
        }
    }

    /// Appends ` -j NAME` or ` -g NAME` and the options, as iptables-save writes them.
    func write(to text: inout TextWriter) {
        switch self {
        case .accept: text.append(" -j ACCEPT")
        case .drop: text.append(" -j DROP")
        case .return: text.append(" -j RETURN")
        case .queue: text.append(" -j QUEUE")
        case .jump(let name):
            text.append(" -j ")
            text.append(bytesOf: name)
        case .goto(let name):
            text.append(" -g ")
            text.append(bytesOf: name)
        case .reject(let kind):
            text.append(" -j REJECT --reject-with ")
            text.append(kind.name)
        case .mark(let change):
            text.append(" -j MARK")
            change.write(to: &text)
        case .connmark(let target): target.write(to: &text)
        case .dnat(let target):
            text.append(" -j DNAT")
            target.write(" --to-destination ", to: &text)
        case .snat(let target):
            text.append(" -j SNAT")
            target.write(" --to-source ", to: &text)
        case .masquerade(let target):
            text.append(" -j MASQUERADE")
            target.write(to: &text)
        case .redirect(let target):
            text.append(" -j REDIRECT")
            target.write(to: &text)
        case .log(let target): target.write(to: &text)
        case .nflog(let target): target.write(to: &text)
        case .ct(let target): target.write(to: &text)
        case .trace: text.append(" -j TRACE")
        case .tcpmss(let size): size.write(to: &text)
        case .unknown(let target): target.write(" -j ", to: &text)
        }
    }
}

/// What REJECT answers the sender: the names of `--reject-with`.
public enum RejectKind: UInt8, Sendable, Hashable, CaseIterable {
    /// Answers with ICMP that the destination is unreachable: network, host, protocol, port, network prohibited.
    case icmpNetUnreachable, icmpHostUnreachable, icmpProtoUnreachable, icmpPortUnreachable, icmpNetProhibited
    /// Answers with ICMP that the host is prohibited, with a TCP reset, or with ICMP that an administrator prohibits
    /// it.
    case icmpHostProhibited, tcpReset, icmpAdminProhibited
    /// Answers with ICMPv6 that the destination is unreachable: no route, prohibited, address, port, policy.
    case icmp6NoRoute, icmp6AdmProhibited, icmp6AddrUnreachable, icmp6PortUnreachable, icmp6PolicyFail
    /// Answers with ICMPv6 that the route rejects.
    case icmp6RejectRoute

    private static let names: [(name: StaticString, short: StaticString)] = [
        ("icmp-net-unreachable", "net-unreach"), ("icmp-host-unreachable", "host-unreach"),
        ("icmp-proto-unreachable", "proto-unreach"), ("icmp-port-unreachable", "port-unreach"),
        ("icmp-net-prohibited", "net-prohib"), ("icmp-host-prohibited", "host-prohib"), ("tcp-reset", "tcp-rst"),
        ("icmp-admin-prohibited", "admin-prohib"), ("icmp6-no-route", "no-route"),
        ("icmp6-adm-prohibited", "adm-prohibited"), ("icmp6-addr-unreachable", "addr-unreach"),
        ("icmp6-port-unreachable", "port-unreach"), ("icmp6-policy-fail", "policy-fail"),
        ("icmp6-reject-route", "reject-route"),
    ]

    /// The name as iptables-save writes it.
    public var name: StaticString { Self.names[Int(rawValue)].name }

    private static let ipv4: [RejectKind] = Array(allCases.prefix(8))
    private static let ipv6: [RejectKind] = [
        .icmp6NoRoute, .icmp6AdmProhibited, .icmp6AddrUnreachable, .icmp6PortUnreachable, .tcpReset, .icmp6PolicyFail,
        .icmp6RejectRoute,
    ]

    /// The kind that a name, a short name or the beginning of one stands for; the first that fits.
    fileprivate init(_ argument: Token, isIPv4: Bool) throws(RuleFault) {
        let kinds = isIPv4 ? Self.ipv4 : Self.ipv6
        let found = kinds.first { kind in
            argument.bytes.abbreviates(kind.name) || argument.bytes.abbreviates(Self.names[Int(kind.rawValue)].short)
        }
        guard let found, !argument.bytes.isEmpty else {
            throw argument.fault(expected: "one of " + kinds.map { "\($0.name)" }.joined(separator: ", "))
        }
        self = found
    }
}

/// `-j TCPMSS`: the segment size that is written into SYN packets.
public enum SegmentSize: Sendable, Hashable {
    /// `--set-mss`.
    case fixed(UInt16)
    /// What the path's MTU allows.
    case clampToPathMTU

    func write(to text: inout TextWriter) {
        switch self {
        case .fixed(let size):
            text.append(" -j TCPMSS --set-mss ")
            text.append(decimal: UInt64(size))
        case .clampToPathMTU: text.append(" -j TCPMSS --clamp-mss-to-pmtu")
        }
    }
}

extension TargetDefinition {
    static let reject = TargetDefinition("REJECT", options: [ExtensionOption("reject-with", 0)]) {
        arguments throws(RuleFault) in
        let isIPv4 = arguments.family == .ipv4
        guard let use = arguments[0] else { return .reject(isIPv4 ? .icmpPortUnreachable : .icmp6PortUnreachable) }
        let kind = try RejectKind(use.argument, isIPv4: isIPv4)
        if kind == .tcpReset { try arguments.require(TransportProtocol.tcp.number) }
        return .reject(kind)
    }

    static let tcpmss = TargetDefinition(
        "TCPMSS", options: [ExtensionOption("set-mss", 0), ExtensionOption("clamp-mss-to-pmtu", 1, arity: 0)]
    ) { arguments throws(RuleFault) in
        // Of the two, the one that comes last counts.
        if let clamp = arguments[1], clamp.offset > arguments[0]?.offset ?? -1 { return .tcpmss(.clampToPathMTU) }
        guard let use = arguments[0] else { throw arguments.missing("--set-mss or --clamp-mss-to-pmtu") }
        let header: UInt64 = arguments.family == .ipv4 ? 20 : 40
        return .tcpmss(.fixed(UInt16(try use.argument.number(0...(0xFFFF - header), "a segment size"))))
    }
}
