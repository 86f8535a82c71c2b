internal import KubeChainsBytes

/// How many packets and bytes a rule or a chain's policy has seen.
public struct Counters: Sendable, Hashable {
    /// The packets that met the rule or chain.
    public var packets: UInt64
    /// The bytes of these packets.
    public var bytes: UInt64

    /// Counters.
    public init(packets: UInt64 = 0, bytes: UInt64 = 0) {
        self.packets = packets
        self.bytes = bytes
    }

    func write(to text: inout TextWriter) {
        text.append(UInt8(ascii: "["))
        text.append(decimal: packets)
        text.append(UInt8(ascii: ":"))
        text.append(decimal: bytes)
        text.append(UInt8(ascii: "]"))
    }
}

/// A rule: conditions, and the target for packets that match all of them.
///
/// Rules are equal if the kernel stores the same for them, however they were written: `--or-mark 0x4000` is
/// `--set-xmark 0x4000/0x4000`, basic options come in any order, and `-m tcp` without options adds nothing to `-p tcp`.
/// Counters count (see ``ignoringCounters``), the line does not. The order of matches counts, since some of them do
/// something besides matching (`recent`, `limit`, `statistic`).
public struct Rule: Sendable {
    // In this order a rule takes 112 bytes instead of 120, and large dumps have hundreds of thousands.
    /// `-s`.
    public var source: AddressMatch?
    /// The protocol above IP; nil for all.
    public var `protocol`: ProtocolMatch?
    /// `-f`.
    public var fragment: FragmentMatch?
    /// `-d`.
    public var destination: AddressMatch?
    /// The line of the text that the rule was read from, from 1; 0 for a rule that was not read.
    public var line: Int32
    private var interfaces: Interfaces
    /// The matches in the order in which the kernel asks them.
    public var matches: [Match]
    /// The target; nil: the packet continues with the next rule.
    public var target: Target?
    /// The counters, where the text has them.
    public var counters: Counters?

    /// A rule; without any condition it matches every packet.
    public init(
        source: AddressMatch? = nil, destination: AddressMatch? = nil, inInterface: InterfaceMatch? = nil,
        outInterface: InterfaceMatch? = nil, protocol: ProtocolMatch? = nil, fragment: FragmentMatch? = nil,
        matches: [Match] = [], target: Target? = nil, counters: Counters? = nil, line: Int32 = 0
    ) {
        self.source = source
        self.destination = destination
        interfaces = Interfaces(incoming: inInterface, outgoing: outInterface)
        self.protocol = `protocol`
        self.fragment = fragment
        self.matches = matches
        self.target = target
        self.counters = counters
        self.line = line
    }

    /// The interface that packets come in by.
    public var inInterface: InterfaceMatch? {
        get { interfaces.incoming }
        set { interfaces = Interfaces(incoming: newValue, outgoing: outInterface) }
    }

    /// The interface that packets go out by.
    public var outInterface: InterfaceMatch? {
        get { interfaces.outgoing }
        set { interfaces = Interfaces(incoming: inInterface, outgoing: newValue) }
    }

    /// The conditions on interfaces. They are rare, so they take no room in every rule (measured: 8 bytes instead of
    /// 48).
    private enum Interfaces: Sendable, Hashable {
        case any
        indirect case some(incoming: InterfaceMatch?, outgoing: InterfaceMatch?)

        init(incoming: InterfaceMatch?, outgoing: InterfaceMatch?) {
            self = incoming == nil && outgoing == nil ? .any : .some(incoming: incoming, outgoing: outgoing)
        }

        var incoming: InterfaceMatch? {
            if case .some(let match, _) = self { match } else { nil }
        }

        var outgoing: InterfaceMatch? {
            if case .some(_, let match) = self { match } else { nil }
        }
    }

    /// Whether the basic conditions, those without `-m`, are the same.
    package borrowing func hasSameBasicConditions(as other: borrowing Rule) -> Bool {
        source == other.source && destination == other.destination && self.protocol == other.protocol
            && interfaces == other.interfaces && fragment == other.fragment
    }

    /// Whether any of the basic conditions limits the rule.
    package var hasBasicConditions: Bool {
        source != nil || destination != nil || interfaces != .any || self.protocol != nil || fragment != nil
    }

    /// The text of the first `comment` match.
    public var comment: String? {
        for case .comment(let text) in matches { return text }
        return nil
    }

    /// The rule without its counters.
    public var ignoringCounters: Rule {
        var rule = self
        rule.counters = nil
        return rule
    }

    /// The rule without `comment` matches, which never change what it does.
    public var ignoringComments: Rule {
        var rule = self
        rule.matches.removeAll { $0.isComment }
        return rule
    }
}

extension Rule: Hashable {
    public static func == (left: Rule, right: Rule) -> Bool {
        left.counters == right.counters && left.isSame(as: right)
    }

    /// Whether the rules are equal, counters aside.
    package func isSame(as other: Rule) -> Bool {
        target == other.target && hasSameBasicConditions(as: other)
            && (matches == other.matches || effectiveMatches == other.effectiveMatches)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(source)
        hasher.combine(destination)
        hasher.combine(interfaces)
        hasher.combine(self.protocol)
        hasher.combine(fragment)
        hasher.combine(counters)
        hasher.combine(target)
        for match in matches where !isImplied(match) { hasher.combine(match) }
    }

    /// The matches that add something to the basic conditions.
    private var effectiveMatches: [Match] { matches.filter { !isImplied($0) } }

    /// Whether the match says no more than `-p`.
    private func isImplied(_ match: Match) -> Bool {
        guard let number = match.impliedBy, let match = self.protocol else { return false }
        return match == ProtocolMatch(number)
    }
}
