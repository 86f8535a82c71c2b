internal import KubeChainsBytes

/// `-m set --match-set NAME FLAGS`: the packet's addresses are in an IP set. iptables-extensions(8), set.
public struct SetMatch: Sendable, Hashable {
    /// Which part of a packet an element of a set is compared with.
    public enum Side: Sendable, Hashable {
        /// `src`, `dst`.
        case source, destination
    }

    /// A condition on a counter of the set's entry.
    public enum Count: Sendable, Hashable {
        /// `--packets-eq`, `--bytes-eq`.
        case equal(UInt64)
        /// The same negated.
        case notEqual(UInt64)
        /// `--packets-lt`, `--bytes-lt`.
        case less(UInt64)
        /// `--packets-gt`, `--bytes-gt`.
        case greater(UInt64)
    }

    /// The set's name, at most 31 bytes.
    public var name: String
    /// Whether the packet must not match.
    public var isNegated: Bool
    /// Which side of the packet each dimension of the set is asked for: 1…6.
    public var sides: [Side]
    /// `--return-nomatch`.
    public var returnsNoMatch = false
    /// Whether the counters of the entry are left as they are.
    public var skipsCounterUpdate = false
    /// `! --update-subcounters`.
    public var skipsSubcounterUpdate = false
    /// The condition on the element's packets; nil: none.
    public var packets: Count?
    /// The condition on the element's bytes; nil: none.
    public var bytes: Count?

    /// A match of a set's elements, without conditions on their counters.
    public init(_ name: String, sides: [Side], isNegated: Bool = false) {
        self.name = name
        self.sides = sides
        self.isNegated = isNegated
    }

    func write(to text: inout TextWriter) {
        text.append(" -m set")
        text.append(negation: isNegated)
        text.append(" --match-set ")
        text.append(bytesOf: name)
        for (index, side) in sides.enumerated() {
            text.append(UInt8(ascii: index == 0 ? " " : ","))
            text.append(side == .source ? "src" : "dst")
        }
        if returnsNoMatch { text.append(" --return-nomatch") }
        if skipsCounterUpdate { text.append(" ! --update-counters") }
        if skipsSubcounterUpdate { text.append(" ! --update-subcounters") }
        packets?.write("packets", to: &text)
        bytes?.write("bytes", to: &text)
    }
}

extension SetMatch.Count {
    fileprivate func write(_ name: StaticString, to text: inout TextWriter) {
        if case .notEqual = self { text.append(" !") }
        text.append(" --")
        text.append(name)
        switch self {
        case .equal(let value), .notEqual(let value):
            text.append("-eq ")
            text.append(decimal: value)
        case .less(let value):
            text.append("-lt ")
            text.append(decimal: value)
        case .greater(let value):
            text.append("-gt ")
            text.append(decimal: value)
        }
    }

    /// The condition out of three options with successive numbers; at most one may be used.
    fileprivate init?(_ arguments: ExtensionArguments, from id: UInt8) throws(RuleFault) {
        try arguments.exclude(id, id + 1)
        try arguments.exclude(id, id + 2)
        try arguments.exclude(id + 1, id + 2)
        if let use = arguments[id] {
            let value = try use.argument.number(0...UInt64.max, "a count")
            self = use.isNegated ? .notEqual(value) : .equal(value)
        } else if let use = arguments[id + 1] {
            self = .less(try use.argument.number(0...UInt64.max, "a count"))
        } else if let use = arguments[id + 2] {
            self = .greater(try use.argument.number(0...UInt64.max, "a count"))
        } else {
            return nil
        }
    }
}

extension MatchDefinition {
    static let set = MatchDefinition(
        "set",
        options: [
            ExtensionOption("match-set", 0, arity: 2, negatable: true),
            ExtensionOption("set", 0, arity: 2, negatable: true), ExtensionOption("return-nomatch", 1, arity: 0),
            ExtensionOption("update-counters", 2, arity: 0, negatable: true),
            ExtensionOption("update-subcounters", 3, arity: 0, negatable: true),
            ExtensionOption("packets-eq", 4, negatable: true), ExtensionOption("packets-lt", 5),
            ExtensionOption("packets-gt", 6), ExtensionOption("bytes-eq", 7, negatable: true),
            ExtensionOption("bytes-lt", 8), ExtensionOption("bytes-gt", 9),
        ]
    ) { arguments throws(RuleFault) in
        guard let use = arguments[0] else { throw arguments.missing("--match-set") }
        let name = try use.argument.name("the name of a set", atMost: 31, in: arguments.strings)
        var sides: [SetMatch.Side] = []
        let list = use.second
        try list.bytes.forEachPart(separator: UInt8(ascii: ",")) { part throws(RuleFault) in
            guard sides.count < 6, part.hasPrefix("src") || part.hasPrefix("dst") else {
                throw list.fault(expected: "up to 6 of src and dst, separated by commas")
            }
            sides.append(part.hasPrefix("src") ? .source : .destination)
        }
        var match = SetMatch(name, sides: sides, isNegated: use.isNegated)
        match.returnsNoMatch = arguments.has(1)
        match.skipsCounterUpdate = arguments[2]?.isNegated ?? false
        match.skipsSubcounterUpdate = arguments[3]?.isNegated ?? false
        match.packets = try .init(arguments, from: 4)
        match.bytes = try .init(arguments, from: 7)
        return .set(match)
    }
}
