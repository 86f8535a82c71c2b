public import KubeChainsJSON
public import KubeObjects
public import NetAddress

/// Checks a snapshot for things that will surprise people.
///
/// The rules read decisions from plans and facts from the snapshot; each takes time linear in its input.
public struct Lint: Sendable {
    /// Most severe first, then what is about no Service port, then by Service port, object and rule.
    public private(set) var findings: [LintFinding] = []
    /// Warnings of the plans.
    public let warnings: [PlacedMessage]
    /// The versions of kube-proxy whose rules were looked at, the oldest first, and how many of the Nodes have each.
    public let versions: [(version: VersionChoice, nodes: Int)]

    /// Lints a snapshot.
    ///
    /// - Parameters:
    ///   - settings: kube-proxy's settings. Without a node's name all Nodes of the snapshot are checked, and what does
    ///     not differ from node to node is checked for the first of them; the family is ignored.
    ///   - families: the families to check, as far as the cluster has Services of them.
    ///   - disabled: the names of rules to exclude.
    public init(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings, families: [AddressFamily] = AddressFamily.allCases,
        without disabled: Set<String> = []
    ) throws(SnapshotError) {
        var all: [NodePlan] = []
        for family in families {
            var settings = settings
            settings.family = family
            settings.nodeName = settings.nodeName ?? snapshot.nodes.first?.name.text
            all.append(try NodePlan(snapshot, settings))
        }
        let filled = all.filter { !$0.servicePorts.isEmpty }
        let plans = filled.isEmpty ? Array(all.prefix(1)) : filled
        warnings = plans.first?.warnings ?? []
        versions = Lint.versions(snapshot, settings)

        var subjects: [LintSubject] = []
        for plan in plans {
            let modes = settings.mode == .ipvs ? ModeComparison(try IPVSPlan(plan)) : nil
            subjects.append(LintSubject(plan, modes, forAllNodes: settings.nodeName == nil))
        }
        var familiesOfService = Array(repeating: 0, count: snapshot.services.count)
        for subject in subjects {
            for port in subject.firstPorts { familiesOfService[port.serviceIndex] += 1 }
        }
        // A finding of both families is reported once, without a family.
        var positions: [String: Int] = [:]
        for subject in subjects {
            for rule in LintRule.all
            where !disabled.contains(rule.name) && rule.modes.contains(settings.mode) {
                var report = LintReport(rule, snapshot)
                rule.check(subject, &report)
                for var finding in report.findings {
                    if let position = positions[finding.key] {
                        findings[position].family = nil
                        continue
                    }
                    positions[finding.key] = findings.count
                    // An object of a single family needs no mention of it.
                    let familyCount = finding.serviceIndex.map { familiesOfService[$0] } ?? subjects.count
                    let isOfOne = familyCount > 1 && (finding.serviceIndex != nil || finding.object == nil)
                    finding.family = isOfOne ? subject.plan.settings.family : nil
                    findings.append(finding)
                }
            }
        }
        let order = findings.indices.sorted { LintFinding.precedes(findings[$0], findings[$1]) }
        findings = order.map { findings[$0] }
    }

    private static func versions(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings
    ) -> [(version: VersionChoice, nodes: Int)] {
        guard settings.nodeName == nil, settings.version == nil, !snapshot.nodes.isEmpty else {
            return [(VersionChoice(settings, in: snapshot), settings.nodeName == nil ? snapshot.nodes.count : 1)]
        }
        var counts: [VersionChoice: Int] = [:]
        for node in snapshot.nodes { counts[VersionChoice(settings, node), default: 0] += 1 }
        return counts.map { (version: $0.key, nodes: $0.value) }.sorted {
            ($0.version.version, $0.version.sourceText) < ($1.version.version, $1.version.sourceText)
        }
    }
}
