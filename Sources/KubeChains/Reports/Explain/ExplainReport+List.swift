internal import KubeChainsBytes
internal import KubeChainsJSON
internal import KubeObjects
public import KubeProxy
internal import NetAddress

/// All Service ports at a glance.
extension ExplainReport {
    /// What becomes of a Service port's connections on the node: `refused: 2 endpoints, none ready`.
    public static func verdict(_ service: ServiceExplanation) -> String {
        if let absence = service.absence { return "no rules: \(absence)" }
        let paths = service.entries.flatMap { entry in entry.paths.map { (entry, $0) } }
        let served = paths.filter { $0.1.outcome.isServed }
        guard !served.isEmpty else {
            let isDropped = paths.contains { $0.1.outcome == .timesOut }
            return paths.isEmpty
                ? "no frontends" : "\(isDropped ? "times out" : "refused"): \(missing(service))"
        }
        let (used, all) = (service.endpoints.count { $0.isUsed }, service.endpointCount)
        let total = counted(all, "endpoint")
        var text =
            used < all
            ? "served by \(used) of \(total)" : all == 1 ? "served by its only endpoint" : "served by \(total)"
        for (outcome, words) in [(TrafficOutcome.timesOut, "times out"), (.refused, "refused")] {
            let others = paths.filter { $0.1.outcome == outcome }
            guard !others.isEmpty else { continue }
            text += "; \(words) " + places(others)
        }
        return text
    }

    /// Why nobody serves a Service port.
    private static func missing(_ service: ServiceExplanation) -> String {
        let total = service.endpointCount
        guard total > 0 else {
            return service.unread.isEmpty ? "no endpoints" : "no endpoints that kube-proxy reads"
        }
        if service.plan?.endpoints.isEmpty ?? true { return "\(counted(total, "endpoint")), none with this port" }
        if service.plan?.hasAnyEndpoint == true { return "\(counted(total, "endpoint")), none on this node" }
        return "\(counted(total, "endpoint")), none ready"
    }

    /// `from outside at node port 30080 and load balancer IP 203.0.113.1:80`.
    private static func places(_ paths: [(TrafficEntry, TrafficPath)]) -> String {
        var places: [(frontends: [String], senders: [String])] = []
        for (entry, path) in paths {
            let frontend = "\(entry.kind.phrase) \(entry.text)"
            if let last = places.indices.last, places[last].frontends == [frontend] {
                places[last].senders.append(path.sender)
            } else {
                places.append(([frontend], [path.sender]))
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
        rows.append(("verdict", verdict(service)))
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
    public static func list(_ explanation: Explanation, _ style: TextStyle = .plain) -> String {
        var rows = [["SERVICE PORT", "TYPE", "FRONTENDS", "ENDPOINTS", "VERDICT"]]
        for service in explanation.services {
            let used = service.endpoints.count { $0.isUsed }
            rows.append([
                service.label, service.service.type.name, frontends(service),
                service.absence == nil ? "\(used)/\(service.endpointCount)" : "-", verdict(service),
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
    public static func listJSON(_ explanation: Explanation) -> String {
        JSONValue.object([
            ("schema", .string("kubechains/explain/v1")), ("node", explanation.node.name.map { .string($0) }),
            ("kubeProxy", explanation.version.json),
            ("family", .string(explanation.family.name)),
            (
                "services",
                .array(
                    explanation.services.map { service in
                        let used = service.endpoints.count { $0.isUsed }
                        return .object([
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
                            ("used", .integer(used)), ("leftOut", .integer(service.endpointCount - used)),
                            ("verdict", .string(verdict(service))),
                        ])
                    })
            ),
        ]).text
    }

    private static func frontends(_ service: ServiceExplanation) -> String {
        let list = service.entries.map { $0.kind == .nodePort ? ":\($0.text)" : $0.text }
        return list.isEmpty ? "-" : shortened(list).joined(separator: ",")
    }
}

extension ServiceExplanation {
    /// All endpoints of the Service, listed or not.
    fileprivate var endpointCount: Int { endpoints.count + otherEndpoints }
}

extension TrafficOutcome {
    fileprivate var isServed: Bool { if case .endpoints = self { true } else { false } }
}
