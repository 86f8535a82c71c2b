internal import Iptables
public import KubeChainsBytes
internal import NetAddress

/// Compares what a node in IPVS mode has with what the API says it should have: virtual and real servers, sets, the addresses
/// of `kube-ipvs0`, and the rules that ask the sets. What was not taken from the node is not compared.
public struct IPVSAudit: NodeAudit {
    /// The cause of others first, then most severe first, then by Service port.
    public private(set) var findings: [AuditFinding] = []
    /// What was not given and is read off the texts, in the order of ``AuditSetting``.
    public private(set) var inferred: [InferredSetting] = []
    /// What the node was compared with, with the settings that it shows; nil: nothing was compared.
    public private(set) var expected: IPVSPlan?
    /// The version of kube-proxy whose state was expected, and what says it; nil: nothing was compared.
    public private(set) var version: VersionChoice?
    /// What was not taken from the node, so that it was not compared.
    public let notGiven: [IPVSDump.Part]

    /// Why nothing was compared; nil: what was given was compared.
    public var problem: IPVSEvidence.NothingToCompare.Problem? {
        findings.lazy.compactMap { ($0.evidence as? IPVSEvidence.NothingToCompare)?.problem }.first
    }

    /// Audits a node, and reads off its texts what was not given.
    ///
    /// - Parameters:
    ///   - given: the settings that were given; the others are taken from the texts.
    ///   - plan: a plan with the settings as far as they are known, for any Node of the snapshot if none was given.
    ///   - dump: what programs printed on the node.
    ///   - workers: threads that may plan half of many Services; the audit is the same without them.
    public init(given: Set<AuditSetting>, _ plan: IPVSPlan, _ dump: IPVSDump, with workers: Workers? = nil) {
        let family = plan.plan.settings.family
        let live = dump.state(family)
        notGiven = IPVSDump.Part.allCases.filter { !dump.has($0, family) }
        var found = AuditFindings()
        if let problem = IPVSAudit.problem(dump, live, plan) {
            found.add(IPVSEvidence.NothingToCompare(problem: problem))
            findings = found.all
            return
        }
        let conclusions = IPVSInference(plan, live, dump, .given(given)).conclusions
        inferred = conclusions.inferred
        var planned = plan
        if conclusions.settings != plan.plan.settings, let other = plan.plan.replanned(conclusions.settings, workers),
            let replanned = try? IPVSPlan(other)
        {
            planned = replanned
        }
        expected = planned
        version = plan.plan.version.replaced(by: planned.plan.version)
        for difference in conclusions.differences { found.add(SettingsDiffer(setting: difference)) }
        IPVSFindings(planned, live, dump).add(to: &found)
        findings = found.all.sorted(by: Audit.precedes)
    }

    private static func problem(
        _ dump: IPVSDump, _ live: IPVSFamilyState, _ plan: IPVSPlan
    ) -> IPVSEvidence.NothingToCompare.Problem? {
        if dump.isEmpty { return .empty }
        let rules = dump.rules(live.family)
        let hasTraces =
            !live.servers.isEmpty || !live.sets.isEmpty || !live.addresses.isEmpty
            || rules?.holdsChains(only: .ipvs) ?? false
        if hasTraces || plan.plan.servicePorts.isEmpty { return nil }
        if rules?.holdsProxyChains ?? false { return .iptablesMode }
        return dump.families.contains(live.family.other) ? .otherFamily : .nothingOfKubeProxy
    }
}
