public import KubeSnapshot
public import NetAddress

/// Looks in a snapshot for what will surprise somebody.
///
/// The rules read decisions from plans and facts from the snapshot; each takes time in proportion to what it looks at.
public struct Lint: Sendable {
    /// Most severe first, then what is about no Service port, then by Service port, object and rule.
    public private(set) var findings: [LintFinding] = []
    /// What planning had to say.
    public let warnings: [PlacedMessage]

    /// Lints a snapshot.
    ///
    /// - Parameters:
    ///   - settings: kube-proxy's settings. Without a node's name all Nodes of the snapshot are looked at, and what does
    ///     not differ from node to node at the first of them; its family does not matter.
    ///   - families: those that are looked at, as far as the cluster has Services of them.
    ///   - disabled: the names of rules to leave out.
    public init(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings, families: [AddressFamily] = AddressFamily.allCases,
        without disabled: Set<String> = []
    ) throws(SnapshotError) {
        var all: [ServicePlan] = []
        for family in families {
            var settings = settings
            settings.family = family
            settings.nodeName = settings.nodeName ?? snapshot.nodes.first?.name.text
            all.append(try ServicePlan(snapshot, settings))
        }
        let filled = all.filter { !$0.servicePorts.isEmpty }
        let plans = filled.isEmpty ? Array(all.prefix(1)) : filled
        warnings = plans.first?.warnings ?? []

        let rules = LintRule.all.filter { !disabled.contains($0.name) }
        let found = plans.map { plan in
            let subject = LintSubject(snapshot, plan, forAllNodes: settings.nodeName == nil)
            return rules.flatMap { rule in
                var report = LintReport(rule, snapshot)
                rule.check(subject, &report)
                return report.findings
            }
        }
        findings = plans.count == 2 ? Lint.merged(found, plans) : found.flatMap { $0 }
        findings.sort(by: LintFinding.precedes)
    }

    /// What both families have in common stands once. What only one has is laid at that one, if the Service has both.
    private static func merged(_ found: [[LintFinding]], _ plans: [ServicePlan]) -> [LintFinding] {
        let common = Set(found[0]).intersection(found[1])
        let services = plans.map { Set($0.servicePorts.map(\.serviceIndex)) }
        return zip(found, plans).enumerated().flatMap { position, pair in
            let (findings, plan) = pair
            return findings.compactMap { finding in
                if common.contains(finding) { return position == 0 ? finding : nil }
                var finding = finding
                let hasBoth = finding.serviceIndex.map { index in services.allSatisfy { $0.contains(index) } }
                if hasBoth ?? (finding.location == nil) { finding.family = plan.settings.family }
                return finding
            }
        }
    }
}
