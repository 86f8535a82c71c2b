internal import KubeChainsBytes
internal import KubeChainsJSON
internal import KubeObjects
public import KubeProxy
internal import NetAddress

/// All Service ports at a glance.
extension ExplainReport {
    /// What becomes of a Service port's connections on the node: `refused: 2 endpoints, none ready`.
    public static func verdict(_ service: ServicePortSummary) -> String {
        if let absence = service.absence { return "no rules: \(absence)" }
        let paths = service.entries.flatMap { entry in entry.outcomes.map { Path(entry, $0.sender, $0.outcome) } }
        let served = paths.filter { $0.outcome.isServed }
        guard !served.isEmpty else {
            let isDropped = paths.contains { $0.outcome == .timesOut }
            return paths.isEmpty
                ? "no frontends" : "\(isDropped ? "times out" : "refused"): \(missing(service))"
        }
        let (used, all) = (service.usedCount, service.endpointCount)
        let total = counted(all, "endpoint")
        var text =
            used < all
            ? "served by \(used) of \(total)" : all == 1 ? "served by its only endpoint" : "served by \(total)"
        for (outcome, words) in [(TrafficOutcome.timesOut, "times out"), (.refused, "refused")] {
            let others = paths.filter { $0.outcome == outcome }
            guard !others.isEmpty else { continue }
            text += "; \(words) " + places(others)
        }
        return text
    }

    /// What becomes of a sender's connections to a frontend.
    private struct Path {
        let frontend: String
        let sender: String
        let outcome: TrafficOutcome

        init(_ entry: ServicePortSummary.Entry, _ sender: String, _ outcome: TrafficOutcome) {
            frontend = "\(entry.kind.phrase) \(entry.text)"
            self.sender = sender
            self.outcome = outcome
        }
    }

    /// Why nobody serves a Service port.
    private static func missing(_ service: ServicePortSummary) -> String {
        let total = service.endpointCount
        guard total > 0 else {
            return service.hasUnread ? "no endpoints that kube-proxy reads" : "no endpoints"
        }
        if service.plan?.endpoints.isEmpty ?? true { return "\(counted(total, "endpoint")), none with this port" }
        if service.plan?.hasAnyEndpoint == true { return "\(counted(total, "endpoint")), none on this node" }
        return "\(counted(total, "endpoint")), none ready"
    }

    /// `from outside at node port 30080 and load balancer IP 203.0.113.1:80`.
    private static func places(_ paths: [Path]) -> String {
        var places: [(frontends: [String], senders: [String])] = []
        for path in paths {
            if let last = places.indices.last, places[last].frontends == [path.frontend] {
                places[last].senders.append(path.sender)
            } else {
                places.append(([path.frontend], [path.sender]))
            }
        }
        var merged: [(frontends: [String], senders: [String])] = []
        for place in places {
            if let position = merged.firstIndex(where: { $0.senders == place.senders }) {
                merged[position].frontends += place.frontends
            } else {
                merged.append(place)
            }
        }
        return merged.map { "from \(senders($0.senders)) at \(listed(shortened($0.frontends)))" }.joined(
            separator: ", ")
    }

    /// `this node's pods and outside, if not in the source ranges,` where that holds for all.
    private static func senders(_ senders: [String]) -> String {
        let suffix = ", not in the source ranges"
        guard senders.allSatisfy({ $0.hasSuffix(suffix) }) else { return listed(senders) }
        return listed(senders.map { String($0.dropLast(suffix.count)) }) + ", if not in the source ranges,"
    }

    // MARK: Overviews

    /// The frontends of a Service port by kind, and the verdict, in two columns.
    static func overview(_ service: ServiceExplanation) -> TextTree {
        var rows: [(String, String)] = []
        for kind in [Frontend.Kind.clusterIP, .externalIP, .loadBalancerIP, .nodePort] {
            let entries = service.entries.filter { $0.kind == kind }
            guard let first = entries.first else { continue }
            rows.append((first.kind.phrase, shortened(entries.map(\.text)).joined(separator: ", ")))
        }
        rows.append(("verdict", verdict(service.summary)))
        let width = rows.map(\.0.count).max() ?? 0
        var tree = TextTree(service.label)
        tree.lines += rows.map { "\(TextLayout.padded($0, width))  \($1)" }
        return tree
    }

    /// The first ones of many, and how many are left.
    private static func shortened(_ texts: [String]) -> [String] {
        let limit = 4
        guard texts.count > limit + 1 else { return texts }
        return Array(texts.prefix(limit)) + ["\(texts.count - limit) more"]
    }

    // MARK: Lists

    /// All Service ports, each with its type, its frontends and its verdict, as a table.
    public static func list(_ list: ServiceList, _ style: TextStyle = .plain) -> String {
        var rows = [["SERVICE PORT", "TYPE", "FRONTENDS", "ENDPOINTS", "VERDICT"]]
        for service in list.services {
            rows.append([
                service.label, service.service.type.name, frontends(service),
                service.absence == nil ? "\(service.usedCount)/\(service.endpointCount)" : "-", verdict(service),
            ])
        }
        let widths = TextLayout.widths(of: rows)
        var report = ReportText(style)
        for (number, row) in rows.enumerated() {
            let cells = zip(row.dropLast(), widths).map { TextLayout.padded($0, $1) } + [row[4]]
            report.line(.init(cells.joined(separator: "  "), number == 0 ? .heading : nil))
        }
        return report.text
    }

    /// All Service ports as JSON: `kubechains/explain/v1`, with `used`, `leftOut` and `verdict` in place of rules.
    public static func listJSON(_ list: ServiceList) -> String {
        JSONValue.object([
            ("schema", .string("kubechains/explain/v1")),
            ("mode", list.mode == .iptables ? nil : .string(list.mode.rawValue)),
            ("node", list.node.name.map { .string($0) }), ("kubeProxy", list.version.json),
            ("family", .string(list.family.name)),
            (
                "services",
                .array(
                    list.services.map { service in
                        .object([
                            ("servicePort", .string(service.servicePort)),
                            ("protocol", service.transport.map { .string($0.name.description) }),
                            ("type", .string(service.service.type.name)),
                            (
                                "entries",
                                .array(
                                    service.entries.map { entry in
                                        .object([
                                            ("kind", .string(entry.kind.rawValue)),
                                            ("address", entry.address.map { .string($0.description) }),
                                            ("port", .integer(Int(entry.port))),
                                        ])
                                    })
                            ),
                            ("used", .integer(service.usedCount)),
                            ("leftOut", .integer(service.endpointCount - service.usedCount)),
                            ("verdict", .string(verdict(service))),
                        ])
                    })
            ),
        ]).text
    }

    private static func frontends(_ service: ServicePortSummary) -> String {
        let list = service.entries.map { $0.kind == .nodePort ? ":\($0.text)" : $0.text }
        return list.isEmpty ? "-" : shortened(list).joined(separator: ",")
    }
}

extension ServicePortSummary {
    /// `namespace/service:port/protocol`.
    fileprivate var label: String { servicePort + (transport.map { "/\($0.name)" } ?? "") }
}

extension TrafficOutcome {
    fileprivate var isServed: Bool { if case .endpoints = self { true } else { false } }
}
