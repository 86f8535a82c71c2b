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

extension TraceCondition {
    /// The same for conditions with the same answer.
    var key: TraceCondition {
        guard case .port(let range, let address, isSource: true) = self else { return self }
        return .port(range, of: address, isSource: false)
    }

    /// Conditions whose answer, if it is no, is the answer to this one: interfaces by the beginnings of the name.
    var widerConditions: [TraceCondition] {
        switch self {
        case .inInterface(let name): name.wildcards.map { .inInterface($0) }
        case .outInterface(let name, let address): name.wildcards.map { .outInterface($0, address) }
        default: []
        }
    }

    /// Whether an answer says something about conditions that neither have the same key nor have this one among their wider
    /// conditions.
    func isTelling(_ isAssumed: Bool) -> Bool {
        switch self {
        case .inInterface, .outInterface: isAssumed
        case .port(let range, _, _): isAssumed || range.first != range.last
        default: false
        }
    }
}

extension String {
    /// The names with `+` that stand for all that this one does.
    fileprivate var wildcards: [String] {
        let name = utf8.last == UInt8(ascii: "+") ? dropLast() : self[...]
        return name.indices.map { name[..<$0] + "+" } + [name + "+"]
    }

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
