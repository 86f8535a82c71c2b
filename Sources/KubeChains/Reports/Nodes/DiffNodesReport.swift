internal import KubeChainsBytes
internal import KubeChainsJSON
public import KubeProxy
public import NetAddress

/// The reports of `diff --all-nodes`: differences grouped over nodes.
public struct DiffNodesReport: Sendable {
    /// The differences of one node, in the mode whose rules they are of.
    public enum Comparison: Sendable {
        /// Those of iptables mode.
        case iptables(RuleComparison)
        /// Those of nftables mode.
        case nftables(NftablesComparison)

        /// Whether nothing differs.
        public var isSame: Bool {
            switch self {
            case .iptables(let comparison): comparison.isSame
            case .nftables(let comparison): comparison.isSame
            }
        }

        fileprivate var parts: [DifferencePart] {
            switch self {
            case .iptables(let comparison): DifferencePart.all(of: comparison)
            case .nftables(let comparison): DifferencePart.all(of: comparison)
            }
        }

        /// The keys `servicePorts` and `other` of the report of one node.
        fileprivate var members: [(key: String, value: JSONValue?)] {
            switch self {
            case .iptables(let comparison): DiffReport.members(comparison)
            case .nftables(let comparison): NftablesDiffReport.members(comparison)
            }
        }
    }

    /// What differs on one node in one family.
    public struct Node: Sendable {
        /// The node's name.
        public let name: String
        /// The family.
        public let family: AddressFamily
        /// The versions of kube-proxy whose rules were compared.
        public let versions: ComparedVersions
        /// The differences; nil: the digests are equal, so there are none.
        public let comparison: Comparison?

        /// What differs on one node in one family.
        public init(_ name: String, _ family: AddressFamily, _ versions: ComparedVersions, _ comparison: Comparison?) {
            self.name = name
            self.family = family
            self.versions = versions
            self.comparison = comparison
        }
    }

    /// The same differences on several nodes.
    private struct Group {
        let family: AddressFamily
        let part: DifferencePart
        var nodes: [String]
    }

    private let nodes: [Node]
    private let names: NodeNames
    private let onlyExpected: [String]
    private let onlyActual: [String]
    private let groups: [Group]

    /// Whether nothing differs on any node, and both sides have the same nodes.
    public var isSame: Bool { groups.isEmpty && onlyExpected.isEmpty && onlyActual.isEmpty }

    /// A report.
    ///
    /// - Parameters:
    ///   - nodes: the nodes that both sides have, by name, each with its families one after the other.
    ///   - onlyExpected: the nodes that only the expected side has.
    ///   - onlyActual: those that only the actual side has.
    public init(_ nodes: [Node], onlyExpected: [String], onlyActual: [String]) {
        self.nodes = nodes
        self.onlyExpected = onlyExpected
        self.onlyActual = onlyActual
        names = NodeNames(nodes.lazy.map(\.name))
        var subjects: [Subject: [(node: String, part: DifferencePart)]] = [:]
        for node in nodes {
            for part in node.comparison?.parts ?? [] {
                let subject = Subject(family: node.family, label: part.label, change: part.change)
                subjects[subject, default: []].append((node.name, part))
            }
        }
        groups = subjects.flatMap { DiffNodesReport.groups($0.key, $0.value) }.sorted(by: DiffNodesReport.precedes)
    }

    /// What happened to a Service port in a family.
    private struct Subject: Hashable {
        let family: AddressFamily
        let label: ServicePortLabel?
        let change: ServicePortDifference.Change
    }

    /// What all of the nodes have, which is said once, and what each has besides.
    private static func groups(_ subject: Subject, _ parts: [(node: String, part: DifferencePart)]) -> [Group] {
        func grouped(_ parts: [(node: String, part: DifferencePart)]) -> [Group] {
            var positions: [DifferencePart: Int] = [:]
            var groups: [Group] = []
            for (node, part) in parts {
                if let position = positions[part] {
                    groups[position].nodes.append(node)
                } else {
                    positions[part] = groups.count
                    groups.append(Group(family: subject.family, part: part, nodes: [node]))
                }
            }
            return groups
        }
        let whole = grouped(parts)
        guard whole.count > 1, let common = DifferencePart.common(to: whole.map(\.part)) else { return whole }
        let rest = parts.compactMap { node, part in part.without(common).map { (node, $0) } }
        return [Group(family: subject.family, part: common, nodes: parts.map(\.node))] + grouped(rest)
    }

    /// By Service port, as in the report of one node; of each first what most nodes have, so that the odd ones follow it.
    private static func precedes(_ left: Group, _ right: Group) -> Bool {
        if left.family != right.family { return left.family == .ipv4 }
        if left.part.label != right.part.label {
            guard let one = left.part.label else { return false }
            guard let other = right.part.label else { return true }
            return one < other
        }
        if left.nodes.count != right.nodes.count { return left.nodes.count > right.nodes.count }
        if left.nodes[0] != right.nodes[0] { return left.nodes[0] < right.nodes[0] }
        // What all nodes have is of more nodes than each of the other groups, and of those a node is in one.
        return false
    }

    /// The differences, each with the nodes that have it; empty if there are none.
    ///
    /// - Parameters:
    ///   - isBrief: whether only the Service ports are named.
    ///   - isStatistics: whether differences are counted, not shown.
    ///   - style: how the text is laid out.
    public func text(isBrief: Bool, isStatistics: Bool = false, _ style: TextStyle = .plain) -> String {
        if isSame { return "" }
        var report = ReportText(style)
        let namesFamily = Set(nodes.lazy.map(\.family)).count > 1
        for group in groups {
            let family = namesFamily ? "\(group.family.name): " : ""
            let count = isStatistics ? ", \(counted(group.part.count, "difference"))" : ""
            report.line(
                .init("\(family)\(group.part.title)", .heading),
                ": \(group.part.change.rawValue) \(names.phrase(group.nodes))\(count)")
            if isBrief || isStatistics { continue }
            for line in group.part.lines { report.line(line.span) }
        }
        for (nodes, side) in [(onlyExpected, "EXPECTED"), (onlyActual, "ACTUAL")] where !nodes.isEmpty {
            report.line(
                .init("only \(side) has", .heading), " \(counted(nodes.count, "node")): \(NodeNames.list(nodes))")
        }
        let same = names.all.count - Set(groups.lazy.flatMap(\.nodes)).count
        report.line(
            words: "\(counted(names.all.count, "node")) compared: \(names.all.count - same) differ, \(same) the same")
        return report.text
    }

    /// The differences as JSON: `kubechains/diff-nodes/v1`.
    public var json: String {
        JSONValue.object([
            ("schema", .string("kubechains/diff-nodes/v1")), ("same", .boolean(isSame)),
            ("nodes", .strings(names.all)), ("onlyExpected", .strings(onlyExpected)),
            ("onlyActual", .strings(onlyActual)),
            (
                "differences",
                .array(
                    groups.map { group in
                        .object([
                            ("family", .string(group.family.name)),
                            ("servicePort", group.part.label.map { .string($0.servicePort) }),
                            ("protocol", group.part.label.map { .string($0.transport) }),
                            ("change", .string(group.part.change.rawValue)),
                            ("details", .strings(group.part.lines.map(\.sentence))), ("nodes", .strings(group.nodes)),
                        ])
                    })
            ),
        ]).text
    }

    /// A line of JSON for each node and family: `kubechains/diff-node/v1`. It does not depend on what other nodes there are.
    public var jsonLines: String {
        let schema: (String, JSONValue?) = ("schema", .string("kubechains/diff-node/v1"))
        let compared = nodes.map { node in
            let head: [(key: String, value: JSONValue?)] = [
                schema, ("node", .string(node.name)), ("family", .string(node.family.name)),
                ("same", .boolean(node.comparison?.isSame ?? true)), ("kubeProxy", node.versions.json),
            ]
            let none: [(key: String, value: JSONValue?)] = [("servicePorts", .array([])), ("other", .array([]))]
            return JSONValue.object(head + (node.comparison?.members ?? none)).line
        }
        let single = [("expected", onlyExpected), ("actual", onlyActual)].flatMap { side, nodes in
            nodes.map {
                JSONValue.object([schema, ("node", .string($0)), ("same", .boolean(false)), ("only", .string(side))])
                    .line
            }
        }
        return (compared + single).joined()
    }

    /// The Services that differ, as `namespace/name`.
    public var services: [String] { groups.compactMap { $0.part.label?.service } }

    /// The differences for the formats of other programs, each with the nodes that have it.
    ///
    /// - Parameters:
    ///   - actual: the actual side.
    ///   - version: the version of the program.
    public func findings(actual: ComparedInput, version: String) -> FindingsReport {
        let differences = groups.map { group in
            group.part.finding("in \(group.family.name) \(names.phrase(group.nodes))", actual: actual)
        }
        let nodes = [(onlyExpected, "EXPECTED"), (onlyActual, "ACTUAL")].flatMap { nodes, side in
            nodes.map {
                ReportedFinding(
                    id: "other-node", severity: .warning, subject: "Node \($0)", message: "only \(side) has it",
                    remedy: "",
                    file: actual.name)
            }
        }
        return FindingsReport(
            command: "diff", version: version,
            rules: FindingsReport.rulesOfDiff + [
                .init(id: "other-node", severity: .warning, explanation: "Only one side has the Node.")
            ],
            findings: differences + nodes)
    }
}
