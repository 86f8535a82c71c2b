internal import KubeChainsBytes

/// A condition that an extension adds with `-m`: iptables-extensions(8).
public enum Match: Sendable, Hashable {
    /// A remark; it fits every packet. At most 255 bytes.
    case comment(String)
    /// `-m tcp`.
    case tcp(TCPMatch)
    /// `-m udp`.
    case udp(UDPMatch)
    /// `-m sctp`.
    indirect case sctp(SCTPMatch)
    /// `-m icmp`, `-m icmp6`.
    case icmp(ICMPMatch)
    /// `-m mark`.
    case mark(MarkMatch)
    /// `-m connmark`.
    case connmark(MarkMatch)
    /// `-m conntrack`, and `-m state`.
    indirect case conntrack(ConntrackMatch)
    /// `-m addrtype`.
    case addrtype(AddressTypeMatch)
    /// `-m statistic`.
    case statistic(StatisticMatch)
    /// `-m recent`.
    indirect case recent(RecentMatch)
    /// `-m multiport`.
    case multiport(MultiportMatch)
    /// `-m set`.
    indirect case set(SetMatch)
    /// `-m physdev`.
    indirect case physdev(PhysdevMatch)
    /// `-m limit`.
    case limit(LimitMatch)
    /// Counts packets in the kernel object with this name; it fits every packet.
    case nfacct(String)
    /// `-m rpfilter`.
    case rpfilter(ReversePathMatch)
    /// A match that is not modelled, or whose revision iptables-save could not print.
    indirect case unknown(UnknownExtension)

    /// Whether it is a remark.
    var isComment: Bool {
        if case .comment = self { return true }
        return false
    }

    /// The protocol whose `-p` says as much as this match; nil if it says more.
    var impliedBy: UInt8? {
        switch self {
        case .tcp(let match): match == TCPMatch() ? 6 : nil
        case .udp(let match): match == UDPMatch() ? 17 : nil
        case .sctp(let match): match == SCTPMatch() ? 132 : nil
        default: nil
        }
    }

    /// Appends ` -m NAME` and the options, as iptables-save writes them.
    func write(to text: inout TextWriter) {
        switch self {
        case .comment(let comment):
            text.append(" -m comment --comment ")
            text.append(quoting: comment)
        case .tcp(let match): match.write(to: &text)
        case .udp(let match): match.write(to: &text)
        case .sctp(let match): match.write(to: &text)
        case .icmp(let match): match.write(to: &text)
        case .mark(let match):
            text.append(" -m mark")
            match.write(to: &text)
        case .connmark(let match):
            text.append(" -m connmark")
            match.write(to: &text)
        case .conntrack(let match): match.write(to: &text)
        case .addrtype(let match): match.write(to: &text)
        case .statistic(let match): match.write(to: &text)
        case .recent(let match): match.write(to: &text)
        case .multiport(let match): match.write(to: &text)
        case .set(let match): match.write(to: &text)
        case .physdev(let match): match.write(to: &text)
        case .limit(let match): match.write(to: &text)
        case .nfacct(let name):
            // iptables-save writes two blanks here.
            text.append(" -m nfacct --nfacct-name  ")
            text.append(quoting: name)
        case .rpfilter(let match): match.write(to: &text)
        case .unknown(let match): match.write(" -m ", to: &text)
        }
    }
}

/// A match or target that is not modelled: its name and its options as they were written.
public struct UnknownExtension: Sendable, Hashable {
    /// The extension's name.
    public let name: String
    /// The words after the name, with their quotes; empty if there are none.
    public let text: String

    /// An extension whose meaning is not known.
    public init(name: String, text: String) {
        self.name = name
        self.text = text
    }

    func write(_ option: StaticString, to output: inout TextWriter) {
        output.append(option)
        output.append(bytesOf: name)
        guard !text.isEmpty else { return }
        output.append(UInt8(ascii: " "))
        output.append(bytesOf: text)
    }
}

extension MatchDefinition {
    static let comment = MatchDefinition("comment", options: [ExtensionOption("comment", 0)]) {
        arguments throws(RuleFault) in
        guard let use = arguments[0] else { throw arguments.missing("--comment") }
        return .comment(use.argument.text(atMost: 255, in: arguments.strings))
    }

    static let nfacct = MatchDefinition("nfacct", options: [ExtensionOption("nfacct-name", 0)]) {
        arguments throws(RuleFault) in
        guard let use = arguments[0] else { throw arguments.missing("--nfacct-name") }
        guard !use.argument.bytes.isEmpty else { throw use.argument.fault(expected: "a name") }
        return .nfacct(use.argument.text(atMost: 31, in: arguments.strings))
    }
}
