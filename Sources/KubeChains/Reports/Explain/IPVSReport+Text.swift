internal import KubeChainsJSON
internal import KubeObjects
public import KubeProxy
internal import NetAddress

/// The reports of `explain` in IPVS mode.
public enum IPVSReport {
    /// The flow of packets in graphviz's language.
    public static func dot(_ explanation: IPVSExplanation) -> String { FlowGraph.dot(FlowGraphs(explanation)) }

    /// The flow of packets as a Mermaid flowchart.
    public static func mermaid(_ explanation: IPVSExplanation) -> String { FlowGraph.mermaid(FlowGraphs(explanation)) }

    /// The flow of packets as a picture.
    public static func svg(_ explanation: IPVSExplanation) -> String { FlowPicture.svg(FlowGraphs(explanation)) }

    /// The explanation as a tree of text.
    ///
    /// - Parameters:
    ///   - explanation: the answer.
    ///   - style: how the text is laid out.
    ///   - isWhole: whether the entries in sets and each rule are shown.
    public static func text(
        _ explanation: IPVSExplanation, _ style: TextStyle = .plain, isWhole: Bool = false
    ) -> String {
        var trees = ExplainReport.remarks(explanation.remarks)
        trees += explanation.services.map { tree($0, explanation, isWhole: isWhole) }
        if let set = explanation.set { trees.append(tree(set)) }
        trees += explanation.chains.map { tree($0) }
        if isWhole, !explanation.sharedRules.isEmpty {
            let rules = explanation.sharedRules.map { TextTree($0.why, "\($0.table): \($0.text)") }
            trees.append(TextTree("rules that ask no set", children: rules))
        }
        return trees.map { $0.text(style) }.joined(separator: "\n")
    }

    private static func tree(
        _ service: IPVSServiceExplanation, _ explanation: IPVSExplanation, isWhole: Bool
    ) -> TextTree {
        let place = ExplainReport.place(explanation.family, explanation.node, explanation.version) + ", IPVS mode"
        let title = "\(service.label) (\(service.service.type.name)), \(place)"
        if let absence = service.absence { return TextTree(title, children: [TextTree("nothing", absence)]) }
        let shares = service.endpoints.map { share($0, service, explanation.scheduler) }
        var sections = [
            TextTree("settings", children: service.settings.map { TextTree($0) }),
            TextTree(
                "virtual servers",
                children: ExplainedVirtualServer.groups(of: service.virtualServers).map { tree($0) }),
            ExplainReport.endpoints(
                service.endpoints, shares, others: service.otherEndpoints, unread: service.unread),
        ]
        if isWhole {
            sections.append(
                TextTree("entries in sets, with the rules that ask these", children: service.sets.map { tree($0) }))
        }
        sections.append(
            ExplainReport.rules(
                service.rules.map { ($0.why, $0.table, $0.text) },
                "rules that ask these sets, and rules of its own, in kube-proxy's order", isWhole: isWhole,
                also: ", and the entries in sets"))
        sections.append(
            TextTree(
                service.differences.isEmpty ? "nothing differs from iptables mode" : "what differs from iptables mode",
                children: service.differences.map { difference in
                    TextTree(
                        difference.who, "in iptables mode: \(difference.iptables)", "in IPVS mode: \(difference.ipvs)")
                }))
        return TextTree(title, children: sections)
    }

    // MARK: Virtual servers

    private static func tree(_ group: [ExplainedVirtualServer]) -> TextTree {
        let first = group[0]
        let isOne = group.count == 1
        let place =
            first.isBound
            ? "on kube-ipvs0" : isOne ? "an address that the node has anyway" : "addresses that the node has anyway"
        var lines = [first.policy]
        if let owner = first.owner {
            lines = ["\(owner) claims it too, and comes last: it has the virtual server"]
        }
        lines += [first.masquerade, first.ranges].compactMap(\.self)
        lines += group.compactMap(\.line).map { "ipvsadm: \($0)" }
        return TextTree(
            "\(first.kind.phrase)\(isOne ? "" : "s") \(group.map(\.text).joined(separator: ", ")), \(place)",
            children: lines.map { TextTree($0) })
    }

    /// An endpoint's share by the scheduler; of both policies if both are used.
    private static func share(
        _ endpoint: ExplainedEndpoint, _ service: IPVSServiceExplanation, _ scheduler: IPVSScheduler
    ) -> String {
        ExplainReport.share(endpoint, service.plan) { oneIn in
            guard let oneIn else { return "0" }
            if oneIn == 1 { return "all" }
            return scheduler.sharesEqually ? "1/\(oneIn)" : "weight 1"
        }
    }

    // MARK: Sets and chains

    private static func tree(_ entries: ExplainedEntries) -> TextTree {
        let numbers = entries.rules.isEmpty ? "" : " [\(ExplainReport.ranges(entries.rules.map { $0 + 1 }))]"
        return TextTree("\(entries.name)\(numbers): \(entries.entries.joined(separator: "  "))")
    }

    private static func tree(_ set: ExplainedSet) -> TextTree {
        let entries = set.entries.map { TextTree("\($0.entry)  \($0.servicePorts.joined(separator: ", "))") }
        return TextTree(
            "set \(set.name), \(set.set.kind.rawValue): \(set.set.comment)",
            children: [
                TextTree(
                    entries.isEmpty ? "no entries" : "entries, with the Service ports they come from", children: entries
                ),
                rules(set.rules, set.rules.isEmpty ? "no rule asks it while it is empty" : "rules that ask it"),
            ])
    }

    private static func tree(_ chain: ExplainedIPVSChain) -> TextTree {
        TextTree(
            "\(chain.chain) in table \(chain.table): \(chain.purpose)",
            children: [
                TextTree(
                    chain.callers.isEmpty ? "nothing leads here" : "what leads here",
                    children: chain.callers.map { TextTree($0) }),
                rules(chain.rules, chain.rules.isEmpty ? "no rules" : "rules, in their order"),
            ])
    }

    private static func rules(_ rules: [ExplainedIPVSRule], _ title: String) -> TextTree {
        TextTree(
            title,
            children: rules.enumerated().map { index, rule in
                TextTree("[\(index + 1)] \(rule.why)", "\(rule.table): \(rule.text)")
            })
    }
}

extension IPVSServiceExplanation {
    /// `namespace/service:port/protocol`.
    var label: String { servicePort + (transport.map { "/\($0.name)" } ?? "") }
}
