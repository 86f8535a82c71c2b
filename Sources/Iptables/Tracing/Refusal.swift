internal import NetAddress

extension RejectKind {
    /// The protocol's number, and the type and code of the ICMP error; nil: a TCP reset (RFC 792, RFC 4443).
    var icmp: (number: UInt8, type: UInt8, code: UInt8)? {
        switch self {
        case .tcpReset: nil
        case .icmpNetUnreachable: (1, 3, 0)
        case .icmpHostUnreachable: (1, 3, 1)
        case .icmpProtoUnreachable: (1, 3, 2)
        case .icmpPortUnreachable: (1, 3, 3)
        case .icmpNetProhibited: (1, 3, 9)
        case .icmpHostProhibited: (1, 3, 10)
        case .icmpAdminProhibited: (1, 3, 13)
        case .icmp6NoRoute: (58, 1, 0)
        case .icmp6AdmProhibited: (58, 1, 1)
        case .icmp6AddrUnreachable: (58, 1, 3)
        case .icmp6PortUnreachable: (58, 1, 4)
        case .icmp6PolicyFail: (58, 1, 5)
        case .icmp6RejectRoute: (58, 1, 6)
        }
    }
}

extension TraceBranch {
    /// The number of the packet's protocol: an error's own, where the packet is one that a REJECT sends.
    package var protocolNumber: UInt8 { refusal?.icmp?.number ?? packet.transport.number }

    /// Whether the packet is an ICMP error.
    package var isICMP: Bool { refusal?.icmp != nil }

    /// What the kernel sends to the client instead of the packet: a reset from where the packet was headed, or an ICMP error of
    /// the host's (`nf_send_reset`, `icmp_send`). It is RELATED to the packet's connection (`nf_ct_attach`) and starts in
    /// OUTPUT without a mark.
    func refused(with kind: RejectKind, at hook: Hook) -> TraceBranch {
        var source = packet.destination
        if kind.icmp != nil, hook != .input { source = .ofHost }
        var refusal = self
        refusal.packet = TracedPacket(
            source: source, sourcePort: packet.destinationPort, destination: packet.source,
            destinationPort: packet.sourcePort, transport: packet.transport)
        refusal.refusal = kind
        refusal.isFromHost = true
        refusal.isOnLoopback = false
        refusal.routedTo = packet.source
        refusal.connection.state = connection.exists ? .related : .invalid
        refusal.connection.isSeen = true
        refusal.connection.isReply.toggle()
        return refusal
    }

    /// The flags of a reset: it acknowledges what came without an acknowledgement.
    func resetFlags(of state: TraceQuery.State) -> UInt8 {
        let (rst, ack): (UInt8, UInt8) = (0x04, 0x10)
        return state == .established || isAnswer ? rst : rst | ack
    }
}
