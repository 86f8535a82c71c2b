internal import NetAddress

/// What a rule changes beside the packet's modelled fields, so that later conditions can get another answer.
enum SideEffect {
    /// The packet's mark becomes one that the rules do not say.
    case mark
    /// An address is put into an IP set.
    case adds(SetMatch)
    /// A set loses an address.
    case removes(String)
    /// A field of the packet changes that is not modelled.
    case field
}

/// The rules' side effects, as far as any rule can see them.
struct SideEffects: Sendable {
    /// Whether any rule has one.
    private(set) var areThere = false
    /// The sets that any rule asks for.
    private var askedSets: Set<String> = []
    /// The matches of ``fields`` that any rule has.
    private var askedFields: Set<String> = []
    private var asksForMarks = false

    /// By target: the matches that see what it changes (iptables-extensions(8)).
    private static let fields: [String: [String]] = [
        "DSCP": ["dscp", "tos"], "ECN": ["ecn", "tos"], "HL": ["hl"], "TOS": ["dscp", "tos"], "TTL": ["ttl"],
    ]
    /// The matches that see fields that are not modelled.
    static let fieldMatches = Set(fields.values.joined())
    /// Targets that set the mark to a value that is worked out from the packet.
    private static let markTargets: Set<String> = ["HMARK", "IPMARK"]

    init(_ ruleset: Ruleset) {
        for table in ruleset.tables {
            for chain in table.chains {
                let rules = chain.rules.span
                for index in rules.indices {
                    if case .unknown(let target) = rules[index].target, Self.mayHave(target.name) { areThere = true }
                    for match in rules[index].matches {
                        if case .unknown(let match) = match, match.name == "socket" { areThere = true }
                    }
                }
            }
        }
        guard areThere else { return }
        for table in ruleset.tables {
            for chain in table.chains {
                for rule in chain.rules { note(rule) }
            }
        }
    }

    private static func mayHave(_ target: String) -> Bool {
        target == "SET" || markTargets.contains(target) || fields[target] != nil
    }

    private mutating func note(_ rule: Rule) {
        switch rule.target {
        case .mark, .connmark: asksForMarks = true
        default: break
        }
        for match in rule.matches {
            switch match {
            case .set(let match): askedSets.insert(match.name)
            case .mark: asksForMarks = true
            case .unknown(let match) where Self.fieldMatches.contains(match.name): askedFields.insert(match.name)
            default: break
            }
        }
    }

    /// What a rule changes that any rule can see.
    func of(_ rule: borrowing Rule) -> [SideEffect] {
        guard areThere else { return [] }
        var effects: [SideEffect] = []
        for match in rule.matches {
            guard case .unknown(let match) = match, match.name == "socket" else { continue }
            if asksForMarks, match.words.contains("--restore-skmark") { effects.append(.mark) }
        }
        guard case .unknown(let target) = rule.target else { return effects }
        if Self.markTargets.contains(target.name), asksForMarks { effects.append(.mark) }
        if let matches = Self.fields[target.name], matches.contains(where: { askedFields.contains($0) }) {
            effects.append(.field)
        }
        if target.name == "SET" { effects += self.of(set: target.words) }
        return effects
    }

    private func of(set words: [String]) -> [SideEffect] {
        var effects: [SideEffect] = []
        for (index, word) in words.enumerated() {
            let name = index + 1 < words.count ? words[index + 1] : ""
            switch word {
            case "--map-mark" where asksForMarks: effects.append(.mark)
            case "--add-set" where askedSets.contains(name):
                let sides = index + 2 < words.count ? words[index + 2].split(separator: ",") : []
                effects.append(.adds(SetMatch(name, sides: sides.map { $0 == "src" ? .source : .destination })))
            case "--del-set" where askedSets.contains(name): effects.append(.removes(name))
            default: break
            }
        }
        return effects
    }
}

extension UnknownExtension {
    /// The words of its options.
    var words: [String] { text.split(separator: " ").map(String.init) }
}

/// What side effects made of a packet's surroundings, so that what was known before them does not count any more.
struct ChangedState: Hashable {
    /// The number of the event that made the mark unknown.
    var mark = 0
    /// The number of the event that last changed fields that are not modelled.
    var fields = 0
    /// By name: sets that rules changed for this packet.
    var sets: [String: ChangedSet] = [:]

    struct ChangedSet: Hashable {
        let event: Int
        /// How it was asked to take the address; nil: it lost one.
        let added: SetMatch?
    }

    mutating func apply(_ effect: SideEffect, event: Int) {
        switch effect {
        case .mark: mark = event
        case .field: fields = event
        case .adds(let match): sets[match.name] = ChangedSet(event: event, added: match)
        case .removes(let name): sets[name] = ChangedSet(event: event, added: nil)
        }
    }
}
