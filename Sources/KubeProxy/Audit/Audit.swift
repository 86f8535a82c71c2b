public import Iptables
public import KubeChainsBytes
internal import KubeObjects

/// Compares a node's rules with what the API says they should be.
public struct Audit: NodeAudit {
    /// The cause of others first, then most severe first, then by Service port and line.
    public private(set) var findings: [AuditFinding] = []
    /// What was not given and is read off the rules, in the order of ``AuditSetting``.
    public private(set) var inferred: [InferredSetting] = []
    /// What the rules were compared with, with the settings that they show; nil: nothing was compared.
    public private(set) var expected: IptablesPlan?
    /// The version of kube-proxy whose rules were expected, and what says it; nil: nothing was compared.
    public private(set) var version: VersionChoice?

    /// Why nothing was compared; nil: the rules were compared.
    public var problem: DumpProblem? {
        findings.lazy.compactMap { ($0.evidence as? NothingToCompare)?.problem }.first
    }

    /// Audits a node whose settings are known, but for how kube-proxy marks packets and detects local traffic.
    ///
    /// - Parameters:
    ///   - iptables: what should be.
    ///   - expected: the plan's rules; comments on Services are not needed.
    ///   - dumps: what iptables-save printed on the node, one dump for each backend. The one that fits best of those that
    ///     contain kube-proxy's chains is audited.
    public init(_ iptables: IptablesPlan, _ expected: Ruleset, _ dumps: [Ruleset]) {
        guard !dumps.isEmpty else { return }
        let dumps = AuditedDumps(dumps, expected)
        compare(iptables, expected, dumps, .everything, nil)
    }

    /// Audits a node, and reads off its rules what was not given.
    ///
    /// - Parameters:
    ///   - given: the settings that were given; the others are taken from the rules.
    ///   - plan: a plan with the settings as far as they are known, for any Node of the snapshot if none was given.
    ///   - rules: the plan's rules; nil: not made yet. Comments on Services are not needed.
    ///   - dumps: as for ``init(_:_:_:)``, of the family of the plan.
    ///   - workers: threads that may plan half of many Services; the audit is the same without them.
    public init(
        given: Set<AuditSetting>, _ plan: IptablesPlan, _ rules: Ruleset? = nil, _ dumps: [Ruleset],
        with workers: Workers? = nil
    ) {
        guard !dumps.isEmpty else { return }
        let rules = rules ?? plan.ruleset(keepsComments: false)
        audit(given, plan, rules, AuditedDumps(dumps, rules), workers)
    }

    /// Audits a node as ``init(given:_:_:_:with:)`` does, by a dump that was read beside a plan.
    ///
    /// - Parameter plan: a plan with the settings as far as they are known; the dump's is mostly the one that the rules show.
    package init(given: Set<AuditSetting>, _ plan: IptablesPlan, _ dump: DumpBesidePlan, with workers: Workers?) {
        audit(given, plan, nil, AuditedDumps(dump), workers)
    }

    /// - Parameter rules: the plan's; nil: not made yet.
    private mutating func audit(
        _ given: Set<AuditSetting>, _ plan: IptablesPlan, _ rules: Ruleset?, _ audited: AuditedDumps,
        _ workers: Workers?
    ) {
        // A node's own policy may leave every Service without endpoints.
        let hasEndpoints = plan.plan.servicePorts.contains { $0.hasAnyEndpoint && !$0.internalPolicyIsLocal }
        if let problem = DumpProblem(audited.live, hasEndpoints: hasEndpoints) ?? DumpProblem(audited.live, of: plan) {
            var found = AuditFindings()
            found.add(NothingToCompare(problem: problem))
            findings = found.all
            return
        }
        compare(plan, rules, audited, .given(given), workers)
    }

    private mutating func compare(
        _ planned: IptablesPlan, _ rules: Ruleset?, _ dumps: AuditedDumps, _ knowledge: AuditKnowledge,
        _ workers: Workers?
    ) {
        let reading = VersionReading(planned, dumps.live, knowledge, workers)
        let inference = reading.inference
        inferred = inference.inferred
        if let version = reading.version { inferred.insert(version: version) }
        var plan = reading.plan
        var dumps = dumps
        var known = reading.version == nil ? rules : nil
        if inference.settings != plan.plan.settings,
            let other = dumps.plan(of: inference.settings) ?? plan.replanned(inference.settings, workers)
        {
            plan = other
            known = nil
        }
        let rules = known ?? dumps.expectedRules(plan)
        var subject = AuditSubject(plan, rules, dumps, inference.differences)
        if knowledge.accepts(.version), !subject.isOlderVersion,
            let other = fit(subject, planned, dumps, knowledge, workers)
        {
            (plan, subject) = other
        }
        expected = plan
        version = planned.plan.version.replaced(by: plan.plan.version)
        var found = AuditFindings()
        for check in subject.isOlderVersion ? Audit.checksOfOlderVersions : Audit.checks {
            check.check(subject, &found)
        }
        findings = found.all.sorted(by: Audit.precedes)
    }

    /// The rules of another version, if the node's differ from these in half as many Service ports or fewer. The settings are
    /// read anew: what rules show of them depends on the version.
    private mutating func fit(
        _ subject: AuditSubject, _ planned: IptablesPlan, _ dumps: AuditedDumps, _ knowledge: AuditKnowledge,
        _ workers: Workers?
    ) -> (IptablesPlan, AuditSubject)? {
        guard let fit = VersionFit(subject) else { return nil }
        let candidates = dumps.live.versionCandidates(besides: planned.plan.version)
        let own = subject.plan
        // Which Node the rules are of may show otherwise under another version.
        let mayBeOfOtherNode =
            !knowledge.gives(.node) && own.snapshot.nodes.count > 1
            && (fit.hasHints || subject.details.contains { !$0.isOfOtherAge })
        var found: (plan: IptablesPlan, subject: AuditSubject, inferred: [InferredSetting])?
        var most = subject.comparison.servicePorts.count / 2
        let best = fit.best(of: candidates)
        let others = mayBeOfOtherNode ? own.version.version.others(candidates) : []
        let showing = others.isEmpty ? nil : own.servicesThatShowNodes
        for version in [best].compactMap(\.self) + others {
            var settings = planned.plan.settings
            settings.version = version
            if version != best {
                // These few Services say whether it is worth planning all of them.
                guard let showing, let few = try? NodePlan(showing, settings),
                    SettingInference(IptablesPlan(few), dumps.live, knowledge).settings.nodeName != own.node.name
                else { continue }
            }
            guard var plan = planned.replanned(settings, workers) else { continue }
            let inference = SettingInference(plan, dumps.live, knowledge)
            if version != best, inference.settings.nodeName == own.node.name { continue }
            if inference.settings != settings, let other = plan.replanned(inference.settings, workers) { plan = other }
            var differences = inference.differences
            var inferred = inference.inferred
            if knowledge.gives(.version) {
                differences.append(
                    .version(found: version.minor, to: version.minor, given: planned.plan.version.version.text))
            } else {
                inferred.insert(version: version)
            }
            var dumps = dumps
            let rules = dumps.expectedRules(plan)
            let other = AuditSubject(plan, rules, dumps, differences)
            guard other.comparison.servicePorts.count <= most else { continue }
            found = (plan, other, inferred)
            most = other.comparison.servicePorts.count - 1
            if most < 0 { break }
        }
        guard let found else { return nil }
        inferred = found.inferred
        return (found.plan, found.subject)
    }

    /// All checks, in the order of the identifiers.
    static let checks: [any AuditCheck.Type] = [
        MissingJump.self, MissingChain.self, MissingService.self, ExtraService.self, StaleEndpoint.self,
        MissingEndpoint.self, WrongWeight.self, WrongPolicy.self, WrongMasquerade.self, WrongSourceRange.self,
        WrongAffinity.self, WrongAddress.self, WrongVerdict.self, WrongOrder.self, OrphanedChain.self,
        MissingTargetChain.self, BothBackends.self, ForeignRule.self, WrongMark.self, SettingsDiffer.self,
        UnexpectedRule.self, MissingRule.self, OlderVersion.self, LeftOver.self, KubeletMark.self,
        ForeignMark.self,
    ]

    /// The checks of rules whose text is not known here: what every version has in common.
    private static let checksOfOlderVersions: [any AuditCheck.Type] = [
        MissingService.self, ExtraService.self, StaleEndpoint.self, MissingEndpoint.self, BothBackends.self,
        ForeignRule.self, SettingsDiffer.self, OlderVersion.self,
    ]

    /// The identifiers that are looked for.
    package static var identifiers: [AuditFinding.Identifier] {
        checks.map { $0.id } + [
            NftablesEvidence.WrongHook.id, NftablesEvidence.WrongSet.id, IPVSEvidence.WrongSysctl.id,
            NftablesEvidence.TableFlags.id,
            StaleConnection.id, OrphanedConnection.id, ConnectionPastPolicy.id, NothingToCompare.id,
        ]
    }

    package static func precedes(_ left: AuditFinding, _ right: AuditFinding) -> Bool {
        if left.id.isCause != right.id.isCause { return left.id.isCause }
        if left.severity != right.severity { return left.severity > right.severity }
        if left.label != right.label {
            guard let one = left.label else { return true }
            guard let other = right.label else { return false }
            return one < other
        }
        if left.line != right.line { return left.line < right.line }
        if left.id != right.id { return left.id.rawValue < right.id.rawValue }
        return left.effect < right.effect
    }
}

extension AuditFinding.Identifier {
    /// Whether the finding may be the cause of others.
    package var isCause: Bool {
        switch self {
        case .settingsDiffer, .olderVersion, .leftOver, .kubeletMark, .tableFlags, .nothingToCompare: true
        default: false
        }
    }
}

extension IptablesPlan {
    /// The same snapshot planned with other settings; nil where the snapshot has several Nodes and the settings name none.
    func replanned(_ settings: ProxySettings, _ workers: Workers?) -> IptablesPlan? {
        plan.replanned(settings, workers).map { IptablesPlan($0, with: workers) }
    }
}

extension NodePlan {
    /// The same snapshot planned with other settings; nil where the snapshot has several Nodes and the settings name none.
    func replanned(_ settings: ProxySettings, _ workers: Workers?) -> NodePlan? {
        // What a Node's version decides is the cluster plan's.
        let isSameCluster =
            settings.family == cluster.settings.family && settings.version == cluster.settings.version
            && VersionChoice(settings, in: snapshot) == cluster.version
            && settings.allowServiceExternalIPs == cluster.settings.allowServiceExternalIPs
        let other = isSameCluster ? cluster : ClusterPlan(snapshot, settings, with: workers)
        return try? NodePlan(other, settings)
    }
}

/// The dumps of a node, and the one of them that is audited.
struct AuditedDumps {
    let all: [Ruleset]
    /// The position of the dump that is audited.
    let audited: Int
    /// The audited dump.
    private(set) var live: ChainsByName
    /// The plan beside which it was read, and the plan's rules.
    private let beside: DumpBesidePlan?
    /// Whether another dump that contains kube-proxy's chains has fewer of those that there should be.
    let isBest: Bool

    /// The only dump, beside a plan.
    init(_ dump: DumpBesidePlan) {
        beside = dump
        all = [dump.actual]
        audited = 0
        live = ChainsByName(dump.actual, besides: dump.unchanged)
        isBest = false
    }

    /// - Parameter expected: the rules that there should be.
    init(_ dumps: [Ruleset], _ expected: Ruleset) {
        beside = nil
        all = dumps
        let candidates = dumps.indices.filter { dumps[$0].holdsProxyChains }
        guard candidates.count > 1 else {
            audited = candidates.first ?? 0
            live = ChainsByName(dumps[audited])
            isBest = false
            return
        }
        let found = candidates.map { index in
            let chains = ChainsByName(dumps[index])
            let wanted = expected[table: "nat"]?.chains ?? []
            return (index: index, chains: chains, count: wanted.count { chains.has("nat", $0.name) })
        }
        let most = found.map(\.count).max() ?? 0
        let best = found.first { $0.count == most } ?? found[0]
        audited = best.index
        live = best.chains
        isBest = found.count { $0.count == most } == 1
    }

    /// The plan beside which the dump was read, if it has some settings.
    func plan(of settings: ProxySettings) -> IptablesPlan? {
        beside.flatMap { $0.plan.plan.settings == settings ? $0.plan : nil }
    }

    /// The rules of a plan, without those that the dump is without. Beside a plan that has others there, the dump gets all of its
    /// rules.
    mutating func expectedRules(_ plan: IptablesPlan) -> Ruleset {
        guard let unchanged = live.unchanged else { return plan.ruleset(keepsComments: false) }
        if let beside, beside.plan.plan.settings == plan.plan.settings, beside.plan.plan.version == plan.plan.version {
            return beside.expected
        }
        guard unchanged.areRules(of: plan) else {
            live = ChainsByName(unchanged.adding(to: live.ruleset))
            return plan.ruleset(keepsComments: false)
        }
        return plan.ruleset(keepsComments: false, leavingOut: unchanged)
    }
}

extension Ruleset {
    /// Whether kube-proxy's chains are among the rules; those of kubelet and canaries do not count.
    public var holdsProxyChains: Bool {
        self[table: "nat"]?[chain: "KUBE-SERVICES"] != nil || self[table: "filter"]?[chain: "KUBE-SERVICES"] != nil
    }
}
