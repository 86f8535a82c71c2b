internal import KubeChainsBytes

/// `-j CT`, and `-j NOTRACK`, which the kernel keeps as the same target: iptables-extensions(8), CT.
public struct ConntrackTarget: Sendable {
    /// Which direction of the connection a zone is for.
    public enum Direction: Sendable, Hashable {
        /// Packets of both directions, as the first one, or of answers.
        case both, original, reply
    }

    /// The zone in which a connection is tracked.
    public enum Zone: Sendable, Hashable {
        /// A number, for packets of a direction.
        case number(UInt16, Direction)
        /// The zone's number is the packet's mark.
        case mark(Direction)
    }

    /// `--notrack`.
    public var isUntracked = false
    /// `--helper`; empty: none.
    public var helper = ""
    /// `--timeout`: the name of a policy; empty: none.
    public var timeout = ""
    /// The events, as bits in the order of `eventNames`.
    public var events: UInt32 = 0
    /// `--expevents new`.
    public var reportsNewExpectations = false
    /// `--zone`, `--zone-orig`, `--zone-reply`; nil: none.
    public var zone: Zone?
    /// Whether it is written as `-j NOTRACK`. It does not count in comparisons.
    public var isSpelledNotrack = false

    /// A target that changes nothing yet.
    public init() {}

    static let eventNames: [StaticString] = [
        "new", "related", "destroy", "reply", "assured", "protoinfo", "helper", "mark", "natseqinfo", "secmark",
    ]

    func write(to text: inout TextWriter) {
        if isSpelledNotrack { return text.append(" -j NOTRACK") }
        text.append(" -j CT")
        if isUntracked { text.append(" --notrack") }
        if !helper.isEmpty {
            text.append(" --helper ")
            text.append(bytesOf: helper)
        }
        if !timeout.isEmpty {
            text.append(" --timeout ")
            text.append(bytesOf: timeout)
        }
        if events != 0 {
            text.append(" --ctevents ")
            text.append(events, of: Self.eventNames)
        }
        if reportsNewExpectations { text.append(" --expevents new") }
        switch zone {
        case .number(let number, let direction):
            direction.write(to: &text)
            text.append(decimal: UInt64(number))
        case .mark(let direction):
            direction.write(to: &text)
            text.append("mark")
        case nil: break
        }
    }
}

extension ConntrackTarget.Direction {
    fileprivate func write(to text: inout TextWriter) {
        switch self {
        case .both: text.append(" --zone ")
        case .original: text.append(" --zone-orig ")
        case .reply: text.append(" --zone-reply ")
        }
    }
}

extension ConntrackTarget: Hashable {
    public static func == (left: ConntrackTarget, right: ConntrackTarget) -> Bool {
        left.isUntracked == right.isUntracked && left.helper == right.helper && left.timeout == right.timeout
            && left.events == right.events && left.reportsNewExpectations == right.reportsNewExpectations
            && left.zone == right.zone
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(isUntracked)
        hasher.combine(helper)
        hasher.combine(events)
        hasher.combine(zone)
    }
}

extension TargetDefinition {
    static let ct = TargetDefinition(
        "CT",
        options: [
            ExtensionOption("notrack", 0, arity: 0), ExtensionOption("helper", 1), ExtensionOption("timeout", 2),
            ExtensionOption("ctevents", 3), ExtensionOption("expevents", 4), ExtensionOption("zone", 5),
            ExtensionOption("zone-orig", 6), ExtensionOption("zone-reply", 7),
        ]
    ) { arguments throws(RuleFault) in
        var target = ConntrackTarget()
        target.isUntracked = arguments.has(0)
        if let use = arguments[1] {
            target.helper = try use.argument.name("the name of a helper", atMost: 15, in: arguments.strings)
        }
        if let use = arguments[2] {
            target.timeout = try use.argument.name("a name", atMost: 31, in: arguments.strings)
        }
        if let use = arguments[3] { target.events = try use.argument.events(ConntrackTarget.eventNames) }
        if let use = arguments[4] { target.reportsNewExpectations = try use.argument.events(["new"]) != 0 }
        target.zone = try zone(arguments)
        return .ct(target)
    }

    /// The zone of `--zone`, `--zone-orig` and `--zone-reply`, of which the last one counts; zone 0 is none.
    private static func zone(_ arguments: ExtensionArguments) throws(RuleFault) -> ConntrackTarget.Zone? {
        let direction: ConntrackTarget.Direction =
            arguments.has(6) == arguments.has(7) ? .both : arguments.has(6) ? .original : .reply
        let last = [arguments[5], arguments[6], arguments[7]].compactMap { $0 }.max { $0.offset < $1.offset }
        guard let last else { return nil }
        if last.argument.bytes.equalsIgnoringCase("mark") { return .mark(direction) }
        let number = UInt16(try last.argument.number(0...0xFFFF, "mark, or a zone"))
        return number == 0 ? nil : .number(number, direction)
    }

    static let notrack = TargetDefinition("NOTRACK") { _ in
        var target = ConntrackTarget()
        target.isUntracked = true
        target.isSpelledNotrack = true
        return .ct(target)
    }
}

extension Token {
    /// The set of event names; other than states, they must be whole.
    fileprivate func events(_ names: [StaticString]) throws(RuleFault) -> UInt32 {
        var set: UInt32 = 0
        try bytes.forEachPart(separator: UInt8(ascii: ",")) { part throws(RuleFault) in
            guard let index = names.firstIndex(where: { part == $0 }) else {
                throw fault(expected: "events, one or more of " + names.map { "\($0)" }.joined(separator: ","))
            }
            set |= 1 << UInt32(index)
        }
        return set
    }
}
