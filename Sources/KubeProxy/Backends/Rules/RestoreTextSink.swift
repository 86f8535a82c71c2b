internal import Iptables
internal import KubeChainsBytes
internal import NetAddress

/// Writes rules as kube-proxy does for iptables-restore.
struct RestoreTextSink: RuleSink, ~Copyable {
    var text: TextWriter
    fileprivate(set) var chainCount = 0
    fileprivate(set) var ruleCount = 0
    /// The chains of the present table whose rules are written; nil: all.
    fileprivate(set) var chains: Set<ChainName>?
    /// The rules of the present table's chain KUBE-SERVICES.
    fileprivate(set) var servicesDepth = 0

    init(_ text: consuming TextWriter) {
        self.text = text
    }

    /// Begins a table.
    ///
    /// - Parameter chains: those whose rules are written; nil: all.
    mutating func beginTable(_ name: StaticString, _ chains: Set<ChainName>?) {
        text.append("*")
        text.append(name)
        text.append("\n")
        self.chains = chains
        servicesDepth = 0
    }

    /// Gives the text back.
    consuming func finish() -> TextWriter { text }

    /// Declares a chain of the present table, if its rules are written.
    mutating func declare(_ chain: ChainName) {
        if let chains, !chains.contains(chain) { return }
        text.append(UInt8(ascii: ":"))
        text.append(chain)
        text.append(" - [0:0]\n")
        chainCount += 1
    }

    mutating func add(_ rule: borrowing ComposedRule, _ subject: borrowing RuleSubject) {
        if let chains, !chains.contains(rule.chain) { return }
        ruleCount += 1
        if rule.chain.kind == .services { servicesDepth += 1 }
        text.append("-A ")
        text.append(rule.chain)
        append(rule.comment, subject)
        if let mark = rule.mark {
            text.append(" -m mark")
            if mark.isNegated { text.append(" !") }
            text.append(" --mark ")
            text.append(hexadecimal: mark.value, width: 8)
            text.append(UInt8(ascii: "/"))
            text.append(hexadecimal: mark.value, width: 8)
        }
        if let type = rule.addressType {
            text.append(type == .localDestination ? " -m addrtype --dst-type LOCAL" : " -m addrtype --src-type LOCAL")
        }
        if let recent = rule.recent { append(recent) }
        if let transport = rule.transport {
            text.append(" -m ")
            text.append(transport.name)
            text.append(" -p ")
            text.append(transport.name)
        }
        if let destination = rule.destination { append(" -d ", destination, subject) }
        if let port = rule.destinationPort {
            text.append(" --dport ")
            text.append(decimal: UInt64(port))
        }
        switch rule.source {
        case nil: break
        case .address(let match): append(" -s ", match, subject)
        case .interface(let name, let isNegated):
            text.append(isNegated ? " ! -i " : " -i ")
            text.append(string: name)
        }
        if let state = rule.conntrackState {
            text.append(" -m conntrack ")
            text.append(state.text)
        }
        if let name = rule.accounting {
            text.append(" -m nfacct --nfacct-name ")
            text.append(name)
        }
        if let count = rule.oneIn {
            text.append(" -m statistic --mode random --probability ")
            Probability(oneIn: count).write(to: &text)
        }
        append(rule.target, subject)
        text.append(UInt8(ascii: "\n"))
    }

    private mutating func append(_ comment: ComposedRule.Comment, _ subject: borrowing RuleSubject) {
        if case .none = comment { return }
        text.append(" -m comment --comment ")
        if case .name = comment { return text.append(subject.name) }
        text.append(UInt8(ascii: "\""))
        text.append(comment, subject)
        text.append(UInt8(ascii: "\""))
    }

    private mutating func append(_ recent: ComposedRule.RecentMatch) {
        text.append(" -m recent --name ")
        switch recent {
        case .check(let chain, let seconds):
            text.append(chain)
            text.append(" --rcheck --seconds ")
            text.append(decimal: UInt64(seconds))
            text.append(" --reap")
        case .set(let chain):
            text.append(chain)
            text.append(" --set")
        }
    }

    private mutating func append(
        _ option: StaticString, _ match: ComposedRule.AddressMatch, _ subject: borrowing RuleSubject
    ) {
        if match.isNegated { text.append(" !") }
        text.append(option)
        if !match.spelling.isCanonical, appendSpelled(match, subject) { return }
        text.append(match.writesLength ? match.prefix.text : match.prefix.network.text)
    }

    /// Appends an address as its object spells it, if that is not the canonical text.
    @inline(never)
    private mutating func appendSpelled(
        _ match: ComposedRule.AddressMatch, _ subject: borrowing RuleSubject
    ) -> Bool {
        guard let spelled = subject.text(match.spelling) else { return false }
        text.append(string: spelled)
        return true
    }

    private mutating func append(_ target: ComposedRule.Target, _ subject: borrowing RuleSubject) {
        switch target {
        case .none: break
        case .jump(let chain):
            text.append(" -j ")
            text.append(chain)
        case .accept: text.append(" -j ACCEPT")
        case .drop: text.append(" -j DROP")
        case .reject: text.append(" -j REJECT")
        case .return: text.append(" -j RETURN")
        case .endpoint:
            text.append(" -j DNAT --to-destination ")
            text.append(endpointOf: subject)
        case .masquerade(let randomFully):
            text.append(randomFully ? " -j MASQUERADE --random-fully" : " -j MASQUERADE")
        case .setMark(let mark):
            text.append(" -j MARK --or-mark ")
            text.append(hexadecimal: mark, width: 8)
        case .clearMark(let mark):
            text.append(" -j MARK --xor-mark ")
            text.append(hexadecimal: mark, width: 8)
        }
    }
}

/// Text that is written concurrently, and appended in order. One for all such texts, since the most expensive part
/// is its memory (measured: a twentieth of the time of rendering).
///
/// It is used by one thread at a time: by the one that writes, and then by the one that appends.
final class RestoreTextPart: @unchecked Sendable {
    fileprivate var output = RestoreTextSink(TextWriter())

    /// Writes for the present table of another text.
    func write(_ chains: Set<ChainName>?, _ body: (inout RestoreTextSink) -> Void) {
        output.chains = chains
        body(&output)
    }
}

extension RestoreTextSink {
    /// Takes in what was written beside this text.
    mutating func append(_ part: RestoreTextPart) {
        text.append(contentsOf: &part.output.text)
        chainCount += part.output.chainCount
        ruleCount += part.output.ruleCount
        servicesDepth += part.output.servicesDepth
        part.output.chainCount = 0
        part.output.ruleCount = 0
        part.output.servicesDepth = 0
    }
}

extension TextWriter {
    /// Appends what a comment says, without quotes.
    mutating func append(_ comment: ComposedRule.Comment, _ subject: borrowing RuleSubject) {
        switch comment {
        case .none: break
        case .text(let text): append(text)
        case .name: append(subject.name)
        case .aboutName(let before, let after):
            append(before)
            append(subject.name)
            append(after)
        case .notAccepted(let chain):
            append(subject.name)
            append(" traffic not accepted by ")
            append(chain)
        case .endpoint:
            append(subject.name)
            append(" -> ")
            append(endpointOf: subject)
        }
    }
}
