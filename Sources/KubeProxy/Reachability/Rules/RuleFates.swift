internal import Iptables
internal import NetAddress

/// What rules do with the packets of all clients: parts of the clients, which are disjoint, and what becomes of each part.
struct RuleFates {
    struct Piece {
        let clients: AddressSet
        let fate: RuleFate
    }

    let pieces: [Piece]
    /// The endpoints whose connections to themselves are masqueraded, so that they are answered (hairpin).
    private(set) var masqueradedToThemselves: Set<RuleFate.Result> = []

    /// Where one path leads, and whom it is about.
    fileprivate struct Leaf {
        /// On the clients' addresses, the first that was met first.
        var ranges: [(range: [IPPrefix], isInside: Bool)] = []
        /// Everything else that rules ask for.
        var conditions: [(condition: TraceCondition, isAssumed: Bool)] = []
        let probability: Double
        /// Nil: it is not known.
        let result: (RuleFate.Result, RuleFate.Treatment)?
    }

    init(_ trace: ClientTrace, of clients: TracedClients) {
        let leaves = RuleFates.withoutHairpins(trace.parts.map { Leaf($0, isFromHost: clients.areOfHost) })
        pieces = RuleFates.pieces(leaves, clients.addresses)
        for part in trace.parts where part.isMasqueraded && part.isFromDestination {
            if let (result, _) = part.result(isFromHost: false) { masqueradedToThemselves.insert(result) }
        }
    }

    init(_ doubt: FlowOutcome.Doubt, of clients: TracedClients) {
        pieces = [Piece(clients: clients.addresses, fate: .unknown(doubt))]
    }

    /// Lets an endpoint that reaches itself go with all others that reach it. Otherwise each endpoint of a Service would be a part
    /// of its own.
    private static func withoutHairpins(_ leaves: [Leaf]) -> [Leaf] {
        struct Key: Hashable {
            let result: RuleFate.Result
            let ranges: [[IPPrefix]]
        }
        func key(_ leaf: Leaf) -> Key? {
            guard let (result, _) = leaf.result, !leaf.ranges.isEmpty else { return nil }
            return Key(result: result, ranges: leaf.ranges.map { $0.range })
        }
        func isSame(_ one: Leaf, _ other: Leaf) -> Bool {
            one.conditions.elementsEqual(other.conditions, by: ==) && Share(one.probability) == Share(other.probability)
                && zip(one.ranges.dropLast(), other.ranges.dropLast()).allSatisfy { $0.isInside == $1.isInside }
        }
        var others: [Key: [Int]] = [:]
        for (index, leaf) in leaves.enumerated() {
            guard leaf.ranges.last?.isInside == false, let key = key(leaf) else { continue }
            others[key, default: []].append(index)
        }
        var result = leaves
        var gone: Set<Int> = []
        for (index, leaf) in leaves.enumerated() where leaf.result?.1 == .any && leaf.ranges.last?.isInside == true {
            guard let key = key(leaf), let found = others[key]?.first(where: { isSame(leaves[$0], leaf) }) else {
                continue
            }
            guard !gone.contains(found), result[found].ranges.count == leaf.ranges.count else { continue }
            result[found].ranges.removeLast()
            gone.insert(index)
        }
        guard !gone.isEmpty else { return leaves }
        return result.indices.filter { !gone.contains($0) }.map { result[$0] }
    }

    // MARK: Parts of the clients

    private static func pieces(_ all: [Leaf], _ clients: AddressSet) -> [Piece] {
        var leaves = all.compactMap { $0.resolved(for: clients) }
        var rest = clients
        // What was split off, from which clients.
        var levels: [(whole: AddressSet, inside: [Piece])] = []
        while let range = leaves.lazy.compactMap({ $0.ranges.first }).first?.range {
            let inside = rest.intersection(range)
            if !inside.isEmpty {
                levels.append((rest, pieces(leaves.compactMap { $0.assuming(range, true) }, inside)))
                rest = rest.subtracting(range)
            }
            leaves = leaves.compactMap { $0.assuming(range, false) }
        }
        var looks = lookLimit
        var result = rest.isEmpty ? [] : [Piece(clients: rest, fate: fate(leaves, &looks))]
        for (whole, inside) in levels.reversed() {
            if result.count == 1, inside.count == 1, let fate = inside[0].fate.merged(with: result[0].fate) {
                result = [Piece(clients: whole, fate: fate)]
            } else {
                result = inside + result
            }
        }
        return result
    }

    /// How many paths are looked at where conditions are tried both ways: n that each end the way of some packets take some n²/2,
    /// and n that all make a difference would take 2ⁿ.
    private static let lookLimit = 5000

    /// What becomes of clients that no condition on their address divides.
    ///
    /// - Parameter looks: how many paths may still be looked at.
    private static func fate(_ leaves: [Leaf], _ looks: inout Int) -> RuleFate {
        guard let condition = leaves.lazy.compactMap({ $0.conditions.first }).first?.condition else {
            var chances: [RuleFate.Chance] = []
            for leaf in leaves {
                guard let (result, treatment) = leaf.result else {
                    return .unknown(
                        .rules("a rule leaves the packet to another program, or sends it to one of several addresses"))
                }
                chances.append(
                    RuleFate.Chance(result: result, treatment: treatment, probability: leaf.probability))
            }
            return RuleFate(chances)
        }
        let holds = leaves.compactMap { $0.assuming(condition, true) }
        let fails = leaves.compactMap { $0.assuming(condition, false) }
        if holds.isEmpty { return fate(fails, &looks) }
        if fails.isEmpty { return fate(holds, &looks) }
        looks -= leaves.count
        guard looks > 0 else { return .unknown(.condition(condition.text)) }
        let one = fate(holds, &looks)
        // What is unknown either way needs no look at the other.
        if case .unknown = one { return one }
        return one.merged(with: fate(fails, &looks)) ?? .unknown(.condition(condition.text))
    }
}

extension RuleFates.Leaf {
    init(_ part: ClientTrace.Part, isFromHost: Bool) {
        probability = part.probability
        result = part.result(isFromHost: isFromHost)
        var assumption = part.assumptions
        while let node = assumption {
            if case .client(let range) = node.condition {
                ranges.append((range, node.isAssumed))
            } else {
                conditions.append((node.condition, node.isAssumed))
            }
            assumption = node.earlier
        }
        ranges.reverse()
        conditions.reverse()
    }

    /// Without the conditions that hold for all of some clients; nil: it is about none of them.
    func resolved(for clients: AddressSet) -> Self? {
        guard !ranges.isEmpty else { return self }
        var leaf = self
        leaf.ranges = []
        for (range, isInside) in ranges {
            let areIn = range.count == 1 ? clients.areIn(range[0]) : nil
            if let areIn, areIn != isInside { return nil }
            if areIn == nil { leaf.ranges.append((range, isInside)) }
        }
        return leaf
    }

    /// What is left of it where clients are in a range, or are not; nil: nothing.
    func assuming(_ range: [IPPrefix], _ isInside: Bool) -> Self? {
        guard let index = ranges.firstIndex(where: { $0.range == range }) else { return self }
        guard ranges[index].isInside == isInside else { return nil }
        var leaf = self
        leaf.ranges.remove(at: index)
        return leaf
    }

    /// What is left of it where a condition holds, or does not; nil: nothing.
    func assuming(_ condition: TraceCondition, _ isAssumed: Bool) -> Self? {
        guard let index = conditions.firstIndex(where: { $0.condition == condition }) else { return self }
        guard conditions[index].isAssumed == isAssumed else { return nil }
        var leaf = self
        leaf.conditions.remove(at: index)
        return leaf
    }
}

extension ClientTrace.Part {
    /// Whether the client is who gets the packet.
    fileprivate var isFromDestination: Bool {
        guard isTranslated, case .exact(let address) = destination.address else { return false }
        return clients.areIn(IPPrefix(single: address)) == true
    }

    /// What becomes of the packet; nil: it is not known.
    fileprivate func result(isFromHost: Bool) -> (RuleFate.Result, RuleFate.Treatment)? {
        switch verdict {
        case .drop: return (.timesOut, .any)
        case .reject: return (isRefusalLost ? .timesOut : .refused, .any)
        case .unknown: return nil
        case .accept: break
        }
        guard isTranslated else { return (.unchanged, .any) }
        // The host's address instead of an endpoint's, or one of several.
        guard case .exact(let address) = destination.address, destination.port.first == destination.port.last else {
            return nil
        }
        let port = destination.port.first
        if isForHost, !isFromHost { return (.endpoint(address, port), .any) }
        if isFromDestination { return (.endpoint(address, port), .any) }
        return (.endpoint(address, port), isMasqueraded ? .rewritten : .preserved)
    }
}
