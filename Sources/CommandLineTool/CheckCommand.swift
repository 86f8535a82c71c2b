internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

struct CheckOptions: ShapesRules, WritesReport {
    static let command = "check"
    static let modes = ProxyMode.allCases

    /// CHECKS and SNAPSHOT.
    var operands: [String] = []
    var shaping = ShapingOptions()
    var output = ReportOutput()

    static var groups: [OptionGroup<CheckOptions>] {
        [.output([.text, .json] + ReportForm.ofFindings), .shaping, .nftables, .ipvs]
    }

    static func defaultText(of flag: ProxyFlag) -> String? {
        switch flag {
        case .node: "all Nodes of the snapshot"
        case .family: "both"
        default: nil
        }
    }
}

extension Command {
    static let check = Command(
        operands: "CHECKS SNAPSHOT...",
        summary: "expectations about who reaches what, as tests",
        discussion: [
            "CHECKS is a JSON document: {\"checks\": [{\"name\", \"from\", \"except\"?, \"to\", \"expect\", \"only\"?, "
                + "\"nodes\"?}]}. from, except, only and nodes are a text or a list of texts, the others a text.",
            "from: pods, node, nodes, outside, anybody, addresses and ranges; except: addresses and ranges.\n"
                + "to: namespace/service[:port], IP[:port], or a range.",
            "expect: reaches, reaches-only (with the endpoints' addresses or Nodes in only), refused, times-out, blocked (either), "
                + "source-preserved or source-rewritten. It has to hold for every sender, frontend, node and family that the "
                + "check is about; a check that is about nothing fails.",
            "A check that fails is shown with a packet for which it does not hold, and the rules that the packet meets.",
            "Exit code 0: all checks hold; 1: some do not; 2: an input is at fault.",
        ]
    ) { (options: CheckOptions, console) throws(CommandFailure) in
        guard options.operands.count > 1 else {
            throw CheckOptions.usage(
                "check needs CHECKS, a JSON document, and a SNAPSHOT: a file, or '-' for standard input")
        }
        let source = try InputFile.open(options.operands[0])
        let checks = try input { () throws(SnapshotError) in try FlowCheck.read(source) }
        guard !checks.isEmpty else { throw .input("\(source.name): error: the list of checks is empty") }
        let prepared = try options.readSnapshot(Array(options.operands.dropFirst()))
        let snapshot = prepared.snapshot
        for check in checks {
            guard case .service(let namespace, let name, _) = check.question.target else { continue }
            guard !snapshot.services.contains(where: { $0.namespace == namespace && $0.name == name }) else { continue }
            let names = snapshot.services.map(\.qualifiedName)
            throw .input(
                "\(source.name): error: \(check.name): the snapshot has no Service \(namespace)/\(name)"
                    + Suggestion.text(for: "\(namespace)/\(name)", among: names))
        }
        let names = snapshot.nodes.map(\.name.text)
        for name in checks.flatMap({ ($0.nodes ?? []) + $0.onlyNodes }) where !names.contains(name) {
            throw .input(
                "\(source.name): error: the snapshot has no Node \(name)" + Suggestion.text(for: name, among: names))
        }
        var results = checks.map { FlowCheckResult($0, in: snapshot) }
        try prepared.requireNamedNode()
        let plans = try prepared.allNodesPlans(options.shaping.family, .all)
        for plan in plans {
            for member in plan.members where prepared.settings.nodeName ?? member.name == member.name {
                try input { () throws(SnapshotError) in
                    let node = try plan.plan(of: member)
                    try FlowCheckResult.look(at: node.flows(), of: node, &results)
                }
            }
        }
        console.say(prepared.diagnostics(of: plans))
        let text =
            switch options.output.form {
            case .json: CheckReport.json(results)
            case .junit, .sarif, .github:
                CheckReport.findings(results, in: source.name, version: Tool.number).text(options.output.form) ?? ""
            default: CheckReport.text(results, options.output.style)
            }
        try OutputFile.write(text, to: options.output.file)
        System.keep((prepared, results))
        return results.allSatisfy(\.holds) ? .success : .findings
    }
}
