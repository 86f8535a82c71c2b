package import NetAddress

/// A condition that cannot be decided. An unchanged packet gets the same answer again.
package enum TraceCondition: Hashable, Sendable {
    case inInterface(String)
    /// The interface follows from the destination.
    case outInterface(String, TracedAddress)
    /// The port that goes with an address; as the source it is asked for with `--sport`, but it is the same port in an
    /// answer.
    case port(PortRange, of: TracedAddress, isSource: Bool)
    /// The address is one of the host's.
    case hostAddress(TracedAddress)
    /// The client is in one of these ranges, where many clients are followed together: each branch has those of whom it is so.
    case client(in: [IPPrefix])
    /// A match, whose packet it was asked for, and the last event that changed what it sees.
    case match(String, from: TracedAddress, to: TracedAddress, PortRange, event: Int = 0)
    /// A mark with unknown bits fits, or does not.
    case mark(String, known: UInt32, unknown: UInt32, event: Int)
    /// Of two chains with the same priority, the first is asked first.
    case order(String, String)
    /// A condition with a new answer each time.
    case event(String, Int)

    package var text: String {
        switch self {
        case .inInterface(let name): "-i \(name)"
        case .outInterface(let name, _): "-o \(name)"
        case .port(let range, _, let isSource): "\(isSource ? "--sport" : "--dport") \(range.text)"
        case .hostAddress(let address): "\(address.text) is an address of this host"
        case .client(let ranges): "-s " + ranges.map(\.description).joined(separator: ",")
        case .order(let first, let second): "\(first) is asked before \(second)"
        case .match(let text, _, _, _, _), .mark(let text, _, _, _), .event(let text, _): text
        }
    }

    /// What follows for this condition from the answer to another; nil: nothing.
    func answer(given other: TraceCondition, _ isAssumed: Bool) -> Bool? {
        if self == other { return isAssumed }
        switch (self, other) {
        case (.inInterface(let own), .inInterface(let known)):
            return inference(isAssumed, own.covers(known), known.covers(own))
        case (.outInterface(let own, let address), .outInterface(let known, let same)) where address == same:
            return inference(isAssumed, own.covers(known), known.covers(own))
        case (.port(let own, let address, _), .port(let known, let same, _)) where address == same:
            if own == known { return isAssumed }
            if isAssumed, own.overlaps(known), !own.contains(known) { return nil }
            return inference(isAssumed, own.contains(known), known.contains(own))
        default: return nil
        }
    }

    private func inference(_ isAssumed: Bool, _ coversKnown: Bool, _ isCovered: Bool) -> Bool? {
        if isAssumed { return coversKnown ? true : isCovered ? nil : false }
        return isCovered ? false : nil
    }
}

extension String {
    /// Whether all interfaces that another name stands for fit this one; a name that ends in `+` stands for all that
    /// begin so.
    fileprivate func covers(_ other: String) -> Bool {
        guard utf8.last == UInt8(ascii: "+") else { return self == other }
        return other.hasPrefix(dropLast())
    }
}

extension PortRange {
    /// `80`, or `80:90`.
    var text: String { first == last ? "\(first)" : "\(first):\(last)" }
}

extension TracedAddress {
    /// The address, the range, or words.
    public var text: String {
        switch self {
        case .exact(let address): address.description
        case .range(let first, let last): "\(first)-\(last)"
        case .ofHost: "one of the host's addresses"
        case .client: "the client's address"
        }
    }
}

/// The assumptions on a packet's path, the latest first. Branches share what they have in common.
package final class AssumptionList: Sendable {
    package let condition: TraceCondition
    package let isAssumed: Bool
    package let earlier: AssumptionList?
    /// The clients before the assumption.
    let clients: TracedClients?
    /// Of the texts of all assumptions in their order.
    private let digest: Int

    init(
        _ condition: TraceCondition, _ isAssumed: Bool, after earlier: AssumptionList?, of clients: TracedClients?
    ) {
        self.condition = condition
        self.isAssumed = isAssumed
        self.earlier = earlier
        self.clients = clients
        var hasher = Hasher()
        hasher.combine(earlier?.digest)
        hasher.combine(condition.text)
        hasher.combine(isAssumed)
        digest = hasher.finalize()
    }

    /// The assumptions, the first one first.
    var all: [TraceAssumption] {
        var result: [TraceAssumption] = []
        var list: AssumptionList? = self
        while let node = list {
            result.append(TraceAssumption(text: node.condition.text, isAssumed: node.isAssumed))
            list = node.earlier
        }
        return result.reversed()
    }

    /// What follows from the assumptions for a condition; nil: nothing.
    package func answer(to condition: TraceCondition) -> Bool? {
        var list: AssumptionList? = self
        while let node = list {
            if let answer = condition.answer(given: node.condition, node.isAssumed) { return answer }
            list = node.earlier
        }
        return nil
    }
}

extension AssumptionList: Hashable {
    /// Whether the texts are the same.
    package static func == (left: AssumptionList, right: AssumptionList) -> Bool {
        if left === right { return true }
        return left.digest == right.digest && left.all == right.all
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

/// The rules that a packet matched, the latest first. Branches share what they have in common.
package final class PathList: Sendable {
    package let step: TraceStep
    package let earlier: PathList?
    let count: Int

    package init(_ step: TraceStep, after earlier: PathList?) {
        self.step = step
        self.earlier = earlier
        count = (earlier?.count ?? 0) + 1
    }
}
