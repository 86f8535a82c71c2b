internal import Iptables
internal import NetAddress

extension TableWalker {
    /// Whether a packet's value fits one that a rule or an element names.
    func fit(_ expression: NftExpression, _ value: String, _ branch: TraceBranch, _ hook: Hook) -> NftAnswer {
        let packet = branch.packet
        switch expression {
        case .source: return fit(packet.source, value, "saddr", branch)
        case .destination: return fit(packet.destination, value, "daddr", branch)
        case .sourcePort: return fit(packet.sourcePort, value, of: packet.source, isSource: true, branch)
        case .destinationPort:
            return fit(packet.destinationPort, value, of: packet.destination, isSource: false, branch)
        case .transport:
            let name = branch.isICMP ? family == .ipv4 ? "icmp" : "ipv6-icmp" : packet.transport.name.description
            return value == name || UInt8(value) == branch.protocolNumber ? .yes : .no
        case .family: return value == (family == .ipv4 ? "ipv4" : "ipv6") ? .yes : .no
        case .mark(let mask):
            return fit(packet.mark & mask, packet.unknownMark & mask, value, "meta mark", branch)
        case .connectionMark(let mask):
            let connection = branch.connection
            return fit(connection.mark & mask, connection.unknownMark & mask, value, "ct mark", branch)
        case .connectionState: return fitState(value, branch)
        case .connectionStatus: return fitStatus(value, branch)
        case .connectionDirection:
            return (value == "reply" || value == "1") == branch.connection.isReply ? .yes : .no
        case .inInterface:
            return fit(value, branch.inInterface(query)) { .inInterface($0) }
        case .outInterface:
            return fit(value, branch.outInterface(hook, host, query)) { .outInterface($0, branch.routedTo) }
        case .addressType(let isSource):
            return fitType(isSource ? packet.source : packet.destination, value, isSource: isSource, branch)
        case .number, .concatenation: return .depends(condition("a value is \(value)", branch), wanted: true)
        }
    }

    private func fit(_ address: TracedAddress, _ value: String, _ what: String, _ branch: TraceBranch) -> NftAnswer {
        let words = "\(family.keyword) \(what) \(value)"
        if let prefix = IPPrefix(addressOrRange: value) {
            guard prefix.family == family else { return .no }
            return answer(host.fits(AddressMatch(prefix), address, branch.clients), address, [prefix], words, branch)
        }
        let ends = value.split(separator: "-").compactMap { IPAddress(String($0)) }
        guard ends.count == 2 else { return answer(nil, words, branch) }
        let isIn = host.isBetween(ends[0], ends[1], address, branch.clients)
        return answer(isIn, address, IPPrefix.covering(ends[0], ends[1]), words, branch)
    }

    /// The answer to whether an address is in ranges.
    private func answer(
        _ fits: Bool?, _ address: TracedAddress, _ ranges: @autoclosure () -> [IPPrefix], _ words: String,
        _ branch: TraceBranch
    ) -> NftAnswer {
        if fits == nil, case .client = address { return .depends(.client(in: ranges()), wanted: true) }
        return answer(fits, words, branch)
    }

    private func fit(
        _ ports: PortRange, _ value: String, of address: TracedAddress, isSource: Bool, _ branch: TraceBranch
    ) -> NftAnswer {
        guard let wanted = NftPorts(value)?.range else {
            return answer(nil, "th \(isSource ? "sport" : "dport") \(value)", branch)
        }
        switch wanted.covers(ports) {
        case true?: return .yes
        case false?: return .no
        case nil: return .depends(.port(wanted, of: address, isSource: isSource), wanted: true)
        }
    }

    private func fit(
        _ mark: UInt32, _ unknown: UInt32, _ value: String, _ what: String, _ branch: TraceBranch
    ) -> NftAnswer {
        guard let wanted = UInt32(nft: value) else { return answer(nil, "\(what) \(value)", branch) }
        if (mark ^ wanted) & ~unknown != 0 { return .no }
        return unknown == 0 ? .yes : .depends(.event("\(what) \(value)", eventCount), wanted: true)
    }

    private func fit(_ value: String, _ name: String?, _ condition: (String) -> TraceCondition) -> NftAnswer {
        // nft's wildcard is iptables' `+`.
        let match = InterfaceMatch(value.hasSuffix("*") ? value.dropLast() + "+" : value)
        guard let name else { return .depends(condition(match.name), wanted: true) }
        return match.contains(name) ? .yes : .no
    }

    private func fitState(_ value: String, _ branch: TraceBranch) -> NftAnswer {
        let states: [String: ConntrackMatch.States] = [
            "new": .new, "established": .established, "related": .related, "invalid": .invalid, "untracked": .untracked,
        ]
        guard let state = states[value] else { return answer(nil, "ct state \(value)", branch) }
        return branch.connection.states.isDisjoint(with: state) ? .no : .yes
    }

    private func fitStatus(_ value: String, _ branch: TraceBranch) -> NftAnswer {
        let states = branch.connection.states
        switch value {
        case "dnat": return states.contains(.dnat) ? .yes : .no
        case "snat": return states.contains(.snat) ? .yes : .no
        default: return answer(nil, "ct status \(value)", branch)
        }
    }

    /// `fib daddr type local`: as the routing table of this host has the address.
    private func fitType(
        _ address: TracedAddress, _ value: String, isSource: Bool, _ branch: TraceBranch
    ) -> NftAnswer {
        let isLocal = host.holds(address, branch.clients) ?? branch.assumptions?.answer(to: .hostAddress(address))
        switch value {
        case "local":
            guard let isLocal else { return .depends(.hostAddress(address), wanted: true) }
            return isLocal ? .yes : .no
        case "unicast" where isLocal == true: return .no
        default: return answer(nil, "fib \(isSource ? "saddr" : "daddr") type \(value)", branch)
        }
    }

    private func answer(_ fits: Bool?, _ words: String, _ branch: TraceBranch) -> NftAnswer {
        switch fits {
        case true?: .yes
        case false?: .no
        case nil: .depends(condition(words, branch), wanted: true)
        }
    }
}

extension NftPorts {
    /// As iptables has them.
    var range: PortRange { PortRange(first: first, last: last) }
}

extension NftTranslation {
    /// As iptables has it; nil: it comes from a map, or the address is none.
    var target: TranslationTarget? {
        guard case .fixed(let address, let ports) = self else { return nil }
        var target = TranslationTarget(nil, ports: ports?.range)
        guard let address else { return target }
        let ends = address.split(separator: "-").compactMap { IPAddress(String($0)) }
        guard let first = ends.first, let last = ends.last, ends.count <= 2 else { return nil }
        (target.first, target.last) = (RawAddress(first), RawAddress(last))
        return target
    }
}

extension RejectKind {
    /// What the words behind `reject with` mean; without words the kernel answers that the port is unreachable.
    init?(nftables words: [String], _ family: AddressFamily) {
        let isIPv4 = family == .ipv4
        let names = words.filter { $0 != "type" }
        switch (names.first, names.count > 1 ? names[1] : nil) {
        case (nil, _): self = isIPv4 ? .icmpPortUnreachable : .icmp6PortUnreachable
        case ("tcp", "reset"): self = .tcpReset
        case ("icmp", "port-unreachable"): self = .icmpPortUnreachable
        case ("icmp", "net-unreachable"): self = .icmpNetUnreachable
        case ("icmp", "host-unreachable"): self = .icmpHostUnreachable
        case ("icmp", "prot-unreachable"): self = .icmpProtoUnreachable
        case ("icmp", "net-prohibited"): self = .icmpNetProhibited
        case ("icmp", "host-prohibited"): self = .icmpHostProhibited
        case ("icmp", "admin-prohibited"): self = .icmpAdminProhibited
        case ("icmpv6", "port-unreachable"): self = .icmp6PortUnreachable
        case ("icmpv6", "no-route"): self = .icmp6NoRoute
        case ("icmpv6", "admin-prohibited"): self = .icmp6AdmProhibited
        case ("icmpv6", "addr-unreachable"): self = .icmp6AddrUnreachable
        case ("icmpv6", "policy-fail"): self = .icmp6PolicyFail
        case ("icmpv6", "reject-route"): self = .icmp6RejectRoute
        // The kernel takes the code of the packet's family (nft_reject_icmp_code, nft_reject_icmpv6_code).
        case ("icmpx", "port-unreachable"): self = isIPv4 ? .icmpPortUnreachable : .icmp6PortUnreachable
        case ("icmpx", "no-route"): self = isIPv4 ? .icmpNetUnreachable : .icmp6NoRoute
        case ("icmpx", "host-unreachable"): self = isIPv4 ? .icmpHostUnreachable : .icmp6AddrUnreachable
        case ("icmpx", "admin-prohibited"): self = isIPv4 ? .icmpAdminProhibited : .icmp6AdmProhibited
        default: return nil
        }
    }
}

extension Hook {
    /// As nft calls it.
    var nftablesName: String {
        switch self {
        case .prerouting: "prerouting"
        case .input: "input"
        case .forward: "forward"
        case .output: "output"
        case .postrouting: "postrouting"
        }
    }
}
