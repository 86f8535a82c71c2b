internal import Iptables
internal import NetAddress

/// The first packet of a connection to a Service at one hook: what is known about it there.
struct ServicePacket {
    let destination: IPAddress
    let port: UInt16
    let transport: TransportProtocol
    /// Whether the destination is an address of the host.
    let isLocal: Bool
    /// Whether it has been translated to an endpoint.
    let isTranslated: Bool
    /// The range that the sender is in, a pod of the node; nil: nothing is known about it.
    let sender: IPPrefix?
    /// Whether it has kube-proxy's mark.
    let isMarked: Bool
    /// Interfaces on which neither pods nor other hosts are, such as Docker's bridge; all packets' but those of the host to
    /// itself.
    var unusedInterfaces: Set<String> = []
}

/// Whether a packet meets conditions.
enum Certainty {
    case yes, no
    /// It depends on what is not known.
    case maybe

    init(_ isMet: Bool) { self = isMet ? .yes : .no }

    func negated(_ isNegated: Bool) -> Certainty {
        guard isNegated else { return self }
        switch self {
        case .yes: return .no
        case .no: return .yes
        case .maybe: return .maybe
        }
    }

    /// Both of two conditions.
    func and(_ other: Certainty) -> Certainty {
        if self == .no || other == .no { return .no }
        return self == .maybe || other == .maybe ? .maybe : .yes
    }
}

extension ServicePacket {
    /// Whether the packet meets all conditions of a rule.
    ///
    /// - Parameter mark: kube-proxy's mark.
    func meets(_ rule: Rule, mark: UInt32) -> Certainty {
        var result = Certainty.yes
        if let match = rule.protocol {
            let number = transport.number
            result = result.and(Certainty((match.number == number) != match.isNegated))
        }
        if let match = rule.destination { result = result.and(Certainty(match.contains(destination))) }
        guard result != .no else { return .no }
        if let match = rule.source { result = result.and(comesFrom(match)) }
        if let match = rule.inInterface { result = result.and(isOn(match)) }
        if let match = rule.outInterface { result = result.and(isOn(match)) }
        if rule.fragment == .furtherFragments { return .no }
        for match in rule.matches {
            result = result.and(meets(match, mark: mark))
            if result == .no { return .no }
        }
        return result
    }

    private func isOn(_ match: InterfaceMatch) -> Certainty {
        unusedInterfaces.contains(match.name) ? Certainty(match.isNegated) : .maybe
    }

    private func comesFrom(_ match: AddressMatch) -> Certainty {
        guard let sender, let range = match.prefix, range.family == sender.family else { return .maybe }
        if range.length <= sender.length {
            return Certainty(range.contains(sender.network)).negated(match.isNegated)
        }
        return sender.contains(range.network) ? .maybe : Certainty(false).negated(match.isNegated)
    }

    private func meets(_ match: Match, mark: UInt32) -> Certainty {
        switch match {
        case .comment, .nfacct: return .yes
        case .tcp(let match) where transport == .tcp:
            guard match == TCPMatch(destination: match.destination) else { return .maybe }
            return Certainty(match.destination?.contains(port) ?? true)
        case .udp(let match) where transport == .udp:
            guard match == UDPMatch(destination: match.destination) else { return .maybe }
            return Certainty(match.destination?.contains(port) ?? true)
        case .sctp(let match) where transport == .sctp:
            guard match == SCTPMatch(destination: match.destination) else { return .maybe }
            return Certainty(match.destination?.contains(port) ?? true)
        case .tcp, .udp, .sctp, .icmp: return .no
        case .multiport(let match) where match.side == .destination:
            return Certainty(match.ports.contains { $0.contains(port) } != match.isNegated)
        case .conntrack(let match) where match == ConntrackMatch(states: match.states):
            guard let states = match.states else { return .yes }
            let own: ConntrackMatch.States = isTranslated ? [.new, .dnat] : .new
            return Certainty(!states.value.isDisjoint(with: own) != states.isNegated)
        case .addrtype(let match) where match == AddressTypeMatch(destination: match.destination):
            guard let types = match.destination else { return .yes }
            if types == .local { return Certainty(isLocal) }
            return types.contains(.local) && isLocal ? .yes : .maybe
        case .addrtype(
            let match) where match == AddressTypeMatch(destination: .local, isDestinationNegated: true):
            return Certainty(!isLocal)
        case .mark(let match) where match.mask == mark:
            return Certainty(match.contains(isMarked ? mark : 0))
        default: return .maybe
        }
    }
}
