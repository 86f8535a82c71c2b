package import Iptables
internal import NetAddress

extension ChainProbe {
    /// A rule that ends the way of the packets that it matches.
    package struct Taker {
        /// The rule.
        package let rule: PlacedRule
        /// What it does with packets.
        package let effect: Effect
        /// The packets that may come to it.
        package fileprivate(set) var selection: Selection
        let conditions: [NftMatch]
    }

    /// What rules ask of the destination.
    package struct Selection {
        /// The ranges one of which holds the address; nil: any address does.
        package var destinations: [AddressRange]?
        /// The ports; nil: any port does, or many.
        package var ports: [UInt16]?

        var isOfAll: Bool { destinations == nil && ports == nil }

        init() {}

        /// Packets that some of several selections are about.
        init(anyOf several: [Selection]) {
            let ranges = several.compactMap(\.destinations)
            if ranges.count == several.count { destinations = ranges.flatMap(\.self) }
            let numbers = several.compactMap(\.ports)
            if numbers.count == several.count { ports = numbers.flatMap(\.self) }
        }
    }

    /// What a rule does with packets that it matches.
    package enum Effect: Sendable, Hashable {
        /// It drops them, or rejects them.
        case drops, refuses
        /// It sends them elsewhere; later chains do not translate them any more.
        case translates
    }

    /// How many ports of a rule are looked up one by one.
    private static let portLimit = 64

    /// The rules of a base chain, and of those that it leads to, that end packets' way.
    package mutating func takers(in chain: BaseChain) -> [Taker] {
        var found: [Taker] = []
        // By what rules each chain is entered.
        var ways: [TracedTables.ChainPlace: [Selection]] = [chain.place: [Selection()]]
        forEachRule(of: chain) { probe, rule, statements, entries in
            if let taker = probe.taker(rule, statements, isNAT: chain.base.type == "nat") { found.append(taker) }
            for entry in entries {
                ways[entry.chain, default: []].append(probe.selection(entry.conditions, rule.place))
            }
        }
        // What a rule does not ask, those that lead to it may have asked.
        for index in found.indices where found[index].selection.isOfAll {
            found[index].selection = Selection(anyOf: ways[found[index].rule.place] ?? [])
        }
        return found
    }

    private func taker(_ rule: PlacedRule, _ statements: [NftStatement], isNAT: Bool) -> Taker? {
        var conditions: [NftMatch] = []
        for statement in statements {
            switch statement {
            case .harmless, .setMark, .change: break
            case .match(let match): conditions.append(match)
            case .verdict(.drop): return taker(rule, .drops, conditions)
            case .reject: return taker(rule, .refuses, conditions)
            case .translate(_, isSource: false) where isNAT, .redirect where isNAT:
                return taker(rule, .translates, conditions)
            case .verdictMap(let expression, let map):
                let dropped = walker.elements(map, rule.place)?.set.elements.filter { $0.verdict == .drop } ?? []
                guard !dropped.isEmpty else { return nil }
                let match = NftMatch(expression, isOneOf: dropped.map(\.key))
                return taker(rule, .drops, conditions + [match])
            // What is not understood is never met for certain.
            default: return nil
            }
        }
        return nil
    }

    private func taker(_ rule: PlacedRule, _ effect: Effect, _ conditions: [NftMatch]) -> Taker {
        Taker(rule: rule, effect: effect, selection: selection(conditions, rule.place), conditions: conditions)
    }

    private func selection(_ conditions: [NftMatch], _ place: TracedTables.ChainPlace) -> Selection {
        var selection = Selection()
        for match in conditions where !match.isNegated {
            var parts = [match.expression]
            if case .concatenation(let several) = match.expression { parts = several }
            let elements: [NftElement]
            switch match.operand {
            case .values(let values): elements = values.set.elements
            case .set(let name): elements = walker.elements(.named(name), place)?.set.elements ?? []
            }
            for (index, part) in parts.enumerated() {
                let values = elements.map { index < $0.key.count ? $0.key[index] : "*" }
                switch part {
                case .destination: selection.destinations = AddressRange.all(values) ?? selection.destinations
                case .destinationPort: selection.ports = Self.ports(values) ?? selection.ports
                default: break
                }
            }
        }
        return selection
    }

    /// Ports one by one; nil if these are too many, or not ports.
    private static func ports(_ values: [String]) -> [UInt16]? {
        var found: [UInt16] = []
        for value in values {
            guard let ports = NftPorts(value), Int(ports.last - ports.first) + found.count < portLimit else {
                return nil
            }
            found += ports.first...ports.last
        }
        return found
    }

    /// Whether a packet meets all conditions of a rule for certain.
    ///
    /// - Returns: nil where one for another destination does not either.
    package mutating func isMet(_ taker: Taker, by packet: TraceBranch, in chain: BaseChain) -> Bool? {
        var packet = packet
        packet.connection.isSeen = chain.base.priority > -200
        walker.callers.append(taker.rule.place)
        defer { walker.callers.removeLast() }
        for match in taker.conditions {
            walker.eventCount += 1
            if case .yes = walker.answer(match, packet, chain.hook) { continue }
            return match.expression.isOfDestination ? false : nil
        }
        return true
    }
}

extension NftExpression {
    /// Whether packets to different destinations can have different values.
    fileprivate var isOfDestination: Bool {
        switch self {
        case .destination, .destinationPort, .sourcePort, .transport, .addressType(isSource: false), .outInterface: true
        case .concatenation(let parts): parts.contains(where: \.isOfDestination)
        default: false
        }
    }
}

extension AddressRange {
    /// The ranges of some texts; nil if one of them is none.
    fileprivate static func all(_ texts: [String]) -> [AddressRange]? {
        var found: [AddressRange] = []
        for text in texts {
            guard let range = AddressRange(text) else { return nil }
            found.append(range)
        }
        return found
    }
}
