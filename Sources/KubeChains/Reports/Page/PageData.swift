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
        var findings: [String] = []
        for report in report.findings {
            for finding in report.findings { findings.append(json(finding, of: report.command)) }
        }
        return PageData.object([
            ("node", PageTexts.quoted(report.node ?? "")), ("nodes", "\(report.nodeCount)"),
            ("mode", PageTexts.quoted(report.mode.rawValue)), ("version", PageTexts.quoted(report.version.phrase)),
            ("families", PageData.list(report.families.map { PageTexts.quoted($0.name) })),
            ("audited", "\(report.findings.contains { $0.command == "audit" })"),
            ("rules", PageData.list(rules)), ("services", "[\n" + services.joined(separator: ",\n") + "]"),
            ("findings", PageData.list(findings)), ("words", PageData.list(texts.own.texts.map(PageTexts.quoted))),
            ("shared", PageData.list(texts.shared.texts.map(PageTexts.quoted))),
            ("templates", PageData.list(texts.templates.texts.map(PageTexts.quoted))),
            ("shapes", "[\n" + texts.shapes.texts.joined(separator: ",\n") + "]"),
        ])
    }

    private static func object(_ members: [(String, String)]) -> String {
        "{" + members.map { "\(PageTexts.quoted($0.0)):\($0.1)" }.joined(separator: ",\n") + "}"
    }

    private static func list(_ elements: [String]) -> String { "[" + elements.joined(separator: ",") + "]" }

    // MARK: Services

    /// Namespace, name, type, words, ports.
    private mutating func json(_ service: ServiceReport) -> String {
        texts.beginService()
        let ports = service.ports.map { json($0) }
        let object = service.service
        return PageData.list(
            [object.namespace.text, object.name.text, object.type.name].map(PageTexts.quoted)
                + [PageData.list(texts.own.texts.map(PageTexts.quoted)), PageData.list(ports)])
    }

    /// Family, and the parts: facts, endpoints, rules, picture.
    private mutating func json(_ port: ServicePortReport) -> String {
        let family = report.families.firstIndex(of: port.family) ?? 0
        let parts = [
            facts(port), PageData.list(port.endpoints.map { json($0) }),
            texts.part { texts in PageData.list(port.rules.map { texts.list([$0.place, $0.text, $0.why]) }) },
            json(FlowPicture(port.graph)),
        ]
        return PageData.list(["\(family)"] + parts)
    }

    /// Label, absence, settings, frontends, flows, what is not read.
    private mutating func facts(_ port: ServicePortReport) -> String {
        let name = port.servicePort.dropFirst(port.service.qualifiedName.count).drop { $0 == ":" }
        let label = [String(name), port.transport?.name.description ?? ""].filter { !$0.isEmpty }.joined(separator: "/")
        let rows = port.flows.reduce(into: []) { $0 += ReachReport.rows(of: $1, below: $0) }
        let flows = rows.map { [$0.to, $0.from, $0.result, $0.source, $0.share] }
        return texts.part { texts in
            PageData.list([
                texts.text(label), texts.text(port.absence ?? ""), texts.list(port.settings),
                PageData.list(port.frontends.map { texts.list([$0.kind.phrase, $0.frontend.description]) }),
                PageData.list(flows.map { texts.list($0) }), texts.list(port.unread),
            ])
        }
    }

    /// Address, where it is, shares by policy (one in so many, 0: none), reason, chain. Each is a part of its own, since which
    /// endpoints have a node in common differs from Service to Service.
    private mutating func json(_ endpoint: ExplainedEndpoint) -> String {
        let place = [endpoint.node, endpoint.zone].compactMap(\.self).joined(separator: ", ")
        let shares = [endpoint.clusterOneIn, endpoint.localOneIn].map { "\($0 ?? 0)" }
        return texts.part { texts in
            PageData.list(
                [texts.text(endpoint.text), texts.text(place)] + shares
                    + [texts.text(endpoint.reason), texts.text(endpoint.chain?.description ?? "")])
        }
    }

    // MARK: Pictures

    /// A part with boxes, arrows and legend; and the lengths: width, height, the boxes' left, top, width and height, the arrows'
    /// points.
    private mutating func json(_ picture: FlowPicture) -> String {
        let legend = FlowGraphs([picture.graph], words: FlowGraphs.wordsOfServices(report.mode)).legend
        let part = texts.part { texts in
            let boxes = zip(picture.boxes, picture.graph.nodes).map { box, node in
                let kind = PageData.number(of: node.kind) * 2 + (node.isTarget ? 1 : 0)
                return PageData.list(["\(kind)", texts.list(box.title), texts.list(box.lines)])
            }
            let arrows = picture.arrows.map { PageData.list(["\($0.points.count)", texts.list($0.labels)]) }
            let words = legend.map { PageData.list(["\(PageData.number(of: $0.kind))", texts.text($0.word)]) }
            return PageData.list([PageData.list(boxes), PageData.list(arrows), PageData.list(words)])
        }
        let lengths =
            [picture.width, picture.height] + picture.boxes.flatMap { [$0.x, $0.y, $0.width, $0.height] }
            + picture.arrows.flatMap { $0.points.flatMap { [$0.x, $0.y] } }
        return PageData.list([part, PageData.list(lengths.map(String.init))])
    }

    private static func number(of kind: FlowGraph.Node.Kind) -> Int {
        FlowGraph.Node.Kind.allCases.firstIndex(of: kind) ?? 0
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

    /// Command, severity, rule, Service (-1: none), and a part: subject, message, remedy, where it is.
    private mutating func json(_ finding: ReportedFinding, of command: String) -> String {
        let place = finding.file.map { file in file + (finding.line.map { ":\($0)" } ?? "") }
        return PageData.list(
            [command, finding.severity.rawValue, finding.id].map(PageTexts.quoted) + [
                "\(service(of: finding.subject ?? ""))",
                texts.part { $0.list([finding.subject ?? "", finding.message, finding.remedy, place ?? ""]) },
            ])
    }

    /// The position of the Service that `Service namespace/name` or `namespace/name:port/protocol` names; -1: none.
    private func service(of subject: String) -> Int {
        let name = subject.hasPrefix("Service ") ? subject.dropFirst(8) : subject[...]
        let parts = name.prefix { $0 != ":" }.split(separator: "/")
        return parts.count > 1 ? positions["\(parts[0])/\(parts[1])"] ?? -1 : -1
    }
}
