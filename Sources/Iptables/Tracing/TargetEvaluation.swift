package import NetAddress

extension Rule {
    /// Whether the rule can change anything for a packet; rules that only count or log are skipped.
    var hasEffect: Bool {
        if let target, target.hasEffect { return true }
        return matches.contains { match in
            switch match {
            case .recent(let recent): recent.operation != .check
            default: false
            }
        }
    }
}

extension Target {
    fileprivate var hasEffect: Bool {
        switch self {
        case .log, .nflog, .trace, .tcpmss: false
        case .unknown(let target): !Target.harmless.contains(target.name)
        default: true
        }
    }

    /// Whether a program decides about the packet.
    var isQueue: Bool {
        switch self {
        case .queue: true
        case .unknown(let target): target.name == "NFQUEUE"
        default: false
        }
    }

    /// Targets that are not modelled, but let every packet continue with all modelled fields unchanged
    /// (iptables-extensions(8)).
    private static let harmless = [
        "AUDIT", "CHECKSUM", "CLASSIFY", "CONNSECMARK", "DSCP", "ECN", "HL", "IDLETIMER", "LED", "RATEEST", "SECMARK",
        "SET", "TCPOPTSTRIP", "TEE", "TOS", "TTL", "ULOG",
    ]
}

extension TraceBranch {
    /// Does what a target says that only changes marks or tracking.
    mutating func apply(_ target: Target) {
        switch target {
        case .mark(let change):
            packet.mark = change.applied(to: packet.mark)
            packet.unknownMark &= ~change.mask
        case .connmark(let target) where connection.exists: apply(target)
        case .ct(let target) where target.isUntracked && !connection.isSeen: connection.state = .untracked
        default: break
        }
    }

    /// `CONNMARK`, as `connmark_tg_shift` has it.
    private mutating func apply(_ target: ConnectionMarkTarget) {
        func shifted(_ mark: UInt32) -> UInt32 {
            target.shift == .left ? mark << UInt32(target.shiftBits) : mark >> UInt32(target.shiftBits)
        }
        switch target.operation {
        case .set(let change):
            connection.mark = shifted(change.applied(to: connection.mark))
            connection.unknownMark = shifted(connection.unknownMark & ~change.mask)
        case .save(let packetMask, let connectionMask):
            connection.mark = (connection.mark & ~connectionMask) ^ shifted(packet.mark & packetMask)
            connection.unknownMark =
                connection.unknownMark & ~connectionMask | shifted(packet.unknownMark & packetMask)
        case .restore(let packetMask, let connectionMask):
            packet.mark = (packet.mark & ~packetMask) ^ shifted(connection.mark & connectionMask)
            packet.unknownMark = packet.unknownMark & ~packetMask | shifted(connection.unknownMark & connectionMask)
        }
    }

    /// Rewrites the packet and records it for the connection.
    package mutating func rewrite(_ target: Target, _ hook: Hook, _ family: AddressFamily) {
        switch target {
        case .dnat(let target):
            var address = packet.destination
            if let first = target.first, let last = target.last { address = TracedAddress(first, last) }
            let ports = target.ports ?? PortRange(first: 0, last: 0)
            setDestination(
                address,
                target.ports == nil
                    ? packet.destinationPort
                    : ports.chosen(for: packet.destinationPort, base: target.basePort, isRandom: target.isRandom))
        case .redirect(let target):
            // What comes in is sent to the interface's address, what begins here to loopback.
            setDestination(
                hook == .output ? .exact(.loopback(family)) : .ofHost,
                target.ports?.chosen(for: packet.destinationPort, base: nil, isRandom: target.isRandom)
                    ?? packet.destinationPort)
        case .snat(let target):
            var address = packet.source
            if let first = target.first, let last = target.last { address = TracedAddress(first, last) }
            setSource(address, target.ports ?? packet.sourcePort.sameKind)
        case .masquerade(let target): setSource(.ofHost, target.ports ?? packet.sourcePort.sameKind)
        default: break
        }
    }

    private mutating func setDestination(_ address: TracedAddress, _ port: PortRange) {
        packet.destination = address
        packet.destinationPort = port
        connection.destination = TracedConnection.Rewriting(address: address, port: port)
        isRewrittenHere = true
    }

    private mutating func setSource(_ address: TracedAddress, _ port: PortRange) {
        packet.source = address
        packet.sourcePort = port
        connection.source = TracedConnection.Rewriting(address: address, port: port)
        isRewrittenHere = true
    }

    /// Rewrites a later packet of a connection as the first one was rewritten, or its answer back
    /// (`nf_nat_packet`).
    mutating func rewriteAsBefore(_ hook: Hook) {
        let original = connection.original
        if hook.rewritesDestination {
            if connection.isReply {
                guard connection.source != nil else { return }
                (packet.destination, packet.destinationPort) = (original.source, original.sourcePort)
            } else if let destination = connection.destination {
                (packet.destination, packet.destinationPort) = (destination.address, destination.port)
            }
        } else if connection.isReply {
            guard connection.destination != nil else { return }
            (packet.source, packet.sourcePort) = (original.destination, original.destinationPort)
        } else if let source = connection.source {
            (packet.source, packet.sourcePort) = (source.address, source.port)
        }
    }
}

extension PortRange {
    /// What the kernel takes a new source port from where no rule says: it keeps the old one unless another connection
    /// has it, and otherwise takes one that is as privileged (`nf_nat_l4proto_unique_tuple`).
    fileprivate var sameKind: PortRange {
        let kinds = [
            PortRange(first: 1, last: 511), PortRange(first: 512, last: 1023), PortRange(first: 1024, last: 0xFFFF),
        ]
        return kinds.first { $0.contains(self) } ?? .all
    }

    /// The port that the kernel gives to a connection whose port was another, as far as it follows from the range
    /// (`nf_nat_l4proto_unique_tuple`).
    fileprivate func chosen(for port: PortRange, base: UInt16?, isRandom: Bool) -> PortRange {
        guard first != last, !isRandom, port.first == port.last else { return self }
        if let base {
            let offset = Int(port.first &- base) % (Int(last) - Int(first) + 1)
            return PortRange(first + UInt16(offset))
        }
        return contains(port) ? port : self
    }
}
