internal import Iptables
public import NetAddress

/// A setting of kube-proxy that a node's rules show to be another than the one given.
public enum SettingDifference: Sendable, Hashable {
    /// `--iptables-masquerade-bit`.
    case masqueradeBit(found: Int, given: Int)
    /// What is masqueraded on the way to cluster IPs.
    case clusterIPMasquerade(found: MasqueradedSources, given: MasqueradedSources)

    /// Whose traffic to cluster IPs is masqueraded.
    public enum MasqueradedSources: Sendable, Hashable {
        case nobody
        case everybody
        /// All but sources in a range: `--cluster-cidr`, or the node's pod CIDR.
        case outsideRange(IPPrefix)
        /// All but what comes in by an interface: `--pod-bridge-interface`.
        case outsideInterface(String)
        /// All but what comes in by interfaces whose names begin so: `--pod-interface-name-prefix`.
        case outsideInterfaces(prefix: String)
    }

    /// Whether differences in rules about the mark follow from it.
    var explainsMark: Bool {
        if case .masqueradeBit = self { true } else { false }
    }

    /// Whether differences in masquerading of traffic to the policies follow from it.
    var explainsPolicyMasquerade: Bool {
        if case .clusterIPMasquerade = self { true } else { false }
    }
}

extension SettingDifference {
    static func all(_ plan: NodePlan, _ live: RulesByService, _ wanted: RulesByService) -> [SettingDifference] {
        [mark(plan, live), clusterIPMasquerade(live, wanted)].compactMap { $0 }
    }

    /// All of kube-proxy's rules use one mark: if it is another than the settings say, the settings differ.
    private static func mark(_ plan: NodePlan, _ live: RulesByService) -> SettingDifference? {
        var marks: Set<UInt32> = []
        for rule in live.chain("nat", "KUBE-MARK-MASQ")?.rules ?? [] {
            if case .mark(let change) = rule.target { marks.insert(change.value) }
        }
        for chain in [live.chain("nat", "KUBE-POSTROUTING"), live.chain("filter", "KUBE-FORWARD")] {
            for rule in chain?.rules ?? [] {
                if case .mark(let change) = rule.target { marks.insert(change.value) }
                for case .mark(let match) in rule.matches { marks.insert(match.value) }
            }
        }
        guard marks.count == 1, let mark = marks.first, mark != plan.node.masqueradeMark, mark.nonzeroBitCount == 1,
            live.chain("filter", "KUBE-FORWARD") != nil
        else { return nil }
        return .masqueradeBit(found: mark.trailingZeroBitCount, given: plan.settings.masqueradeBit)
    }

    /// Whose traffic to cluster IPs kube-proxy masquerades is the same for all Services.
    private static func clusterIPMasquerade(_ live: RulesByService, _ wanted: RulesByService) -> SettingDifference? {
        let (found, expected) = (masqueraded(live), masqueraded(wanted))
        guard found.sources.count == 1, expected.sources.count <= 1, let source = found.sources.first,
            found.ports >= max(2, expected.ports)
        else { return nil }
        let given = expected.sources.first ?? .nobody
        return source == given ? nil : .clusterIPMasquerade(found: source, given: given)
    }

    /// Whose traffic the policies' chains masquerade, over all of them, and how many do.
    private static func masqueraded(_ rules: RulesByService) -> (sources: Set<MasqueradedSources>, ports: Int) {
        var sources: Set<MasqueradedSources> = []
        var ports = 0
        for chain in rules.ruleset[table: "nat"]?.chains ?? [] {
            guard let name = ChainName(chain.name), name.kind == .clusterPolicy || name.kind == .localPolicy else {
                continue
            }
            let chainRules = chain.rules.span
            for index in chainRules.indices where chainRules[index].target == .jump("KUBE-MARK-MASQ") {
                ports += 1
                sources.insert(MasqueradedSources(chainRules[index]))
            }
        }
        return (sources, ports)
    }
}

extension SettingDifference.MasqueradedSources {
    /// Whose traffic a rule of a policy's chain masquerades.
    init(_ rule: Rule) {
        if let source = rule.source, source.isNegated, let prefix = source.prefix {
            self = .outsideRange(prefix)
        } else if let interface = rule.inInterface, interface.isNegated {
            self = interface.prefix.map { .outsideInterfaces(prefix: $0) } ?? .outsideInterface(interface.name)
        } else {
            self = .everybody
        }
    }
}

extension InterfaceMatch {
    /// What the names begin with; nil where the match is for one name.
    fileprivate var prefix: String? {
        name.utf8.last == UInt8(ascii: "+") ? String(name.dropLast()) : nil
    }
}
