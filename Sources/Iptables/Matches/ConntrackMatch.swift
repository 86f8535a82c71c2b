internal import KubeChainsBytes
internal import NetAddress

/// `-m conntrack`, and `-m state`, which the kernel keeps as the same match: iptables-extensions(8), conntrack.
public struct ConntrackMatch: Sendable {
    /// States of a connection, for `--ctstate`.
    public struct States: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// `INVALID`: of no known connection.
        public static let invalid = States(rawValue: 1 << 0)
        /// `NEW`: begins a connection.
        public static let new = States(rawValue: 1 << 1)
        /// `RELATED`: begins a connection that another one announced.
        public static let related = States(rawValue: 1 << 2)
        /// `ESTABLISHED`: of a connection that was answered.
        public static let established = States(rawValue: 1 << 3)
        /// `UNTRACKED`: excluded from connection tracking.
        public static let untracked = States(rawValue: 1 << 4)
        /// `SNAT`: the source is rewritten.
        public static let snat = States(rawValue: 1 << 5)
        /// `DNAT`: the destination is rewritten.
        public static let dnat = States(rawValue: 1 << 6)

        /// In the order in which iptables-save writes them.
        static let names: [StaticString] = [
            "INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT",
        ]
    }

    /// Properties of a connection, for `--ctstatus`; none of them is `NONE`.
    public struct Status: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// `EXPECTED`: another connection announced it.
        public static let expected = Status(rawValue: 1 << 0)
        /// `SEEN_REPLY`: it was answered.
        public static let seenReply = Status(rawValue: 1 << 1)
        /// `ASSURED`: it is kept when the table is full.
        public static let assured = Status(rawValue: 1 << 2)
        /// `CONFIRMED`: its first packet left the host.
        public static let confirmed = Status(rawValue: 1 << 3)

        static let names: [StaticString] = ["EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED"]
    }

    /// The direction of a packet within its connection.
    public enum Direction: Sendable, Hashable {
        /// As the first packet, or the other way.
        case original, reply
    }

    /// An address of the connection: `[!] --ctorigsrc ADDRESS[/MASK]` and its relatives.
    public struct Address: Sendable, Hashable {
        /// The bits as given, including those outside the mask, since iptables-save prints them.
        public let address: RawAddress
        /// The bits that count.
        public let mask: RawAddress
        /// Whether the packet must not match.
        public let isNegated: Bool
    }

    /// A condition that can be negated.
    public struct Condition<Value: Sendable & Hashable>: Sendable, Hashable {
        /// What is compared with.
        public let value: Value
        /// Whether the packet must not match.
        public let isNegated: Bool

        /// A condition, negated or not.
        public init(_ value: Value, isNegated: Bool = false) {
            self.value = value
            self.isNegated = isNegated
        }
    }

    /// `--ctstate`.
    public var states: Condition<States>?
    /// `--ctproto`: the protocol's number.
    public var `protocol`: Condition<UInt8>?
    /// `--ctorigsrc`: the source of the connection's first packet.
    public var originalSource: Address?
    /// `--ctorigdst`: its destination, before any rewriting.
    public var originalDestination: Address?
    /// `--ctreplsrc`: the source of answers.
    public var replySource: Address?
    /// `--ctrepldst`: the destination of answers.
    public var replyDestination: Address?
    /// `--ctorigsrcport`.
    public var originalSourcePort: PortMatch?
    /// `--ctorigdstport`.
    public var originalDestinationPort: PortMatch?
    /// `--ctreplsrcport`.
    public var replySourcePort: PortMatch?
    /// `--ctrepldstport`.
    public var replyDestinationPort: PortMatch?
    /// `--ctstatus`.
    public var status: Condition<Status>?
    /// The remaining time in seconds.
    public var expiry: Condition<ClosedRange<UInt32>>?
    /// `--ctdir`.
    public var direction: Direction?
    /// Whether it is written as `-m state --state`. It does not count in comparisons.
    public var isSpelledState = false

    /// A match of states, or without any condition yet.
    public init(states: Condition<States>? = nil) {
        self.states = states
    }
}

extension ConntrackMatch: Hashable {
    public static func == (left: ConntrackMatch, right: ConntrackMatch) -> Bool {
        left.states == right.states && left.protocol == right.protocol && left.originalSource == right.originalSource
            && left.originalDestination == right.originalDestination && left.replySource == right.replySource
            && left.replyDestination == right.replyDestination && left.originalSourcePort == right.originalSourcePort
            && left.originalDestinationPort == right.originalDestinationPort
            && left.replySourcePort == right.replySourcePort && left.replyDestinationPort == right.replyDestinationPort
            && left.status == right.status && left.expiry == right.expiry && left.direction == right.direction
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(states)
        hasher.combine(self.protocol)
        hasher.combine(originalSource)
        hasher.combine(originalDestination)
        hasher.combine(status)
        hasher.combine(direction)
    }
}

extension ConntrackMatch {
    func write(to text: inout TextWriter) {
        text.append(isSpelledState ? " -m state" : " -m conntrack")
        if let states {
            text.append(negation: states.isNegated)
            text.append(isSpelledState ? " --state " : " --ctstate ")
            text.append(UInt32(states.value.rawValue), of: States.names)
        }
        if let match = self.protocol {
            text.append(negation: match.isNegated)
            text.append(" --ctproto ")
            text.append(decimal: UInt64(match.value))
        }
        originalSource?.write(" --ctorigsrc ", to: &text)
        originalDestination?.write(" --ctorigdst ", to: &text)
        replySource?.write(" --ctreplsrc ", to: &text)
        replyDestination?.write(" --ctrepldst ", to: &text)
        originalSourcePort?.write(" --ctorigsrcport ", to: &text)
        originalDestinationPort?.write(" --ctorigdstport ", to: &text)
        replySourcePort?.write(" --ctreplsrcport ", to: &text)
        replyDestinationPort?.write(" --ctrepldstport ", to: &text)
        if let status {
            text.append(negation: status.isNegated)
            text.append(" --ctstatus ")
            if status.value.isEmpty {
                text.append("NONE")
            } else {
                text.append(UInt32(status.value.rawValue), of: Status.names)
            }
        }
        if let expiry {
            text.append(negation: expiry.isNegated)
            text.append(" --ctexpire ")
            text.append(decimal: UInt64(expiry.value.lowerBound))
            if expiry.value.count > 1 {
                text.append(UInt8(ascii: ":"))
                text.append(decimal: UInt64(expiry.value.upperBound))
            }
        }
        switch direction {
        case .original: text.append(" --ctdir ORIGINAL")
        case .reply: text.append(" --ctdir REPLY")
        case nil: break
        }
    }
}

extension ConntrackMatch.Address {
    fileprivate func write(_ option: StaticString, to text: inout TextWriter) {
        text.append(negation: isNegated)
        text.append(option)
        address.write(to: &text)
        if mask.prefixLength != mask.family.bitWidth { mask.writeMask(to: &text) }
    }

    fileprivate init?(_ use: OptionUse?, _ family: AddressFamily) throws(RuleFault) {
        guard let use else { return nil }
        let bytes = use.argument.bytes
        let slash = bytes.firstIndex(of: UInt8(ascii: "/"))
        guard let address = RawAddress(parsing: bytes[0..<(slash ?? bytes.count)], family: family) else {
            throw use.argument.addressFault(family)
        }
        self.address = address
        var mask = RawAddress.mask(length: family.bitWidth, family: family)
        if let slash { mask = try use.argument.mask(bytes.dropFirst(slash + 1), family) }
        guard mask.prefixLength != nil else {
            throw use.argument.fault(
                expected: "a mask that is a prefix length",
                remedy: "other masks cannot be given here; iptables takes them for another mask without a word")
        }
        self.mask = mask
        isNegated = use.isNegated
    }
}

extension MatchDefinition {
    static let conntrack = MatchDefinition(
        "conntrack",
        options: [
            ExtensionOption("ctstate", 0, negatable: true), ExtensionOption("ctproto", 1, negatable: true),
            ExtensionOption("ctorigsrc", 2, negatable: true), ExtensionOption("ctorigdst", 3, negatable: true),
            ExtensionOption("ctreplsrc", 4, negatable: true), ExtensionOption("ctrepldst", 5, negatable: true),
            ExtensionOption("ctorigsrcport", 6, negatable: true), ExtensionOption("ctorigdstport", 7, negatable: true),
            ExtensionOption("ctreplsrcport", 8, negatable: true), ExtensionOption("ctrepldstport", 9, negatable: true),
            ExtensionOption("ctstatus", 10, negatable: true), ExtensionOption("ctexpire", 11, negatable: true),
            ExtensionOption("ctdir", 12),
        ]
    ) { arguments throws(RuleFault) in
        var match = ConntrackMatch()
        if let use = arguments[0] { match.states = try .init(states: use, ConntrackMatch.States.names) }
        if let use = arguments[1] {
            match.protocol = .init(try use.argument.protocolNumber(), isNegated: use.isNegated)
        }
        match.originalSource = try .init(arguments[2], arguments.family)
        match.originalDestination = try .init(arguments[3], arguments.family)
        match.replySource = try .init(arguments[4], arguments.family)
        match.replyDestination = try .init(arguments[5], arguments.family)
        match.originalSourcePort = try ports(arguments[6])
        match.originalDestinationPort = try ports(arguments[7])
        match.replySourcePort = try ports(arguments[8])
        match.replyDestinationPort = try ports(arguments[9])
        if let use = arguments[10] {
            let set = try use.argument.nameSet(["NONE"] + ConntrackMatch.Status.names, "properties of a connection")
            match.status = .init(.init(rawValue: UInt8(set >> 1)), isNegated: use.isNegated)
        }
        if let use = arguments[11] { match.expiry = .init(try use.argument.expiry(), isNegated: use.isNegated) }
        if let use = arguments[12] {
            guard let index = ["ORIGINAL", "REPLY"].firstIndex(where: { use.argument.bytes.equalsIgnoringCase($0) })
            else { throw use.argument.fault(expected: "ORIGINAL or REPLY") }
            match.direction = index == 0 ? .original : .reply
        }
        guard arguments.uses.contains(where: { $0.owner == arguments.owner }) else {
            throw arguments.missing("an option such as --ctstate")
        }
        return .conntrack(match)
    }

    static let state = MatchDefinition("state", options: [ExtensionOption("state", 0, negatable: true)]) {
        arguments throws(RuleFault) in
        guard let use = arguments[0] else { throw arguments.missing("--state") }
        var match = ConntrackMatch(states: try .init(states: use, Array(ConntrackMatch.States.names.prefix(5))))
        match.isSpelledState = true
        return .conntrack(match)
    }

    /// Ports of the connection; unlike those of `tcp`, also all of them are a condition.
    private static func ports(_ use: OptionUse?) throws(RuleFault) -> PortMatch? {
        guard let use else { return nil }
        let range = try use.argument.portRange(isDecimal: true, ascending: false)
        return PortMatch(range, isNegated: use.isNegated)
    }
}

extension ConntrackMatch.Condition<ConntrackMatch.States> {
    fileprivate init(states use: OptionUse, _ names: [StaticString]) throws(RuleFault) {
        let set = try use.argument.nameSet(names, "states of a connection")
        self.init(.init(rawValue: UInt8(set)), isNegated: use.isNegated)
    }
}

extension Token {
    /// `SECONDS`, or `FIRST:LAST` where either may be left out.
    fileprivate func expiry() throws(RuleFault) -> ClosedRange<UInt32> {
        let limit = UInt64(UInt32.max)
        let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        let low = bytes[0..<(colon ?? bytes.count)]
        let first = low.isEmpty ? 0 : low.number(in: 0...limit)
        var last = first
        if let colon {
            let high = bytes.dropFirst(colon + 1)
            last = high.isEmpty ? limit : high.number(in: 0...limit)
        }
        guard let first, let last, first <= last else {
            throw fault(expected: "seconds, or a range of them such as 1:100")
        }
        return UInt32(first)...UInt32(last)
    }
}
