internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

struct ReachOptions: TakesHostRules, WritesReport, ScopesServices, ServesAllNodes {
    static let command = "reach"
    static let modes = ProxyMode.allCases

    var operands: [String] = []
    var shaping = ShapingOptions()
    var output = ReportOutput()
    var question = FlowQuestion()
    var scope = ScopeOptions()
    var live: [String] = []
    var allNodes = AllNodesOptions()

    static var groups: [OptionGroup<ReachOptions>] {
        [
            OptionGroup(title: "What is asked", options: [to, from] + Option.scope),
            OptionGroup(
                title: "Which nodes", options: Option.allNodes("every Node of the snapshot, one after the other")),
            .hostRules, .output([.text, .json, .svg]), .shaping, .nftables, .ipvs,
        ]
    }

    static func defaultText(of flag: ProxyFlag) -> String? { flag == .family ? "both" : nil }

    private static var to: Option<ReachOptions> {
        Option("to", "TARGET", "only to this: namespace/service[:port], IP[:port], or a range") {
            options, text throws(OptionError) in
            guard let target = FlowQuestion.Target(text) else {
                throw OptionError(
                    message: "invalid target '\(text)': expected namespace/service[:port], IP[:port] or a range")
            }
            options.question.target = target
        }
    }

    private static var from: Option<ReachOptions> {
        Option(
            "from", "pods|node|nodes|outside|CIDR",
            "only from this: the pods, the node itself, other nodes, outside, or a range"
        ) { options, text throws(OptionError) in
            guard let source = FlowQuestion.Source(text) else {
                throw OptionError(
                    message: "invalid source '\(text)': expected pods, node, nodes, outside, an address or a range")
            }
            options.question.sources = [source]
        }
    }
}

extension Command {
    static let reach = Command(
        operands: "INPUT...",
        summary: "who can reach a Service, and how",
        discussion: [
            "For each frontend of each Service, and for everybody who can send to it: which endpoints get the connections and "
                + "with what share, whether they see the sender's address, or that the client is refused or times out.",
            "Senders are this node's pods, other nodes' pods, this node, other nodes, and outside. They are split further "
                + "where source ranges or the detection of local traffic make a difference. Which pods are whose is taken from "
                + "spec.podCIDRs of the Nodes.",
            "What the way outside the node does is counted where it is known: an endpoint on another node that sees the "
                + "address of a client that is not on this one answers past this node, so the client gets no answer, unless the "
                + "pod network rewrites the source.",
            "INPUT is a snapshot (JSON, one or more files), or the rules of a host: what iptables-save or 'nft list ruleset' "
                + "prints. With --live, the rules are those of DUMP, and INPUT is the snapshot that says which frontends "
                + "there are, and where nodes, pods and endpoints are. Rules are followed for all senders at once, with "
                + "other programs' rules in them; what they leave open, such as an IP set, makes an outcome unknown.",
            "Both families are shown, or that of --family or of an address in --to.",
            "Exit code 0: shown; 2: there is no such target, or an input is at fault.",
        ]
    ) { (options: ReachOptions, console) throws(CommandFailure) in
        guard !options.operands.isEmpty || !options.live.isEmpty else {
            throw ReachOptions.usage("reach needs an INPUT: a snapshot, rules, or '-' for standard input")
        }
        try options.checkAllNodes()
        let (prepared, dumps) = try options.readInputs(options.operands)
        try options.checkAllNodes(beside: dumps)
        var question = options.question
        if !options.scope.isEmpty {
            guard let prepared else {
                throw ReachOptions.usage("-n, -l and --service select Services of a snapshot; the input is rules")
            }
            let scope = try options.scope.scope(in: [prepared.snapshot])
            question.isWanted = { scope.contains($0) }
        }
        let results: [NodeFlows]
        let diagnostics: [Diagnostic]
        if let prepared, options.allNodes.isOn {
            let plans = try prepared.allNodesPlans(options.shaping.family, options.shard)
            results = try options.flows(of: plans.filter { question.isAbout($0.family) }, question)
            diagnostics = prepared.diagnostics(of: plans)
        } else if let prepared, dumps.isEmpty {
            let found = try prepared.flows(options.shaping.families.filter { question.isAbout($0) }, question)
            (results, diagnostics) = (found.flows, found.diagnostics)
        } else {
            let found = try HostRulesInput.flows(of: dumps, prepared, options.shaping, question)
            (results, diagnostics) = (found.flows.map(\.flows), found.diagnostics)
        }
        console.say(diagnostics)
        guard results.contains(where: { !$0.frontends.isEmpty || !$0.unserved.isEmpty }) else {
            let isLimited = !options.scope.isEmpty
            throw .input(
                "error: "
                    + (prepared.map { question.absence(in: $0.snapshot, isLimited: isLimited) }
                        ?? question.absenceInRules))
        }
        let text =
            switch options.output.form {
            case .json: ReachReport.json(results)
            case .svg: ReachReport.svg(results)
            default: ReachReport.text(results, options.output.style, with: System.workers)
            }
        try OutputFile.write(text, to: options.output.file)
        System.keep((prepared, results))
        return .success
    }
}

extension ReachOptions {
    /// What a question names on all Nodes: family by family of each.
    fileprivate func flows(
        of plans: [AllNodesPlan], _ question: FlowQuestion
    ) throws(CommandFailure) -> [NodeFlows] {
        guard let members = plans.first?.members else { return [] }
        var results: [NodeFlows] = []
        for index in members.indices {
            for plan in plans {
                results.append(
                    try input { () throws(SnapshotError) in
                        try plan.plan(of: plan.members[index]).flows(question, with: System.workers)
                    })
            }
        }
        return results
    }
}

extension AllNodesPlan {
    /// The family that is planned for.
    fileprivate var family: AddressFamily { clusters.first?.settings.family ?? .ipv4 }
}

extension FlowQuestion {
    /// Whether it can be about addresses of a family.
    fileprivate func isAbout(_ family: AddressFamily) -> Bool {
        if case .addresses(let range, _) = target, range.family != family { return false }
        if case .range(let range) = sources?.first, range.family != family { return false }
        return true
    }

    /// Why rules have no flow to show.
    fileprivate var absenceInRules: String {
        switch target {
        case .service(let namespace, let name, let port):
            "the rules name no Service port \(namespace)/\(name)" + (port.map { ":\($0)" } ?? "")
        case .addresses, nil: "the rules have no Service there"
        }
    }

    /// Why there is no flow to show.
    ///
    /// - Parameter isLimited: whether some Services are not asked for.
    fileprivate func absence(in snapshot: ClusterSnapshot, isLimited: Bool) -> String {
        if let absence = target?.absence(in: snapshot) { return absence }
        switch target {
        case .service(let namespace, let name, _):
            return "kube-proxy has no rules for the Service \(namespace)/\(name); "
                + "'kubechains explain \(namespace)/\(name)' says why"
        case .addresses(let range, let port):
            let isOne = range.length == range.family.bitWidth
            let text =
                port.map { AddressText(range.network, port: $0).description }
                ?? (isOne ? range.network.description : range.description)
            return "no Service answers on \(text) of this node"
        case nil: return "no Service \(isLimited ? "that is asked for" : "of the snapshot") has rules on this node"
        }
    }
}

extension FlowQuestion.Target {
    /// That a snapshot does not have the Service that is named, or its port; nil: it has, or none is named.
    func absence(in snapshot: ClusterSnapshot) -> String? {
        guard case .service(let namespace, let name, let port) = self else { return nil }
        guard let service = snapshot.services.first(where: { $0.namespace == namespace && $0.name == name }) else {
            let names = snapshot.services.map(\.qualifiedName)
            return "the snapshot has no Service \(namespace)/\(name)"
                + Suggestion.text(for: "\(namespace)/\(name)", among: names)
        }
        guard let port, !service.ports.contains(where: { $0.name?.text == port || String($0.port) == port }) else {
            return nil
        }
        return "the Service \(namespace)/\(name) has no port \(port)"
            + (UInt16(port) == nil ? Suggestion.text(for: port, among: service.ports.compactMap(\.name?.text)) : "")
    }
}
