internal import Iptables
internal import NetAddress

/// Infers kube-proxy's settings from rules, and reports where they differ from the given ones.
struct SettingsAudit {
    private(set) var findings: [AuditFinding] = []

    init(_ plan: NodePlan, _ live: RulesByService, _ wanted: RulesByService) {
        compareMark(plan, live)
        compareClusterIPMasquerade(plan, live, wanted)
    }

    /// All of kube-proxy's rules use one mark: if it is another than the settings say, the settings differ.
    private mutating func compareMark(_ plan: NodePlan, _ live: RulesByService) {
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
        else { return }
        let bit = mark.trailingZeroBitCount
        let rule = live.chain("nat", "KUBE-MARK-MASQ")?.rules.first
        findings.append(
            AuditFinding(
                .settingsDiffer, .warning, line: Int(rule?.line ?? 0), rule: rule?.saved(in: "KUBE-MARK-MASQ"),
                effect: "kube-proxy's mark is bit \(bit), not bit \(plan.settings.masqueradeBit) as given here",
                remedy: "give --iptables-masquerade-bit \(bit), if that is how kube-proxy is set"))
    }

    /// Which sources kube-proxy masquerades on the way to cluster IPs is the same for all Services.
    private mutating func compareClusterIPMasquerade(_ plan: NodePlan, _ live: RulesByService, _ wanted: RulesByService)
    {
        let (found, expected) = (SettingsAudit.masqueraded(live), SettingsAudit.masqueraded(wanted))
        guard found.ports > 1 || found.sources.count == 1, found.sources.count == 1, expected.sources.count <= 1,
            let source = found.sources.first, let wantedSource = expected.sources.first ?? .some(Source.nobody),
            source != wantedSource, found.ports >= max(2, expected.ports)
        else { return }
        findings.append(
            AuditFinding(
                .settingsDiffer, .warning, line: Int(found.rule?.line ?? 0),
                effect:
                    "kube-proxy masquerades \(source.text) on the way to cluster IPs; by the settings given here it "
                    + "would be \(wantedSource.text)",
                remedy: "give \(source.flags), if that is how kube-proxy is set"))
    }

    private enum Source: Hashable {
        case nobody
        case everybody
        case outside(String)

        var text: String {
            switch self {
            case .nobody: "nobody"
            case .everybody: "everybody"
            case .outside(let condition): "what comes from elsewhere than '\(condition)'"
            }
        }

        var flags: String {
            switch self {
            case .nobody: "no --cluster-cidr"
            case .everybody: "--masquerade-all"
            case .outside(let condition):
                condition.hasPrefix("-s ")
                    ? "--cluster-cidr \(condition.dropFirst(3))"
                    : condition.hasSuffix("+")
                        ? "--detect-local-mode InterfaceNamePrefix --pod-interface-name-prefix "
                            + "\(condition.dropFirst(3).dropLast())"
                        : "--detect-local-mode BridgeInterface --pod-bridge-interface \(condition.dropFirst(3))"
            }
        }
    }

    /// The sources that the policy chains masquerade, how many chains do, and the first rule that does.
    private static func masqueraded(_ rules: RulesByService) -> (sources: Set<Source>, ports: Int, rule: Rule?) {
        var sources: Set<Source> = []
        var ports = 0
        var first: Rule?
        for chain in rules.ruleset[table: "nat"]?.chains ?? [] {
            guard let name = ChainName(chain.name), name.kind == .clusterPolicy || name.kind == .localPolicy else {
                continue
            }
            let chainRules = chain.rules.span
            for index in chainRules.indices where chainRules[index].target == .jump("KUBE-MARK-MASQ") {
                let rule = chainRules[index]
                ports += 1
                if first == nil { first = rule }
                if let source = rule.source, source.isNegated, let prefix = source.prefix {
                    sources.insert(.outside("-s \(prefix)"))
                } else if let interface = rule.inInterface, interface.isNegated {
                    sources.insert(.outside("-i \(interface.name)"))
                } else {
                    sources.insert(.everybody)
                }
            }
        }
        return (sources, ports, first)
    }
}
