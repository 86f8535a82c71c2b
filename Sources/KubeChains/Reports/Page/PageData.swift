internal import KubeChainsBytes
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// The data of a page as compact JSON: arrays whose places mean what the page's script says of them.
struct PageData {
    private var texts = PageTexts()
    private let report: NodeReport
    private var positions: [String: Int] = [:]

    init(_ report: NodeReport) {
        self.report = report
        for (index, service) in report.services.enumerated() { positions[service.service.qualifiedName] = index }
    }

    /// The JSON; safe within a script element.
    mutating func json() -> String {
        var services: [String] = []
        services.reserveCapacity(report.services.count)
        for service in report.services { services.append(json(service)) }
        texts.beginService()
        let findings = report.findings.flatMap { findings in findings.findings.map { json($0, of: findings.command) } }
        let ownWords = texts.own
        let nodes = "\(report.nodeCount)"
        return PageData.object([
            ("node", PageTexts.quoted(report.node ?? "")), ("nodes", nodes),
            ("mode", PageTexts.quoted(report.mode.rawValue)), ("version", PageTexts.quoted(report.version.phrase)),
            ("families", PageData.list(report.families.map { PageTexts.quoted($0.name) })),
            ("audited", "\(report.findings.contains { $0.command == "audit" })"),
            ("rules", PageData.list(rules)), ("services", "[\n" + services.joined(separator: ",\n") + "]"),
            ("findings", PageData.list(findings)), ("words", PageData.list(ownWords.map(PageTexts.quoted))),
            ("shared", PageData.list(texts.shared.map(PageTexts.quoted))),
            ("templates", PageData.list(texts.templates.map(PageTexts.quoted))),
        ])
    }

    private static func object(_ members: [(String, String)]) -> String {
        "{" + members.map { "\(PageTexts.quoted($0.0)):\($0.1)" }.joined(separator: ",\n") + "}"
    }

    /// Static, so that no copy of the texts is kept while they grow.
    private static func list(_ elements: [String]) -> String { "[" + elements.joined(separator: ",") + "]" }

    private mutating func list(ofTexts texts: [String]) -> String { PageData.list(texts.map { self.texts.json($0) }) }

    // MARK: Services

    /// Namespace, name, type, words, ports.
    private mutating func json(_ service: ServiceReport) -> String {
        texts.beginService()
        let ports = service.ports.map { json($0) }
        let object = service.service
        return PageData.list(
            [object.namespace.text, object.name.text, object.type.name].map(PageTexts.quoted)
                + [PageData.list(texts.own.map(PageTexts.quoted)), PageData.list(ports)])
    }

    /// Label, family, absence, settings, frontends, flows, endpoints, what is not read, rules, picture.
    private mutating func json(_ port: ServicePortReport) -> String {
        let name = port.servicePort.dropFirst(port.service.qualifiedName.count).drop { $0 == ":" }
        let label = [String(name), port.transport?.name.description ?? ""].filter { !$0.isEmpty }.joined(separator: "/")
        let parts = [
            texts.json(label), "\(report.families.firstIndex(of: port.family) ?? 0)", texts.json(port.absence ?? ""),
            list(ofTexts: port.settings), PageData.list(port.frontends.map { json($0) }),
            PageData.list(
                port.flows.reduce(into: []) { $0 += ReachReport.rows(of: $1, below: $0) }.map { row in
                    list(ofTexts: [row.to, row.from, row.result, row.source, row.share])
                }),
            PageData.list(port.endpoints.map { json($0) }), list(ofTexts: port.unread),
            PageData.list(port.rules.map { list(ofTexts: [$0.place, $0.text, $0.why]) }), json(FlowPicture(port.graph)),
        ]
        return PageData.list(parts)
    }

    private mutating func json(_ frontend: ServiceFrontend) -> String {
        list(ofTexts: [frontend.kind.phrase, frontend.frontend.description])
    }

    /// Address, where it is, shares by policy (one in so many, 0: none), reason, chain.
    private mutating func json(_ endpoint: ExplainedEndpoint) -> String {
        let place = [endpoint.node, endpoint.zone].compactMap(\.self).joined(separator: ", ")
        let shares = [endpoint.clusterOneIn, endpoint.localOneIn].map { "\($0 ?? 0)" }
        return PageData.list(
            [texts.json(endpoint.text), texts.json(place)] + shares
                + [texts.json(endpoint.reason), texts.json(endpoint.chain?.description ?? "")])
    }

    // MARK: Pictures

    /// Width, height, boxes and arrows.
    private mutating func json(_ picture: FlowPicture) -> String {
        let boxes = zip(picture.boxes, picture.graph.nodes).map { box, node in
            let kind = FlowGraph.Node.Kind.allCases.firstIndex(of: node.kind) ?? 0
            return PageData.list(
                [kind * 2 + (node.isTarget ? 1 : 0), box.x, box.y, box.width, box.height].map(String.init)
                    + [list(ofTexts: box.title), list(ofTexts: box.lines)])
        }
        let arrows = picture.arrows.map { arrow in
            PageData.list([
                PageData.list(arrow.points.flatMap { ["\($0.x)", "\($0.y)"] }), list(ofTexts: arrow.labels),
            ])
        }
        return PageData.list(["\(picture.width)", "\(picture.height)", PageData.list(boxes), PageData.list(arrows)])
    }

    // MARK: Findings

    /// The rules that found something: identifier, and what it finds.
    private var rules: [String] {
        report.findings.flatMap { report in
            let found = Set(report.findings.map(\.id))
            return report.rules.filter { found.contains($0.id) }.map {
                PageData.list([PageTexts.quoted($0.id), PageTexts.quoted($0.explanation)])
            }
        }
    }

    /// Command, severity, rule, subject, message, remedy, Service (-1: none).
    private mutating func json(_ finding: ReportedFinding, of command: String) -> String {
        PageData.list(
            [command, finding.severity.rawValue, finding.id].map(PageTexts.quoted)
                + [finding.subject ?? "", finding.message, finding.remedy].map { texts.json($0) }
                + ["\(service(of: finding.subject ?? ""))"])
    }

    /// The position of the Service that `Service namespace/name` or `namespace/name:port/protocol` names; -1: none.
    private func service(of subject: String) -> Int {
        let name = subject.hasPrefix("Service ") ? subject.dropFirst(8) : subject[...]
        let parts = name.prefix { $0 != ":" }.split(separator: "/")
        return parts.count > 1 ? positions["\(parts[0])/\(parts[1])"] ?? -1 : -1
    }
}
