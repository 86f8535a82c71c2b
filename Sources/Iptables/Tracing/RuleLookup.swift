internal import NetAddress

/// Which rules of a long chain can fit a packet. Nearly all rules of such chains name one destination or one port, so that a
/// packet has to be compared with a few of them only (5,000 Services: a chain of 5,000 rules for each packet).
struct RuleLookup: Sendable {
    private var byAddress: [RawAddress: [Int]] = [:]
    private var byPort: [UInt16: [Int]] = [:]
    /// Rules that name neither.
    private var others: [Int] = []

    /// The number of rules below which a chain is walked as quickly without.
    static let threshold = 16

    /// Nil for a chain of which few rules name a destination.
    init?(_ rules: [Rule]) {
        guard rules.count >= Self.threshold else { return nil }
        for (index, rule) in rules.enumerated() {
            if let address = rule.oneDestination {
                byAddress[address, default: []].append(index)
            } else if let port = rule.oneDestinationPort {
                byPort[port, default: []].append(index)
            } else {
                others.append(index)
            }
        }
        guard rules.count - others.count >= Self.threshold else { return nil }
    }

    /// The positions of the rules that can fit a packet, in their order; nil: all of them.
    func rules(for packet: TracedPacket) -> [Int]? {
        guard case .exact(let address) = packet.destination,
            packet.destinationPort.first == packet.destinationPort.last
        else { return nil }
        let found = [byAddress[RawAddress(address)], byPort[packet.destinationPort.first]].compactMap(\.self)
        return found.isEmpty ? others : (found.joined() + others).sorted()
    }
}

extension Rule {
    /// The address that a packet must be sent to; nil: it may be several.
    fileprivate var oneDestination: RawAddress? {
        guard let destination, !destination.isNegated, let prefix = destination.prefix,
            prefix.length == prefix.family.bitWidth
        else { return nil }
        return RawAddress(prefix.network)
    }

    /// The port that a packet must be sent to; nil: it may be several, or another one.
    fileprivate var oneDestinationPort: UInt16? {
        for match in matches {
            let port: PortMatch?
            switch match {
            case .tcp(let match): port = match.destination
            case .udp(let match): port = match.destination
            case .sctp(let match): port = match.destination
            default: continue
            }
            if let port, !port.isNegated, port.range.first == port.range.last { return port.range.first }
        }
        return nil
    }
}
