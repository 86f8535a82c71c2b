internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

struct ExplainOptions: ShapesRules, WritesReport, ScopesServices {
    static let command = "explain"
    static let modes: [ProxyMode] = [.iptables, .nftables, .ipvs]

    /// TARGET and SNAPSHOT.
    var operands: [String] = []
    var shaping = ShapingOptions()
    var output = ReportOutput()
    /// Whether all Services are listed; there is no TARGET then.
    var listsServices = false
    /// Whether each path through the hooks and each rule is shown.
    var showsAll = false
    var scope = ScopeOptions()

    var snapshots: [String] { listsServices ? operands : Array(operands.dropFirst()) }
    var inputs: [String] { snapshots + shapingInputs }

    static var groups: [OptionGroup<ExplainOptions>] {
        [
            OptionGroup(
                title: "What is shown",
                options: [
                    .boolean("list", "all Service ports, each with its verdict in one line; without TARGET") {
                        $0.listsServices = $1
                    },
                    .boolean("all", "in text, also each path through the hooks and each rule; other formats have all") {
                        $0.showsAll = $1
                    },
                ] + Option.scope), .output([.text, .json, .dot, .mermaid, .svg]), .shaping, .nftables,
            .ipvs,
        ]
    }

    static func defaultText(of flag: ProxyFlag) -> String? {
        flag == .family ? "that of an address, else ipv4" : nil
    }
}

extension Command {
    static let explain = Command(
        operands: "TARGET SNAPSHOT...",
        summary: "say of a Service, chain, address or endpoint why its rules are as they are",
        discussion: [
            "TARGET is one of:\n"
                + "  namespace/service[:port]  a Service, or one of its ports by name or number;\n"
                + "                            without namespace, if only one has such a Service,\n"
                + "                            or in that of --namespace; also by its DNS name,\n"
                + "                            such as service.namespace.svc:port\n"
                + "  NUMBER[/protocol]         a node port or health-check node port\n"
                + "  KUBE-…                    a chain; may be shortened to a unique prefix; in\n"
                + "                            nftables mode service-HASH…, services and so on\n"
                + "  IP[:port][/protocol]      a cluster, external or load balancer IP, a node port\n"
                + "                            on an address of the node, or an endpoint; an IPv6\n"
                + "                            address with a port in brackets",
            "Shows a table of the Service ports with their frontends and verdicts, such as 'refused: 2 endpoints, none ready'; "
                + "then the settings that matter, what each kind of client gets at each frontend, the endpoints with their "
                + "shares, and those that are left out and why. --all adds each path through the hooks and the rules, each "
                + "with the reason for its existence.",
            "With --proxy-mode nftables it shows the elements of sets and maps, each with its reason; --all adds the chains that "
                + "these lead to.",
            "With --proxy-mode ipvs it shows virtual servers, real servers, and what clients see otherwise than in iptables "
                + "mode; --all adds sets and the rules that ask them. KUBE-… is then a set or a chain of that mode.",
            "The family is that of an address, unless --family says otherwise.",
            "Exit code 0: explained, also a Service that has no rules; 2: there is no such target, or an input is at fault.",
        ]
    ) { (options: ExplainOptions, console) throws(CommandFailure) in
        if options.listsServices { return try options.listServices(console) }
        guard let text = options.operands.first else {
            throw ExplainOptions.usage("explain needs a TARGET, such as default/kubernetes, and a SNAPSHOT")
        }
        var target: ExplainTarget
        do throws(ExplainTargetError) {
            target = try ExplainTarget(text)
        } catch {
            throw ExplainOptions.usage(error.description)
        }
        target = try options.inNamespace(target)
        guard !options.snapshots.isEmpty else {
            throw ExplainOptions.usage("explain needs a SNAPSHOT after the target: a file, or '-' for standard input")
        }
        var prepared = try options.readSnapshot(options.snapshots)
        try prepared.requireServices(since: "so there is nothing to explain")
        if let family = target.family {
            guard family == options.shaping.family ?? family else {
                throw ExplainOptions.usage("\(text) is of the family \(family.name), but --family says otherwise")
            }
            prepared.settings.family = family
        }
        switch prepared.settings.mode {
        case .iptables:
            let state = try prepared.iptablesPlan()
            return try options.explain(text, state.plan, prepared, console, as: ExplainReport.self) {
                () throws(ExplainTargetError) in try Explanation(target, state)
            }
        case .nftables:
            let state = try prepared.nftablesPlan()
            return try options.explain(text, state.plan, prepared, console, as: NftablesReport.self) {
                () throws(ExplainTargetError) in try NftablesExplanation(target, state)
            }
        case .ipvs:
            let state = try prepared.ipvsPlan()
            return try options.explain(text, state.plan, prepared, console, as: IPVSReport.self) {
                () throws(ExplainTargetError) in try IPVSExplanation(target, state)
            }
        }
    }
}

/// The reports of a mode's explanations.
private protocol ExplanationReports {
    associatedtype Subject

    static func text(_ explanation: Subject, _ style: TextStyle, isWhole: Bool) -> String
    static func json(_ target: String, _ explanation: Subject) -> String
    static func dot(_ explanation: Subject) -> String
    static func mermaid(_ explanation: Subject) -> String
    static func svg(_ explanation: Subject) -> String
}

extension ExplainReport: ExplanationReports {}
extension NftablesReport: ExplanationReports {}
extension IPVSReport: ExplanationReports {}

extension ExplainOptions {
    /// The target in the namespace of `--namespace`, if a name without one is given.
    fileprivate func inNamespace(_ target: ExplainTarget) throws(CommandFailure) -> ExplainTarget {
        guard scope.service == nil, scope.selector == nil else {
            throw ExplainOptions.usage("--service and --selector choose Services of --list; TARGET names one")
        }
        guard let namespace = scope.namespace else { return target }
        guard case .shortName(let name, let port) = target, let label = DNSLabel(namespace) else {
            throw ExplainOptions.usage("--namespace is for --list, or for the name of a Service without its namespace")
        }
        return .service(namespace: label, name: name, port: port)
    }

    /// Lists all Service ports.
    fileprivate func listServices(_ console: Console) throws(CommandFailure) -> ExitCode {
        guard !snapshots.isEmpty else {
            throw ExplainOptions.usage("explain --list needs a SNAPSHOT: a file, or '-' for standard input")
        }
        guard [.text, .json].contains(output.form) else {
            throw ExplainOptions.usage("explain --list writes text or json")
        }
        let prepared = try readSnapshot(snapshots)
        try prepared.requireServices(since: "so there is nothing to list")
        let plan = try prepared.plan()
        console.say(prepared.diagnostics + prepared.snapshot.diagnostics(.warning, plan.warnings))
        let scope = try scope.scope(in: [prepared.snapshot])
        let list = try input { () throws(SnapshotError) in
            try ServiceList(plan, with: System.workers).limited { scope.contains($0) }
        }
        let report = output.form == .json ? ExplainReport.listJSON(list) : ExplainReport.list(list, output.style)
        try OutputFile.write(report, to: output.file)
        System.keep((prepared, list))
        return .success
    }

    /// Explains a target in one of the modes.
    fileprivate func explain<Reports: ExplanationReports>(
        _ target: String, _ plan: NodePlan, _ prepared: PreparedSnapshot, _ console: Console, as reports: Reports.Type,
        _ explain: () throws(ExplainTargetError) -> Reports.Subject
    ) throws(CommandFailure) -> ExitCode {
        console.say(prepared.diagnostics + prepared.snapshot.diagnostics(.warning, plan.warnings))
        let explanation: Reports.Subject
        do throws(ExplainTargetError) {
            explanation = try explain()
        } catch {
            let suggestion = error.unknown.map { Suggestion.text(for: $0.word, among: $0.known) } ?? ""
            throw .input("error: \(error)\(suggestion)")
        }
        let report =
            switch output.form {
            case .json: reports.json(target, explanation)
            case .dot: reports.dot(explanation)
            case .mermaid: reports.mermaid(explanation)
            case .svg: reports.svg(explanation)
            default: reports.text(explanation, output.style, isWhole: showsAll)
            }
        try OutputFile.write(report, to: output.file)
        System.keep((prepared, explanation))
        return .success
    }
}
