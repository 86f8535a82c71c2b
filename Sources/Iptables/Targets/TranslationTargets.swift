internal import KubeChainsBytes
public import NetAddress

/// `-j DNAT --to-destination …` and `-j SNAT --to-source …`: iptables-extensions(8).
public struct TranslationTarget: Sendable, Hashable {
    /// The addresses, from the first to the last; nil: the address stays.
    public var first: RawAddress?
    /// The highest address; nil: there is one address only.
    public var last: RawAddress?
    /// The ports; nil: the port stays as far as possible.
    public var ports: PortRange?
    /// With a range of ports, the port that is translated to its first (`PORT-PORT/BASE`).
    public var basePort: UInt16?
    /// `--random`.
    public var isRandom = false
    /// `--random-fully`.
    public var isFullyRandom = false
    /// `--persistent`.
    public var isPersistent = false

    /// A rewriting to an address, to ports, or to both.
    public init(_ address: IPAddress? = nil, ports: PortRange? = nil) {
        first = address.map { RawAddress($0) }
        last = first
        self.ports = ports
    }

    func write(_ option: StaticString, to text: inout TextWriter) {
        if first != nil || ports != nil { text.append(option) }
        if let first, let last {
            let hasBrackets = first.family == .ipv6 && ports != nil
            if hasBrackets { text.append(UInt8(ascii: "[")) }
            first.write(to: &text)
            if last != first {
                text.append(UInt8(ascii: "-"))
                last.write(to: &text)
            }
            if hasBrackets { text.append(UInt8(ascii: "]")) }
        }
        if let ports {
            text.append(UInt8(ascii: ":"))
            ports.write(to: &text, basePort: basePort)
        }
        if isRandom { text.append(" --random") }
        if isFullyRandom { text.append(" --random-fully") }
        if isPersistent { text.append(" --persistent") }
    }
}

/// `-j MASQUERADE` and `-j REDIRECT`, with `--to-ports`: iptables-extensions(8).
public struct PortTranslation: Sendable, Hashable {
    /// The ports; nil: the port stays as far as possible.
    public var ports: PortRange?
    /// `--random`.
    public var isRandom = false
    /// `--random-fully`.
    public var isFullyRandom = false

    /// A rewriting of ports.
    public init(ports: PortRange? = nil, isFullyRandom: Bool = false) {
        self.ports = ports
        self.isFullyRandom = isFullyRandom
    }

    func write(to text: inout TextWriter) {
        if let ports {
            text.append(" --to-ports ")
            ports.write(to: &text, basePort: nil)
        }
        if isRandom { text.append(" --random") }
        if isFullyRandom { text.append(" --random-fully") }
    }
}

extension PortRange {
    fileprivate func write(to text: inout TextWriter, basePort: UInt16?) {
        text.append(decimal: UInt64(first))
        if first != last {
            text.append(UInt8(ascii: "-"))
            text.append(decimal: UInt64(last))
        }
        guard let basePort else { return }
        text.append(UInt8(ascii: "/"))
        text.append(decimal: UInt64(basePort))
    }
}

extension TargetDefinition {
    static let dnat = TargetDefinition(
        "DNAT",
        options: [
            ExtensionOption("to-destination", 0), ExtensionOption("random", 1, arity: 0),
            ExtensionOption("persistent", 3, arity: 0),
        ]
    ) { arguments throws(RuleFault) in
        guard let use = arguments[0] else { throw arguments.missing("--to-destination") }
        return .dnat(try TranslationTarget(use.argument, arguments, mayShift: true))
    }

    static let snat = TargetDefinition(
        "SNAT",
        options: [
            ExtensionOption("to-source", 0), ExtensionOption("random", 1, arity: 0),
            ExtensionOption("random-fully", 2, arity: 0), ExtensionOption("persistent", 3, arity: 0),
        ]
    ) { arguments throws(RuleFault) in
        guard let use = arguments[0] else { throw arguments.missing("--to-source") }
        return .snat(try TranslationTarget(use.argument, arguments, mayShift: false))
    }

    private static let portOptions: [ExtensionOption] = [
        ExtensionOption("to-ports", 0), ExtensionOption("random", 1, arity: 0),
    ]

    static let masquerade = TargetDefinition(
        "MASQUERADE", options: portOptions + [ExtensionOption("random-fully", 2, arity: 0)]
    ) { arguments throws(RuleFault) in
        .masquerade(try PortTranslation(arguments))
    }

    static let redirect = TargetDefinition("REDIRECT", options: portOptions) { arguments throws(RuleFault) in
        .redirect(try PortTranslation(arguments))
    }
}

extension PortTranslation {
    fileprivate init(_ arguments: ExtensionArguments) throws(RuleFault) {
        self.init()
        if let use = arguments[0] {
            ports = try use.argument.translatedPorts(use.argument.bytes, arguments, mayShift: false).ports
        }
        isRandom = arguments.has(1)
        isFullyRandom = arguments.has(2)
    }
}

extension TranslationTarget {
    /// `ADDRESS`, `ADDRESS-ADDRESS`, `:PORT` or both, IPv6 addresses with ports in brackets (libxt_NAT's `parse_to`).
    fileprivate init(_ argument: Token, _ arguments: ExtensionArguments, mayShift: Bool) throws(RuleFault) {
        self.init()
        isRandom = arguments.has(1)
        isFullyRandom = arguments.has(2)
        isPersistent = arguments.has(3)

        var addresses = argument.bytes
        var ports: ByteView?
        if let open = addresses.firstIndex(of: UInt8(ascii: "[")) {
            guard arguments.family == .ipv6, open == 0, let close = addresses.firstIndex(of: UInt8(ascii: "]")) else {
                throw argument.translationFault(arguments.family)
            }
            let rest = addresses.dropFirst(close + 1)
            addresses = addresses[1..<close]
            if rest[0] == UInt8(ascii: ":") {
                ports = rest.dropFirst(1)
            } else if !rest.isEmpty {
                throw argument.translationFault(arguments.family)
            }
        } else if let colon = addresses.firstIndex(of: UInt8(ascii: ":")),
            addresses.firstIndex(of: UInt8(ascii: ":"), from: colon + 1) == nil
        {
            ports = addresses.dropFirst(colon + 1)
            addresses = addresses[0..<colon]
        }
        if let ports {
            (self.ports, basePort) = try argument.translatedPorts(ports, arguments, mayShift: mayShift)
            if addresses.isEmpty { return }
        }
        let dash = addresses.firstIndex(of: UInt8(ascii: "-"))
        first = RawAddress(parsing: addresses[0..<(dash ?? addresses.count)], family: arguments.family, isMask: true)
        last =
            dash.map { RawAddress(parsing: addresses.dropFirst($0 + 1), family: arguments.family, isMask: true) }
            ?? first
        guard first != nil, last != nil else { throw argument.translationFault(arguments.family) }
    }
}

extension Token {
    fileprivate func translationFault(_ family: AddressFamily) -> RuleFault {
        let example =
            family == .ipv4 ? "10.0.0.1, 10.0.0.1-10.0.0.9 or 10.0.0.1:80" : "fd00::1, fd00::1-fd00::9 or [fd00::1]:80"
        return fault(expected: "\(family.name) addresses and ports such as \(example)")
    }

    /// `PORT`, `FIRST-LAST`, or for DNAT `FIRST-LAST/BASE`.
    fileprivate func translatedPorts(
        _ bytes: ByteView, _ arguments: ExtensionArguments, mayShift: Bool
    ) throws(RuleFault) -> (ports: PortRange, base: UInt16?) {
        guard let above = arguments.protocol, [1, 6, 17, 33, 132].contains(above.number) else {
            throw fault(expected: "no ports, since the rule has no -p tcp, udp, sctp or dccp")
        }
        // iptables-save writes a range of one port with a base as `PORT/BASE`, which iptables-restore does not take back.
        let slash = mayShift ? bytes.firstIndex(of: UInt8(ascii: "/")) : nil
        let base = try slash.map { slash throws(RuleFault) in try basePort(bytes.dropFirst(slash + 1)) }
        let range = bytes[0..<(slash ?? bytes.count)]
        guard let dash = range.firstIndex(of: UInt8(ascii: "-")), range.leadingNumber()?.end == dash else {
            return (PortRange(try port(range)), base)
        }
        let first = try port(range[0..<dash])
        guard let last = range.dropFirst(dash + 1).number(in: UInt64(first)...0xFFFF) else {
            throw fault(expected: "a range of ports from the lower to the higher, such as 1000-2000")
        }
        return (PortRange(first: first, last: UInt16(last)), base)
    }

    private func basePort(_ bytes: ByteView) throws(RuleFault) -> UInt16 {
        let base = try port(bytes)
        guard base > 0 else { throw fault(expected: "a port from 1 to 65535 after the slash") }
        return base
    }
}
