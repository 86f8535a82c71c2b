internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

struct CheckOptions: TakesHostRules, WritesReport, ServesAllNodes {
    static let command = "check"
    static let modes = ProxyMode.allCases

    /// CHECKS and INPUT.
    var operands: [String] = []
    var shaping = ShapingOptions()
    var output = ReportOutput()
    var live: [String] = []
    var allNodes = AllNodesOptions()

    static var groups: [OptionGroup<CheckOptions>] {
        [.nodes, .hostRules, .output([.text, .json] + ReportForm.ofFindings), .shaping, .nftables, .ipvs]
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
        operands: "CHECKS INPUT...",
        summary: "expectations about who reaches what, as tests",
        discussion: [
            "CHECKS is a JSON document: {\"checks\": [{\"name\", \"from\", \"except\"?, \"to\", \"expect\", \"only\"?, "
                + "\"nodes\"?}]}. from, except, only and nodes are a text or a list of texts, the others a text.",
            "from: pods, node, nodes, outside, anybody, addresses and ranges; except: addresses and ranges.\n"
                + "to: namespace/service[:port], IP[:port], or a range.",
            "expect: reaches, reaches-only (with the endpoints' addresses or Nodes in only), refused, times-out, blocked (either), "
                + "source-preserved or source-rewritten. It has to hold for every sender, frontend, node and family that the "
                + "check is about; a check that is about nothing fails.",
            "INPUT is a snapshot (JSON, one or more files), or the rules of a node: what iptables-save or 'nft list ruleset' "
                + "prints, with other programs' rules in them. With --live, the rules are those of DUMP, and INPUT is the "
                + "snapshot that says which frontends there are, and where nodes, pods and endpoints are; --node names the node "
                + "whose rules they are.",
            "A check that fails is shown with a packet for which it does not hold, and the rules that the packet meets.",
            "Exit code 0: all checks hold; 1: some do not; 2: an input is at fault.",
        ]
    ) { (options: CheckOptions, console) throws(CommandFailure) in
        guard options.operands.count > 1 else {
            throw CheckOptions.usage(
                "check needs CHECKS, a JSON document, and an INPUT: a snapshot, rules, or '-' for standard input")
        }
        try options.checkAllNodes()
        let source = try InputFile.open(options.operands[0])
        let checks = try input { () throws(SnapshotError) in try FlowCheck.read(source) }
        guard !checks.isEmpty else { throw .input("\(source.name): error: the list of checks is empty") }
        let (prepared, dumps) = try options.readInputs(Array(options.operands.dropFirst()))
        try options.checkAllNodes(beside: dumps)
        if let prepared { try options.requireNames(of: checks, source.name, in: prepared.snapshot) }
        var results = checks.map { FlowCheckResult($0, in: prepared?.snapshot) }
        if let prepared, dumps.isEmpty {
            let plans = try prepared.allNodesPlans(options.shaping.family, options.shard)
            let only = options.allNodes.isOn ? nil : prepared.settings.nodeName
            for plan in plans {
                for member in plan.members where only ?? member.name == member.name {
                    try input { () throws(SnapshotError) in
                        let node = try plan.plan(of: member)
                        try FlowCheckResult.look(at: node.flows(with: System.workers), of: node, &results)
                    }
                }
            }
            console.say(prepared.diagnostics(of: plans))
        } else {
            let found = try HostRulesInput.flows(of: dumps, prepared, options.shaping)
            if prepared == nil { try options.requireNames(of: checks, source.name, in: found.flows) }
            for host in found.flows {
                FlowCheckResult.look(
                    at: host.flows, through: host.rules, of: host.place.host, host.place.plan, &results)
            }
            console.say(found.diagnostics)
        }
        let text =
            switch options.output.form {
            case .json: CheckReport.json(results)
            case .junit, .sarif, .github:
                CheckReport.findings(results, in: source.name, version: Tool.number).text(
                    options.output.form, of: source.name) ?? ""
            default: CheckReport.text(results, options.output.style)
            }
        try OutputFile.write(text, to: options.output.file)
        System.keep((prepared, results))
        return results.allSatisfy(\.holds) ? .success : .findings
    }
}

extension CheckOptions {
    /// Refuses checks that name what a snapshot does not have.
    fileprivate func requireNames(
        of checks: [FlowCheck], _ file: String, in snapshot: ClusterSnapshot
    ) throws(CommandFailure) {
        for check in checks {
            guard let absence = check.question.target?.absence(in: snapshot) else { continue }
            throw .input("\(file): error: \(check.name): \(absence)")
        }
        let nodes = snapshot.nodes.map(\.name.text)
        for name in checks.flatMap({ ($0.nodes ?? []) + $0.onlyNodes }) where !nodes.contains(name) {
            throw .input("\(file): error: the snapshot has no Node \(name)" + Suggestion.text(for: name, among: nodes))
        }
    }

    /// Refuses checks that name what rules alone do not have.
    fileprivate func requireNames(
        of checks: [FlowCheck], _ file: String, in hosts: [HostFlows]
    ) throws(CommandFailure) {
        let services = hosts.flatMap(\.frontends).map(\.name.qualifiedService)
        for check in checks {
            if let name = check.service, !services.contains(name) {
                throw .input(
                    "\(file): error: \(check.name): the rules name no Service \(name)"
                        + Suggestion.text(for: name, among: services))
            }
            guard check.nodes == nil, check.onlyNodes.isEmpty else {
                throw .input(
                    "\(file): error: \(check.name) names Nodes, which rules alone do not; give the snapshot, and the rules "
                        + "with --live")
            }
        }
    }
}

extension FlowCheck {
    /// The Service that is sent to, as `namespace/name`; nil: the check names none.
    fileprivate var service: String? {
        guard case .service(let namespace, let name, _) = question.target else { return nil }
        return "\(namespace)/\(name)"
    }
}
