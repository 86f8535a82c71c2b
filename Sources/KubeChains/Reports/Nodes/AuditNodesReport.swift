internal import KubeChainsBytes
internal import KubeChainsJSON
public import KubeProxy
public import NetAddress

/// The reports of `audit --all-nodes`: findings grouped over nodes.
public struct AuditNodesReport: Sendable {
    /// What was found on one node in one family.
    public struct Node: Sendable {
        /// The node's name.
        public let name: String
        /// The family.
        public let family: AddressFamily
        /// The name of the dump.
        public let dump: String
        /// The findings that are reported.
        public let findings: [AuditFinding]
        /// What was not given and is read off the rules.
        public let inferred: [InferredSetting]
        /// The version of kube-proxy whose rules were expected; nil: nothing was compared.
        public let version: VersionChoice?

        /// What was found on one node in one family.
        public init(
            _ name: String, _ family: AddressFamily, dump: String, _ findings: [AuditFinding],
            _ inferred: [InferredSetting], _ version: VersionChoice?
        ) {
            self.name = name
            self.family = family
            self.dump = dump
            self.findings = findings
            self.inferred = inferred
            self.version = version
        }
    }

    /// The same finding on several nodes, in the dumps of one family.
    private struct Group {
        let family: AddressFamily
        /// That of the first node.
        let finding: AuditFinding
        /// The dump of the first node.
        let dump: String
        var nodes: [String]
    }

    private let nodes: [Node]
    private let names: NodeNames
    private let missing: [String]
    private let groups: [Group]

    /// A report.
    ///
    /// - Parameters:
    ///   - nodes: what was found, by node, each with its families one after the other.
    ///   - missing: the nodes without a dump.
    public init(_ nodes: [Node], withoutDump missing: [String]) {
        self.nodes = nodes
        self.missing = missing
        names = NodeNames(nodes.lazy.map(\.name))
        struct Key: Hashable {
            let family: AddressFamily
            let id: AuditFinding.Identifier
            let severity: FindingSeverity
            let label: ServicePortLabel?
            let effect: String
        }
        var positions: [Key: Int] = [:]
        var groups: [Group] = []
        for node in nodes {
            for finding in node.findings {
                let key = Key(
                    family: node.family, id: finding.id, severity: finding.severity, label: finding.label,
                    effect: finding.effect)
                guard let position = positions[key] else {
                    positions[key] = groups.count
                    groups.append(
                        Group(family: node.family, finding: finding, dump: node.dump, nodes: [node.name]))
                    continue
                }
                // A node may have a finding at several rules.
                if groups[position].nodes.last != node.name { groups[position].nodes.append(node.name) }
            }
        }
        self.groups = groups.indices.sorted { left, right in
            let (one, other) = (groups[left], groups[right])
            let (isCause, otherIsCause) = (one.finding.id.isCause, other.finding.id.isCause)
            if isCause != otherIsCause { return isCause }
            if one.finding.severity != other.finding.severity { return one.finding.severity > other.finding.severity }
            // What most nodes have comes first, otherwise what the first node has first.
            return one.nodes.count == other.nodes.count ? left < right : one.nodes.count > other.nodes.count
        }.map { groups[$0] }
    }

    /// Whether the dumps are of both families.
    private var hasBothFamilies: Bool { Set(nodes.lazy.map(\.family)).count > 1 }

    /// The findings, each with the nodes that have it and with the rule of the first of them.
    public func text(_ style: TextStyle = .plain) -> String {
        var report = ReportText(style)
        let namesFamily = hasBothFamilies
        var remedies: Set<String> = []
        for group in groups {
            let finding = group.finding
            let family = namesFamily ? "\(group.family.name): " : ""
            let label = finding.label.map { "\($0.text): " } ?? ""
            report.line(
                .severity(finding.severity), " ", words: "\(family)\(label)\(finding.effect) [\(finding.id.rawValue)]")
            report.line("    ", words: names.phrase(group.nodes), hanging: 8)
            if let rule = finding.rule {
                let place = finding.line > 0 ? " (\(group.dump):\(finding.line))" : ""
                report.line("    ", .init("rule:", .heading), "   \(rule)\(place)")
            }
            // A remedy that several findings share is said once, below the first of them.
            if remedies.insert(finding.remedy).inserted { report.remedy(finding.remedy) }
        }
        if !missing.isEmpty {
            report.line(
                .init("without a dump:", .heading), " ",
                words: "\(counted(missing.count, "node")): \(NodeNames.list(missing))")
        }
        let versions = Set(nodes.compactMap { $0.version?.version }).sorted().map { "kube-proxy \($0)" }
        report.count(of: groups.count, versions)
        return report.text
    }

    /// The findings as JSON: `kubechains/audit-nodes/v1`.
    public var json: String {
        JSONValue.object([
            ("schema", .string("kubechains/audit-nodes/v1")), ("nodes", .strings(names.all)),
            ("withoutDump", .strings(missing)),
            (
                "findings",
                .array(
                    groups.map { group in
                        // Where the rule is differs between nodes.
                        let members = AuditReport.members(group.finding).filter { $0.key != "line" && $0.key != "rule" }
                        return .object(
                            members + [
                                ("family", .string(group.family.name)), ("nodes", .strings(group.nodes)),
                            ])
                    })
            ),
        ]).text
    }

    /// A line of JSON for each node and family: `kubechains/audit-node/v1`. It does not depend on what other nodes there are.
    public var jsonLines: String {
        let schema: (String, JSONValue?) = ("schema", .string("kubechains/audit-node/v1"))
        let audited = nodes.map { node in
            JSONValue.object([
                schema, ("node", .string(node.name)), ("family", .string(node.family.name)),
                ("dump", .string(node.dump)), ("inferred", AuditReport.json(node.inferred)),
                ("kubeProxy", node.version?.json),
                ("findings", .array(node.findings.map { .object(AuditReport.members($0, node.dump)) })),
            ]).line
        }
        let without = missing.map {
            JSONValue.object([schema, ("node", .string($0)), ("withoutDump", .boolean(true))]).line
        }
        return (audited + without).joined()
    }

    /// The findings for the formats of other programs, each with the nodes that have it.
    ///
    /// - Parameter version: the version of the program.
    public func findings(version: String) -> FindingsReport {
        let single = FindingsReport(audit: groups.map(\.finding), "", version: version)
        return FindingsReport(
            command: "audit", version: version, rules: single.rules,
            findings: zip(groups, single.findings).map { group, finding in
                ReportedFinding(
                    id: finding.id, severity: finding.severity, subject: finding.subject,
                    message: "\(finding.message) (\(names.phrase(group.nodes)))", remedy: finding.remedy,
                    file: group.dump, line: finding.line)
            })
    }

    /// Gauges for node_exporter's textfile collector, those of each node's families together.
    ///
    /// - Parameter services: the number of Services that are compared.
    public func metrics(services: Int) -> String {
        var all: [AuditMetrics.Node] = []
        for node in nodes {
            let earlier = all.last?.name == node.name ? all.removeLast() : nil
            all.append(
                .init(
                    node.name, (earlier?.findings ?? []) + node.findings,
                    services: node.version == nil && earlier?.services == nil ? nil : services))
        }
        return AuditMetrics.text(all)
    }
}
