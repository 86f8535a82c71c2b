internal import KubeChainsBytes
public import NetAddress

/// `-m recent`: remembers addresses and asks for them. iptables-extensions(8), recent.
public struct RecentMatch: Sendable, Hashable {
    /// What is done with the list of addresses.
    public enum Operation: Sendable, Hashable, CaseIterable {
        /// Remembers the address; always fits.
        case set
        /// Fits an address that is remembered.
        case check
        /// Fits an address that is remembered, and renews its time.
        case update
        /// Fits an address that is remembered, and forgets it.
        case remove

        var option: StaticString {
            switch self {
            case .set: " --set"
            case .check: " --rcheck"
            case .update: " --update"
            case .remove: " --remove"
            }
        }
    }

    /// Which address is looked up.
    public enum Side: Sendable, Hashable {
        /// `--rsource`, `--rdest`.
        case source, destination
    }

    /// What is done with the list.
    public var operation: Operation
    /// Whether the packet must not match.
    public var isNegated: Bool
    /// The list's name, at most 199 bytes.
    public var name: String
    /// How old an entry may be, in seconds; nil for any age.
    public var seconds: UInt32?
    /// Whether older entries are thrown away.
    public var reaps: Bool
    /// How often the address must have been seen; nil for any number.
    public var hitCount: UInt32?
    /// Whether the TTL must be that of the packet that was remembered.
    public var matchesTTL: Bool
    /// The address that is looked up.
    public var side: Side
    /// The bits of the address that are remembered.
    public var mask: RawAddress

    /// A match of the source in a list.
    public init(_ operation: Operation, name: String = "DEFAULT", family: AddressFamily) {
        self.operation = operation
        isNegated = false
        self.name = name
        reaps = false
        matchesTTL = false
        side = .source
        mask = .mask(length: family.bitWidth, family: family)
    }

    func write(to text: inout TextWriter) {
        text.append(" -m recent")
        text.append(negation: isNegated)
        text.append(operation.option)
        if let seconds {
            text.append(" --seconds ")
            text.append(decimal: UInt64(seconds))
        }
        if reaps { text.append(" --reap") }
        if let hitCount {
            text.append(" --hitcount ")
            text.append(decimal: UInt64(hitCount))
        }
        if matchesTTL { text.append(" --rttl") }
        text.append(" --name ")
        text.append(bytesOf: name)
        text.append(" --mask ")
        mask.write(to: &text)
        text.append(side == .source ? " --rsource" : " --rdest")
    }
}

extension MatchDefinition {
    static let recent = MatchDefinition(
        "recent",
        options: [
            ExtensionOption("set", 0, arity: 0, negatable: true),
            ExtensionOption("rcheck", 1, arity: 0, negatable: true),
            ExtensionOption("update", 2, arity: 0, negatable: true),
            ExtensionOption("remove", 3, arity: 0, negatable: true), ExtensionOption("seconds", 4),
            ExtensionOption("reap", 5, arity: 0), ExtensionOption("hitcount", 6), ExtensionOption("rttl", 7, arity: 0),
            ExtensionOption("name", 8), ExtensionOption("mask", 9), ExtensionOption("rsource", 10, arity: 0),
            ExtensionOption("rdest", 11, arity: 0),
        ]
    ) { arguments throws(RuleFault) in
        var chosen: (operation: RecentMatch.Operation, use: OptionUse)?
        for (id, operation) in RecentMatch.Operation.allCases.enumerated() {
            guard let use = arguments[UInt8(id)] else { continue }
            if let chosen {
                let later = max(use.offset, chosen.use.offset)
                throw RuleFault(
                    at: later, found: "a second operation", expected: "one of --set, --rcheck, --update and --remove")
            }
            chosen = (operation, use)
        }
        guard let chosen else { throw arguments.missing("--set, --rcheck, --update or --remove") }
        var match = RecentMatch(chosen.operation, family: arguments.family)
        match.isNegated = chosen.use.isNegated
        if let use = arguments[4] {
            match.seconds = UInt32(try use.argument.number(1...UInt64(UInt32.max), "a number of seconds"))
        }
        match.reaps = arguments.has(5)
        if match.reaps, match.seconds == nil { throw arguments.missing("--seconds with --reap") }
        if let use = arguments[6] {
            let count = try use.argument.uint32("a number of packets")
            match.hitCount = count == 0 ? nil : count
        }
        match.matchesTTL = arguments.has(7)
        try arguments.exclude(7, 0)
        try arguments.exclude(7, 3)
        if let use = arguments[8] { match.name = try use.argument.name("a name", atMost: 199, in: arguments.strings) }
        if let use = arguments[9] {
            guard let mask = RawAddress(parsing: use.argument.bytes, family: arguments.family) else {
                throw use.argument.fault(expected: "a mask in the form of an \(arguments.family.name) address")
            }
            match.mask = mask
        }
        // Of the two, the one that comes last counts.
        if let destination = arguments[11], destination.offset > arguments[10]?.offset ?? -1 {
            match.side = .destination
        }
        return .recent(match)
    }
}
