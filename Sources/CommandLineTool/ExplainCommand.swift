internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

extension Command {
    static let explain = Command(
        name: "explain",
        operands: "TARGET SNAPSHOT...",
        summary: "say of a Service, chain, address or endpoint why its rules are as they are",
        discussion: [
            "TARGET is one of:\n"
                + "  namespace/service[:port]  a Service, or one of its ports by name or number\n"
                + "  KUBE-…                    a chain, whole or as far as it is unique\n"
                + "  IP[:port][/protocol]      a cluster, external or load balancer IP, a node port on an address of\n"
                + "                            the node, or an endpoint; an IPv6 address with a port in brackets",
            "Shows the settings that matter, each way in with its path through the hooks, the endpoints with their shares, "
                + "those that are left out and why, and the rules, each with the reason for its existence.",
            "With --proxy-mode ipvs it shows virtual servers, real servers, sets and the rules that ask them, and what clients "
                + "see otherwise than in iptables mode; KUBE-… is then a set or a chain of that mode.",
            "The family is that of an address, unless --family says otherwise.",
            "Exit code 0: explained, also a Service that has no rules; 2: there is no such target, or an input is at fault.",
        ],
        options: [
            .shaping,
            .ipvs,
            OptionGroup(title: "Output", options: [.report([.text, .json, .dot, .mermaid, .svg]), .outputFile]),
        ]
    ) { invocation, console throws(CommandFailure) in
        guard let text = invocation.operands.first else {
            throw .usage("explain needs a TARGET, such as default/kubernetes, and a SNAPSHOT", see: "explain")
        }
        let target: ExplainTarget
        do throws(ExplainTargetError) {
            target = try ExplainTarget(text)
        } catch {
            throw .usage(error.description, see: "explain")
        }
        var invocation = invocation
        invocation.operands.removeFirst()
        guard !invocation.operands.isEmpty else {
            throw .usage("explain needs a SNAPSHOT after the target: a file, or '-' for standard input", see: "explain")
        }
        guard invocation.operands.count(where: { $0 == "-" }) + (invocation.configFile == "-" ? 1 : 0) <= 1 else {
            throw .usage("standard input can be read only once, but '-' is given several times", see: "explain")
        }
        var prepared = try invocation.readSnapshot(servesIPVS: true)
        if let family = target.family {
            guard !invocation.gives("family") || invocation.settings.family == family else {
                throw .usage("\(text) is of the family \(family.name), but --family says otherwise", see: "explain")
            }
            prepared.settings.family = family
        }
        if prepared.settings.mode == .ipvs { return try invocation.explainIPVS(target, text, prepared, console) }
        let iptables = try prepared.iptablesPlan()
        console.say(prepared.diagnostics + prepared.snapshot.diagnostics(.warning, iptables.plan.warnings))
        let explanation = try found { () throws(ExplainTargetError) in
            try Explanation(target, iptables)
        }
        let report =
            switch invocation.report {
            case .json: ExplainReport.json(text, explanation).text
            case .dot, .mermaid, .svg: invocation.report.picture(of: FlowGraphs(explanation))
            default: ExplainReport.text(explanation)
            }
        try OutputFile.write(report, to: invocation.outputFile)
        System.keep((prepared, explanation))
        return .success
    }
}

extension Invocation {
    fileprivate func explainIPVS(
        _ target: ExplainTarget, _ text: String, _ prepared: PreparedSnapshot, _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        let state = try prepared.ipvsPlan()
        console.say(prepared.diagnostics + prepared.snapshot.diagnostics(.warning, state.plan.warnings))
        let explanation = try found { () throws(ExplainTargetError) in
            try IPVSExplanation(target, state)
        }
        let output =
            switch report {
            case .json: IPVSReport.json(text, explanation).text
            case .dot, .mermaid, .svg: report.picture(of: FlowGraphs(explanation))
            default: IPVSReport.text(explanation)
            }
        try OutputFile.write(output, to: outputFile)
        System.keep((prepared, explanation))
        return .success
    }
}

extension ReportForm {
    fileprivate func picture(of graphs: FlowGraphs) -> String {
        switch self {
        case .dot: FlowGraph.dot(graphs)
        case .mermaid: FlowGraph.mermaid(graphs)
        default: FlowPicture.svg(graphs)
        }
    }
}

/// Runs `body`; an unknown target becomes the command's failure.
private func found<Value>(_ body: () throws(ExplainTargetError) -> Value) throws(CommandFailure) -> Value {
    do {
        return try body()
    } catch {
        let suggestion = error.unknown.map { Suggestion.text(for: $0.word, among: $0.known) } ?? ""
        throw .input("error: \(error)\(suggestion)")
    }
}
