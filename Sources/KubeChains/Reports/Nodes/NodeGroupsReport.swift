internal import KubeChainsBytes
internal import KubeChainsJSON
public import KubeProxy
public import NetAddress

/// The reports of `render --all-nodes`: which nodes have the same rules.
public enum NodeGroupsReport {
    /// The nodes of one family.
    public struct Family: Sendable {
        /// The family.
        public let family: AddressFamily
        /// What decides the rules of each node, in short.
        public let rules: [NodeRules]

        /// The nodes of one family.
        public init(_ family: AddressFamily, _ rules: [NodeRules]) {
            self.family = family
            self.rules = rules
        }
    }

    /// The greatest number of nodes or Service ports that a text names.
    private static let namedAtMost = 3

    // MARK: Text

    /// A table for each family: a line for each group of nodes.
    ///
    /// - Parameters:
    ///   - families: the families.
    ///   - style: how the text is laid out.
    public static func text(_ families: [Family], _ style: TextStyle = .plain) -> String {
        var report = ReportText(style)
        for (index, family) in families.enumerated() {
            if index > 0 { report.emptyLine() }
            let groups = NodeGroup.all(family.rules)
            report.line(
                .init("\(family.family.name):", .heading),
                " \(counted(family.rules.count, "node")) in \(counted(groups.count, "group")) with equal rules")
            var rows = [["NODES", "RULES", "NAMES", "WHAT SETS THEM APART"]]
            for group in groups {
                rows.append([
                    String(group.nodes.count), group.digest.description, names(group.nodes),
                    group.traits.map(words).joined(separator: "; "),
                ])
            }
            let widths = TextLayout.widths(of: rows)
            for (index, row) in rows.enumerated() {
                let lead =
                    String(repeating: " ", count: widths[0] - TextLayout.columns(row[0])) + row[0] + "  "
                    + TextLayout.padded(row[1], widths[1]) + "  "
                    + (row[3].isEmpty ? row[2] : TextLayout.padded(row[2], widths[2]) + "  ")
                report.line(.init(lead, index == 0 ? .heading : nil), words: row[3])
            }
        }
        return report.text
    }

    private static func names(_ all: [String]) -> String {
        all.prefix(namedAtMost).joined(separator: ", ") + (all.count > namedAtMost ? ", …" : "")
    }

    private static func words(_ trait: NodeGroup.Trait) -> String {
        switch trait {
        case .version(let version): return "kube-proxy \(version)"
        case .zones(let zones):
            if zones == [""] { return "no zone" }
            return (zones.count == 1 ? "zone " : "zones ")
                + zones.map { $0.isEmpty ? "none" : $0 }.joined(separator: ", ")
        case .localTraffic(nil): return "local pods are not detected"
        case .localTraffic(.source(let range)): return "local pods in \(range)"
        case .localTraffic(.interface(let name)): return "local pods at \(name)"
        case .nodePorts(.allAddresses): return "node ports at all addresses"
        case .nodePorts(.addresses(let addresses)):
            if addresses.isEmpty { return "node ports at no address" }
            return "node ports at \(addresses.map(\.description).joined(separator: ", "))"
        case .servicePorts([]): return "no local endpoints that count"
        case .servicePorts(let ports):
            let more = ports.count - namedAtMost
            let named = ports.prefix(namedAtMost).map(\.description).joined(separator: ", ")
            return "rules of its own for \(named)" + (more > 0 ? " and \(more) more" : "")
        }
    }

    // MARK: JSON

    /// The groups as JSON: `kubechains/render-nodes/v1`.
    public static func json(_ families: [Family]) -> String {
        let results = families.map { family in
            JSONValue.object([
                ("family", .string(family.family.name)), ("nodes", .integer(family.rules.count)),
                ("groups", .array(NodeGroup.all(family.rules).map { json($0) })),
            ])
        }
        return JSONValue.object([("schema", .string("kubechains/render-nodes/v1")), ("results", .array(results))]).text
    }

    private static func json(_ group: NodeGroup) -> JSONValue {
        var members: [(key: String, value: JSONValue?)] = [
            ("digest", .string(group.digest.description)), ("nodes", .strings(group.nodes)),
        ]
        members += group.traits.map(member)
        return .object(members)
    }

    private static func member(_ trait: NodeGroup.Trait) -> (key: String, value: JSONValue?) {
        switch trait {
        case .version(let version): ("version", .string(version.text))
        case .zones(let zones): ("zones", .strings(zones.filter { !$0.isEmpty }))
        case .localTraffic(let traffic): ("localTraffic", traffic.map(json))
        case .nodePorts(let ports): ("nodePortAddresses", json(ports))
        case .servicePorts(let ports): ("servicePorts", json(ports))
        }
    }

    /// A line of JSON for each node and family: `kubechains/render-node/v1`. It does not depend on what other nodes there are.
    public static func jsonLines(_ families: [Family]) -> String {
        families.flatMap { family in
            family.rules.map { node in
                JSONValue.object([
                    ("schema", .string("kubechains/render-node/v1")), ("node", .string(node.node)),
                    ("family", .string(family.family.name)), ("digest", .string(node.digest.description)),
                    ("version", .string(node.version.text)),
                    ("zone", node.zone.isEmpty ? nil : .string(node.zone)),
                    ("localTraffic", node.localTraffic.map(json)), ("nodePortAddresses", json(node.nodePorts)),
                    ("servicePorts", json(node.servicePorts)),
                ]).line
            }
        }.joined()
    }

    private static func json(_ traffic: NodeFacts.LocalTraffic) -> JSONValue {
        switch traffic {
        case .source(let range): .string(range.description)
        case .interface(let name): .string(name)
        }
    }

    /// Nil: all addresses.
    private static func json(_ ports: NodeFacts.NodePorts) -> JSONValue? {
        guard case .addresses(let addresses) = ports else { return nil }
        return .strings(addresses.map(\.description))
    }

    private static func json(_ ports: [ServicePortName]) -> JSONValue {
        .array(
            ports.map {
                .object([
                    ("servicePort", .string($0.description)), ("protocol", .string($0.transport.name.description)),
                ])
            })
    }
}
