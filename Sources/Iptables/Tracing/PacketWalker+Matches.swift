internal import KubeChainsBytes
internal import NetAddress

/// What has been found of a rule's conditions so far.
struct MatchFindings {
    var open: [(condition: TraceCondition, wanted: Bool)] = []
    var chance = 1.0

    /// Takes a condition's answer; returns whether the rule can still fit.
    mutating func add(_ fits: Bool?, or condition: @autoclosure () -> TraceCondition, _ wanted: Bool = true) -> Bool {
        if let fits { return fits == wanted }
        open.append((condition(), wanted))
        return true
    }
}

extension InterfaceMatch {
    fileprivate var isLoopback: Bool { name == "lo" }
}

extension PacketWalker {
    /// Compares a rule's conditions with a packet.
    func answer(_ rule: borrowing Rule, _ branch: borrowing TraceBranch, _ hook: Hook) -> RuleAnswer {
        let packet = branch.packet
        if let match = rule.protocol, (match.number == branch.protocolNumber) == match.isNegated { return .no }
        if rule.fragment == .furtherFragments { return .no }
        var findings = MatchFindings()
        if let match = rule.destination, !add(match, packet.destination, " -d ", branch, &findings) { return .no }
        if let match = rule.source, !add(match, packet.source, " -s ", branch, &findings) { return .no }
        if let match = rule.inInterface, !add(input: match, branch, hook, &findings) { return .no }
        if let match = rule.outInterface, !add(output: match, branch, hook, &findings) { return .no }
        for match in rule.matches where !add(match, branch, hook, &findings) { return .no }
        if findings.chance <= 0 { return .no }
        // What was assumed before is known now.
        var open: [(condition: TraceCondition, wanted: Bool)] = []
        for (condition, wanted) in findings.open {
            switch branch.answer(to: condition) {
            case nil: open.append((condition, wanted))
            case wanted?: break
            default: return .no
            }
        }
        return open.isEmpty && findings.chance >= 1 ? .yes : .depends(open, chance: findings.chance)
    }

    private func add(
        _ match: AddressMatch, _ address: TracedAddress, _ option: StaticString, _ branch: borrowing TraceBranch,
        _ findings: inout MatchFindings
    ) -> Bool {
        let plain = match.isNegated ? AddressMatch(match.address, mask: match.mask) : match
        if let fits = host.fits(plain, address, branch.clients) { return fits != match.isNegated }
        let condition: TraceCondition
        if case .client = address, let prefix = plain.prefix {
            condition = .client(in: [prefix])
        } else {
            condition = .match(text(plain, option), from: address, to: address, .all)
        }
        return findings.add(nil, or: condition, !match.isNegated)
    }

    private func add(
        input match: InterfaceMatch, _ branch: borrowing TraceBranch, _ hook: Hook, _ findings: inout MatchFindings
    ) -> Bool {
        let name = branch.inInterface(query)
        // Nobody else sends by the loopback interface.
        if name == nil, match.isLoopback, host.holds(branch.packet.source, branch.clients) == false {
            return match.isNegated
        }
        return findings.add(
            name.map { match.contains($0) }, or: .inInterface(match.name), name == nil ? !match.isNegated : true)
    }

    private func add(
        output match: InterfaceMatch, _ branch: borrowing TraceBranch, _ hook: Hook, _ findings: inout MatchFindings
    ) -> Bool {
        let name = branch.outInterface(hook, host, query)
        let routedTo = branch.routedTo
        let isLocal =
            host.holds(routedTo, branch.clients) ?? branch.assumptions?.answer(to: .hostAddress(routedTo))
        if name == nil, match.isLoopback, isLocal == false { return match.isNegated }
        return findings.add(
            name.map { match.contains($0) }, or: .outInterface(match.name, routedTo),
            name == nil ? !match.isNegated : true)
    }

    private func add(
        _ match: Match, _ branch: borrowing TraceBranch, _ hook: Hook, _ findings: inout MatchFindings
    ) -> Bool {
        let packet = branch.packet
        switch match {
        case .comment, .nfacct: return true
        case .tcp(let tcp):
            return packet.transport == .tcp && !branch.isICMP && add(tcp.source, tcp.destination, packet, &findings)
                && add(tcp.flags, branch, &findings)
                && (tcp.option == nil || add(open: match, branch, &findings))
        case .udp(let udp):
            return packet.transport == .udp && !branch.isICMP && add(udp.source, udp.destination, packet, &findings)
        case .sctp(let sctp):
            return packet.transport == .sctp && !branch.isICMP && add(sctp.source, sctp.destination, packet, &findings)
                && (sctp.chunks == nil || add(open: match, branch, &findings))
        case .icmp(let icmp):
            guard let error = branch.refusal?.icmp else { return false }
            let fits = icmp.type.map { $0 == error.type && icmp.code ?? error.code == error.code } ?? true
            return fits != icmp.isNegated
        case .mark(let mark): return add(mark, packet.mark, packet.unknownMark, Match.mark, branch, &findings)
        case .connmark(let mark):
            let connection = branch.connection
            return connection.exists
                && add(mark, connection.mark, connection.unknownMark, Match.connmark, branch, &findings)
        case .conntrack(let conntrack): return add(conntrack, branch, &findings)
        case .addrtype(let types): return add(types, branch, &findings)
        case .statistic(let statistic):
            let chance: Double
            switch statistic.mode {
            case .random(let steps): chance = steps.value
            // Of many packets that reach the rule, just so many.
            case .nth(let every, _): chance = 1 / Double(every)
            }
            findings.chance *= statistic.isNegated ? 1 - chance : chance
            return findings.chance > 0
        case .recent(let recent): return add(recent, branch, &findings)
        case .multiport(let multiport): return add(multiport, packet, &findings)
        case .set(let set): return add(set, branch, &findings)
        case .limit: return findings.add(nil, or: .event(text(match), eventCount))
        case .unknown(let unknown) where Self.statefulMatches.contains(unknown.name):
            return findings.add(nil, or: .event(text(match), eventCount))
        case .unknown(let unknown) where unknown.name == "iprange":
            guard let ranges = IPRangeMatch(unknown) else { return add(open: match, branch, &findings) }
            return add(ranges, branch, &findings)
        case .physdev, .rpfilter, .unknown: return add(open: match, branch, &findings)
        }
    }

    /// Matches that are not modelled and whose answer to the same packet can change: they count or measure.
    private static let statefulMatches = [
        "bpf", "connbytes", "connlimit", "hashlimit", "quota", "quota2", "rateest", "condition",
    ]

    private func add(open match: Match, _ branch: borrowing TraceBranch, _ findings: inout MatchFindings) -> Bool {
        findings.add(nil, or: condition(match, branch))
    }

    func condition(_ match: Match, _ branch: borrowing TraceBranch) -> TraceCondition {
        condition(text(match), branch.packet, event: event(of: match, branch))
    }

    func condition(_ text: String, _ packet: TracedPacket, event: Int = 0) -> TraceCondition {
        .match(text, from: packet.source, to: packet.destination, packet.destinationPort, event: event)
    }

    // MARK: Ports and flags

    private func add(
        _ source: PortMatch?, _ destination: PortMatch?, _ packet: TracedPacket, _ findings: inout MatchFindings
    ) -> Bool {
        add(destination, packet.destinationPort, of: packet.destination, isSource: false, &findings)
            && add(source, packet.sourcePort, of: packet.source, isSource: true, &findings)
    }

    private func add(
        _ match: PortMatch?, _ ports: PortRange, of address: TracedAddress, isSource: Bool,
        _ findings: inout MatchFindings
    ) -> Bool {
        guard let match else { return true }
        return findings.add(
            match.range.covers(ports), or: .port(match.range, of: address, isSource: isSource), !match.isNegated)
    }

    private func add(_ match: MultiportMatch, _ packet: TracedPacket, _ findings: inout MatchFindings) -> Bool {
        var sides: [PortRange] = []
        if match.side != .source { sides.append(packet.destinationPort) }
        if match.side != .destination { sides.append(packet.sourcePort) }
        let answers = sides.flatMap { ports in match.ports.map { $0.covers(ports) } }
        let fits: Bool? = answers.contains(true) ? true : answers.contains(nil) ? nil : false
        let plain = MultiportMatch(match.side, match.ports)
        return findings.add(fits, or: condition(text(.multiport(plain)), packet), !match.isNegated)
    }

    private func add(_ match: TCPFlagsMatch?, _ branch: borrowing TraceBranch, _ findings: inout MatchFindings) -> Bool
    {
        guard let match else { return true }
        let (known, flags) = tcpFlags(branch)
        let differs = (flags ^ match.set) & match.mask & known != 0 || match.set & ~match.mask != 0
        let fits: Bool? = differs ? false : match.mask & ~known == 0 ? true : nil
        let plain = TCPFlagsMatch(mask: match.mask, set: match.set)
        return findings.add(fits, or: condition(.tcp(TCPMatch(flags: plain)), branch), !match.isNegated)
    }

    /// The TCP flags of the packet: which are known, and how they stand.
    private func tcpFlags(_ branch: borrowing TraceBranch) -> (known: UInt8, flags: UInt8) {
        let (syn, ack, all): (UInt8, UInt8, UInt8) = (0x02, 0x10, 0x3F)
        if branch.refusal == .tcpReset { return (all, branch.resetFlags(of: query.state)) }
        // The answer is that to the connection's first packet.
        if branch.isAnswer { return (all, syn | ack) }
        switch query.state {
        case .new, .related: return (all, syn)
        case .established: return (syn | ack, ack)
        case .invalid, .untracked: return (0, 0)
        }
    }

    // MARK: Lists of recent

    private func add(_ match: RecentMatch, _ branch: borrowing TraceBranch, _ findings: inout MatchFindings) -> Bool {
        if match.operation == .set { return !match.isNegated }
        var plain = match
        plain.isNegated = false
        let fits = isRemembered(match, branch)
        return findings.add(fits, or: .event(text(.recent(plain)), eventCount), !match.isNegated)
    }

    /// Whether a list of `recent` holds the packet's address; nil: not known.
    private func isRemembered(_ match: RecentMatch, _ branch: borrowing TraceBranch) -> Bool? {
        guard let entry = entry(match, branch) else { return nil }
        let isThere: Bool
        if let known = branch.recent[entry] {
            isThere = known
        } else if match.side == .source, let remembers = rules.remembers(list: match.name, query) {
            isThere = remembers
        } else {
            return nil
        }
        // How often the address was seen, and with which TTL, is not known.
        return isThere && (match.hitCount ?? 1 > 1 || match.matchesTTL) ? nil : isThere
    }

    /// The entry that a match asks for or makes; nil where the packet's address is not known.
    func entry(_ match: RecentMatch, _ branch: borrowing TraceBranch) -> RecentEntry? {
        switch match.side == .source ? branch.packet.source : branch.packet.destination {
        case .exact(let address): RecentEntry(list: match.name, address: RawAddress(address).and(match.mask))
        case .client: RecentEntry(list: match.name, address: nil)
        case .range, .ofHost: nil
        }
    }

    // MARK: Texts

    func text(_ match: Match) -> String {
        var writer = TextWriter()
        match.write(to: &writer)
        return String(String(decoding: writer.finish(), as: UTF8.self).dropFirst())
    }

    private func text(_ match: AddressMatch, _ option: StaticString) -> String {
        var writer = TextWriter()
        match.write(option, to: &writer)
        return String(String(decoding: writer.finish(), as: UTF8.self).dropFirst())
    }
}

// MARK: Addresses and connections

extension PacketWalker {
    /// `addrtype`, as `xt_addrtype` has it: for IPv4 an address has one type, for IPv6 all types asked for must hold.
    private func add(_ match: AddressTypeMatch, _ branch: borrowing TraceBranch, _ findings: inout MatchFindings)
        -> Bool
    {
        let sides = [
            (match.source, branch.packet.source, match.isSourceNegated),
            (match.destination, branch.packet.destination, match.isDestinationNegated),
        ]
        for (types, address, isNegated) in sides {
            guard let types else { continue }
            let isLocal = host.holds(address, branch.clients)
            let (ifLocal, ifNot) = (fits(types, address, isLocal: true), fits(types, address, isLocal: false))
            let answers = isLocal.map { [$0 ? ifLocal : ifNot] } ?? [ifLocal, ifNot]
            // Which interface has the address is not known, nor all about the types of IPv6 addresses.
            if answers.contains(nil) || match.interface != nil && isLocal != false && ifLocal != ifNot {
                if !add(open: .addrtype(match), branch, &findings) { return false }
            } else if answers.count == 2, ifLocal != ifNot {
                if !findings.add(nil, or: .hostAddress(address), ifLocal != isNegated) { return false }
            } else if answers[0] == isNegated {
                return false
            }
        }
        return true
    }

    /// Whether an address is of the types, if it is the host's or not; nil: not known.
    private func fits(_ types: AddressTypeMatch.Types, _ address: TracedAddress, isLocal: Bool) -> Bool? {
        guard case .exact(let exact) = address else { return types.contains(isLocal ? .local : .unicast) }
        if exact.family == .ipv4 {
            if exact.low >> 28 == 0xE { return types.contains(.multicast) }
            if exact.low >> 24 == 0 || exact.low == 0xFFFF_FFFF { return types.contains(.broadcast) }
            return types.contains(isLocal ? .local : .unicast)
        }
        let isMulticast = exact.high >> 56 == 0xFF
        if types.contains(.multicast), !isMulticast { return false }
        if types.contains(.unicast), isMulticast || exact.isUnspecified { return false }
        if types.contains(.unspec), !exact.isUnspecified { return false }
        if !types.isDisjoint(with: [.local, .anycast, .unreachable]) {
            if isLocal, types.contains(.local) { return true }
            return types.isDisjoint(with: [.anycast, .unreachable]) ? false : nil
        }
        return true
    }

    /// `conntrack`, in the order of `xt_conntrack`.
    private func add(_ match: ConntrackMatch, _ branch: borrowing TraceBranch, _ findings: inout MatchFindings) -> Bool
    {
        let connection = branch.connection
        if let states = match.states {
            if connection.states.isDisjoint(with: states.value) != states.isNegated { return false }
        }
        guard connection.exists else { return match.states != nil }
        if let direction = match.direction, (direction == .reply) != connection.isReply { return false }
        if let condition = match.protocol {
            let fits = condition.value == connection.original.transport.number
            if fits == condition.isNegated { return false }
        }
        let original = connection.original
        let answered = connection.answered
        let answeredTo = connection.answeredTo
        let addresses: [(ConntrackMatch.Address?, TracedAddress, StaticString)] = [
            (match.originalSource, original.source, " --ctorigsrc "),
            (match.originalDestination, original.destination, " --ctorigdst "),
            (match.replySource, answered.address, " --ctreplsrc "),
            (match.replyDestination, answeredTo.address, " --ctrepldst "),
        ]
        for (match, address, option) in addresses {
            guard let match else { continue }
            let plain = AddressMatch(match.address, mask: match.mask, isNegated: match.isNegated)
            if !add(plain, address, option, branch, &findings) { return false }
        }
        let ports: [(PortMatch?, PortRange, TracedAddress, Bool)] = [
            (match.originalSourcePort, original.sourcePort, original.source, true),
            (match.originalDestinationPort, original.destinationPort, original.destination, false),
            (match.replySourcePort, answered.port, answered.address, true),
            (match.replyDestinationPort, answeredTo.port, answeredTo.address, false),
        ]
        if !ports.allSatisfy({ add($0.0, $0.1, of: $0.2, isSource: $0.3, &findings) }) { return false }
        if let status = match.status {
            let (certain, possible) = self.status(branch)
            let fits: Bool? =
                !status.value.isDisjoint(with: certain) ? true : status.value.isDisjoint(with: possible) ? false : nil
            var plain = ConntrackMatch()
            plain.status = .init(status.value)
            if !findings.add(fits, or: condition(.conntrack(plain), branch), !status.isNegated) { return false }
        }
        if let expiry = match.expiry {
            var plain = ConntrackMatch()
            plain.expiry = .init(expiry.value)
            if !findings.add(nil, or: .event(text(.conntrack(plain)), eventCount), !expiry.isNegated) { return false }
        }
        return true
    }

    /// The properties that the connection has for certain, and those that it can have.
    private func status(
        _ branch: borrowing TraceBranch
    ) -> (certain: ConntrackMatch.Status, possible: ConntrackMatch.Status) {
        switch branch.connection.state {
        case .new, .related:
            var status: ConntrackMatch.Status = branch.connection.state == .related ? .expected : []
            // A connection is confirmed when its first packet leaves.
            if branch.isOnLoopback { status.insert(.confirmed) }
            return (status, status)
        default:
            return ([.seenReply, .confirmed], [.seenReply, .confirmed, .assured, .expected])
        }
    }
}
