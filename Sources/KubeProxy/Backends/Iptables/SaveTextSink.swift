internal import Iptables
internal import KubeChainsBytes
internal import NetAddress

/// Writes the rules of one table as iptables-save 1.8 prints them, and collects them by chain.
struct SaveTextSink: RuleSink, ~Copyable {
    /// All rules in the order in which they came.
    private var text = SavedRuleText()
    private var rules: [(chain: ChainName, range: Range<Int>)] = []

    var ruleCount: Int { rules.count }

    /// Appends the table: its chains and its rules, sorted by chain.
    consuming func finish(_ chains: [ChainName], to output: inout TextWriter) {
        for chain in chains.sorted() {
            output.append(":")
            output.append(chain)
            output.append(" - [0:0]\n")
        }
        var rules = self.rules
        let finished = text.text.finish()
        // The order within a chain stays: the text's offsets decide between rules of one chain.
        rules.sort { ($0.chain, $0.range.lowerBound) < ($1.chain, $1.range.lowerBound) }
        for rule in rules { output.append(finished, rule.range) }
    }

    mutating func add(_ rule: borrowing ComposedRule, _ subject: borrowing RuleSubject) {
        let start = text.text.totalCount
        text.append(rule, subject)
        rules.append((rule.chain, start..<text.text.totalCount))
    }
}

/// The lines of rules as iptables-save 1.8 prints them.
struct SavedRuleText: ~Copyable {
    /// The lines so far.
    var text = TextWriter()

    /// Appends a rule's line.
    mutating func append(_ rule: borrowing ComposedRule, _ subject: borrowing RuleSubject) {
        text.append("-A ")
        text.append(rule.chain)
        appendAddresses(rule)
        if let transport = rule.transport {
            text.append(" -p ")
            text.append(transport.name)
        }
        appendMatches(rule, subject)
        append(rule.target, subject)
        text.append(UInt8(ascii: "\n"))
    }

    /// Basic options come first: source, destination, interface.
    private mutating func appendAddresses(_ rule: borrowing ComposedRule) {
        if case .address(let source) = rule.source { append(" -s ", source) }
        if let destination = rule.destination { append(" -d ", destination) }
        if case .interface(let name, let isNegated) = rule.source {
            text.append(isNegated ? " ! -i " : " -i ")
            text.append(string: name)
        }
    }

    private mutating func appendMatches(_ rule: borrowing ComposedRule, _ subject: borrowing RuleSubject) {
        if case .none = rule.comment {
        } else {
            text.append(" -m comment --comment \"")
            text.append(rule.comment, subject)
            text.append(UInt8(ascii: "\""))
        }
        if let mark = rule.mark {
            text.append(" -m mark")
            if mark.isNegated { text.append(" !") }
            text.append(" --mark ")
            text.append(hexadecimal: mark.value)
            text.append(UInt8(ascii: "/"))
            text.append(hexadecimal: mark.value)
        }
        if let type = rule.addressType {
            text.append(type == .localDestination ? " -m addrtype --dst-type LOCAL" : " -m addrtype --src-type LOCAL")
        }
        if let recent = rule.recent { append(recent, subject.family) }
        if let transport = rule.transport {
            text.append(" -m ")
            text.append(transport.name)
        }
        if let port = rule.destinationPort {
            text.append(" --dport ")
            text.append(decimal: UInt64(port))
        }
        if let state = rule.conntrackState {
            text.append(" -m conntrack ")
            text.append(state.text)
        }
        if let name = rule.accounting {
            // Two blanks: so libxt_nfacct prints it.
            text.append(" -m nfacct --nfacct-name  ")
            text.append(name)
        }
        if let count = rule.oneIn {
            text.append(" -m statistic --mode random --probability ")
            Probability(oneIn: count).writeSaved(to: &text)
        }
    }

    private mutating func append(_ recent: ComposedRule.RecentMatch, _ family: AddressFamily) {
        switch recent {
        case .check(let chain, let seconds):
            text.append(" -m recent --rcheck --seconds ")
            text.append(decimal: UInt64(seconds))
            text.append(" --reap --name ")
            text.append(chain)
        case .set(let chain):
            text.append(" -m recent --set --name ")
            text.append(chain)
        }
        text.append(
            family == .ipv4
                ? " --mask 255.255.255.255 --rsource" : " --mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --rsource")
    }

    private mutating func append(_ option: StaticString, _ match: ComposedRule.AddressMatch) {
        // A range of all addresses matches everything, so nothing is printed.
        if match.prefix.length == 0, !match.isNegated { return }
        if match.isNegated { text.append(" !") }
        text.append(option)
        text.append(match.prefix.text)
    }

    private mutating func append(_ target: ComposedRule.Target, _ subject: borrowing RuleSubject) {
        switch target {
        case .none: break
        case .jump(let chain):
            text.append(" -j ")
            text.append(chain)
        case .accept: text.append(" -j ACCEPT")
        case .drop: text.append(" -j DROP")
        case .reject:
            text.append(
                subject.family == .ipv4
                    ? " -j REJECT --reject-with icmp-port-unreachable"
                    : " -j REJECT --reject-with icmp6-port-unreachable")
        case .return: text.append(" -j RETURN")
        case .endpoint:
            text.append(" -j DNAT --to-destination ")
            if let endpoint = subject.endpoint { text.append(endpoint.text) }
        case .masquerade(let randomFully):
            text.append(randomFully ? " -j MASQUERADE --random-fully" : " -j MASQUERADE")
        case .setMark(let mark):
            text.append(" -j MARK --set-xmark ")
            text.append(hexadecimal: mark)
            text.append(UInt8(ascii: "/"))
            text.append(hexadecimal: mark)
        case .clearMark(let mark):
            text.append(" -j MARK --set-xmark ")
            text.append(hexadecimal: mark)
            text.append("/0x0")
        }
    }
}
