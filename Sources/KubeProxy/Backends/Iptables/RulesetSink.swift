public import Iptables
internal import KubeChainsBytes
internal import NetAddress

/// Collects rules as values, equal to those read from the text. Writing and reading the text would be most of the
/// work of a comparison (measured at 215,000 rules: a third of the time and a sixth of the memory).
struct RulesetSink: RuleSink {
    private var table: Table
    private var positions: [ChainName: Int] = [:]
    private let keepsComments: Bool
    /// The matches of rules that have no more than a protocol, or no more than a chance. Most rules are such; they
    /// share.
    private var protocolMatches: [TransportProtocol: [Match]] = [:]
    private var chanceMatches: [Int: [Match]] = [:]

    /// - Parameter keepsComments: whether comments on Services are wanted; those of fixed rules are always kept.
    init(_ name: String, _ chains: [ChainName], keepsComments: Bool) {
        table = Table(name: name)
        self.keepsComments = keepsComments
        table.chains.reserveCapacity(chains.count)
        positions.reserveCapacity(chains.count)
        for chain in chains {
            positions[chain] = table.chains.count
            table.chains.append(Chain(name: chain.description, counters: Counters()))
        }
    }

    consuming func finish() -> Table { table }

    mutating func add(_ rule: borrowing ComposedRule, _ subject: borrowing RuleSubject) {
        guard let position = positions[rule.chain] else { return }
        var result = Rule()
        result.matches = sharedMatches(rule) ?? matches(rule, subject)
        if let transport = rule.transport { result.protocol = ProtocolMatch(transport.number) }
        result.destination = RulesetSink.match(rule.destination)
        switch rule.source {
        case nil: break
        case .address(let match): result.source = RulesetSink.match(match)
        case .interface(let name, let isNegated): result.inInterface = InterfaceMatch(name, isNegated: isNegated)
        }
        result.target = target(rule.target, subject)
        table.chains[position].rules.append(result)
    }

    /// A range of all addresses is no condition.
    private static func match(_ match: ComposedRule.AddressMatch?) -> AddressMatch? {
        guard let match, match.prefix.length > 0 || match.isNegated else { return nil }
        return AddressMatch(match.prefix, isNegated: match.isNegated)
    }

    /// The matches of a rule that has no more than a protocol or a chance, and no comment that is kept.
    private mutating func sharedMatches(_ rule: borrowing ComposedRule) -> [Match]? {
        guard rule.mark == nil, rule.addressType == nil, rule.recent == nil, rule.destinationPort == nil,
            rule.conntrackState == nil, rule.accounting == nil, hasNoComment(rule.comment)
        else { return nil }
        switch (rule.transport, rule.oneIn) {
        case (nil, nil): return []
        case (let transport?, nil):
            if let known = protocolMatches[transport] { return known }
            let matches: [Match]
            switch transport {
            case .tcp: matches = [.tcp(TCPMatch())]
            case .udp: matches = [.udp(UDPMatch())]
            case .sctp: matches = [.sctp(SCTPMatch())]
            }
            protocolMatches[transport] = matches
            return matches
        case (nil, let count?):
            if let known = chanceMatches[count] { return known }
            let chance = StatisticMatch.Chance(steps: Probability(oneIn: count).kernelSteps)
            let matches: [Match] = [.statistic(StatisticMatch(.random(chance)))]
            chanceMatches[count] = matches
            return matches
        default: return nil
        }
    }

    private func hasNoComment(_ comment: ComposedRule.Comment) -> Bool {
        switch comment {
        case .none: true
        case .text: false
        default: !keepsComments
        }
    }

    private func matches(_ rule: borrowing ComposedRule, _ subject: borrowing RuleSubject) -> [Match] {
        var matches: [Match] = []
        if let comment = comment(rule.comment, subject) { matches.append(.comment(comment)) }
        if let mark = rule.mark {
            matches.append(.mark(MarkMatch(mark.value, mask: mark.value, isNegated: mark.isNegated)))
        }
        switch rule.addressType {
        case nil: break
        case .localSource: matches.append(.addrtype(AddressTypeMatch(source: .local)))
        case .localDestination: matches.append(.addrtype(AddressTypeMatch(destination: .local)))
        }
        switch rule.recent {
        case nil: break
        case .check(let chain, let seconds):
            var match = RecentMatch(.check, name: name(chain), family: subject.family)
            match.seconds = UInt32(seconds)
            match.reaps = true
            matches.append(.recent(match))
        case .set(let chain): matches.append(.recent(RecentMatch(.set, name: name(chain), family: subject.family)))
        }
        if let transport = rule.transport {
            let port = rule.destinationPort.map { PortMatch(PortRange($0)) }
            switch transport {
            case .tcp: matches.append(.tcp(TCPMatch(destination: port)))
            case .udp: matches.append(.udp(UDPMatch(destination: port)))
            case .sctp: matches.append(.sctp(SCTPMatch(destination: port)))
            }
        }
        switch rule.conntrackState {
        case nil: break
        case .invalid: matches.append(.conntrack(ConntrackMatch(states: .init(.invalid))))
        case .known: matches.append(.conntrack(ConntrackMatch(states: .init([.related, .established]))))
        case .neitherKnownNorTranslated:
            let states: ConntrackMatch.States = [.related, .established, .dnat]
            matches.append(.conntrack(ConntrackMatch(states: .init(states, isNegated: true))))
        }
        if let name = rule.accounting { matches.append(.nfacct(name.description)) }
        if let count = rule.oneIn {
            let chance = StatisticMatch.Chance(steps: Probability(oneIn: count).kernelSteps)
            matches.append(.statistic(StatisticMatch(.random(chance))))
        }
        return matches
    }

    private func comment(_ comment: ComposedRule.Comment, _ subject: borrowing RuleSubject) -> String? {
        switch comment {
        case .none: return nil
        case .text(let text): return text.description
        default:
            guard keepsComments else { return nil }
            var text = TextWriter()
            text.append(comment, subject)
            return String(decoding: text.finish(), as: UTF8.self)
        }
    }

    private func target(_ target: ComposedRule.Target, _ subject: borrowing RuleSubject) -> Target? {
        switch target {
        case .none: nil
        case .jump(let chain): .jump(name(chain))
        case .accept: .accept
        case .drop: .drop
        case .reject: .reject(subject.family == .ipv4 ? .icmpPortUnreachable : .icmp6PortUnreachable)
        case .return: .return
        case .endpoint:
            subject.endpoint.map { .dnat(TranslationTarget($0.address, ports: PortRange($0.port))) }
        case .masquerade(let randomFully): .masquerade(PortTranslation(isFullyRandom: randomFully))
        case .setMark(let mark): .mark(MarkChange(value: mark, mask: mark))
        case .clearMark(let mark): .mark(MarkChange(value: mark, mask: 0))
        }
    }

    /// The chain's name, held once for the chain and all jumps to it.
    private func name(_ chain: ChainName) -> String {
        positions[chain].map { table.chains[$0].name } ?? chain.description
    }
}

extension IptablesPlan {
    /// The plan's rules as values; what reading its text would give.
    ///
    /// - Parameter keepsComments: whether comments on Services are wanted.
    public func ruleset(keepsComments: Bool) -> Ruleset { ruleset(keepsComments: keepsComments, leavingOut: nil) }

    /// The same without the chains of some Service ports.
    func ruleset(keepsComments: Bool, leavingOut unchanged: UnchangedServices?) -> Ruleset {
        let rules = RuleComposer(self)
        var filter = RulesetSink("filter", rules.filterChains, keepsComments: keepsComments)
        rules.addFilterRules(to: &filter)
        var chains: [ChainName] = []
        for chain in RuleComposer.fixedNATChains { chains.append(chain) }
        for port in plan.servicePorts where unchanged?.contains(port.index) != true {
            eachChain(of: port) { chains.append($0) }
        }
        var nat = RulesetSink("nat", chains, keepsComments: keepsComments)
        rules.addNatRules(to: &nat, leavingOut: unchanged)
        let result = Ruleset(family: plan.settings.family, tables: [filter.finish(), nat.finish()])
        return writesSpellings ? asRead(result) : result
    }
}
