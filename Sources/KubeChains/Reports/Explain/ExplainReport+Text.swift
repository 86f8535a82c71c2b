internal import KubeChainsBytes
internal import KubeChainsJSON
internal import KubeObjects
public import KubeProxy
internal import NetAddress

/// The reports of `explain`.
public enum ExplainReport {
    /// The flow of packets in graphviz's language.
    public static func dot(_ explanation: Explanation) -> String { FlowGraph.dot(FlowGraphs(explanation)) }

    /// The flow of packets as a Mermaid flowchart.
    public static func mermaid(_ explanation: Explanation) -> String { FlowGraph.mermaid(FlowGraphs(explanation)) }

    /// The flow of packets as a picture.
    public static func svg(_ explanation: Explanation) -> String { FlowPicture.svg(FlowGraphs(explanation)) }

    /// The explanation as text: a table of the Service ports with their frontends and verdicts, then a tree.
    ///
    /// - Parameters:
    ///   - explanation: the answer.
    ///   - style: how the text is laid out.
    ///   - isWhole: whether each path through the hooks and each rule is shown.
    public static func text(
        _ explanation: Explanation, _ style: TextStyle = .plain, isWhole: Bool = false
    ) -> String {
        var parts = remarks(explanation.remarks).map { $0.text(style) }
        if explanation.services.contains(where: { $0.absence == nil }) {
            parts.append(explanation.services.map { overview($0).text(style) }.joined())
        }
        var trees = explanation.services.map { tree($0, explanation, isWhole: isWhole) }
        trees += explanation.sharedChain.map { tree($0) }
        if isWhole, !explanation.sharedRules.isEmpty {
            let rules = explanation.sharedRules.map { TextTree($0.why, "\($0.table): \($0.text)") }
            trees.append(TextTree("rules that all Services share", children: rules))
        }
        parts += trees.map { $0.text(style) }
        return parts.joined(separator: "\n")
    }

    /// What a target names, where it is not a Service.
    static func remarks(_ lines: [String]) -> [TextTree] {
        guard !lines.isEmpty else { return [] }
        var remarks = TextTree()
        remarks.lines = lines
        return [remarks]
    }

    /// Rules, each with its reason; or how many they are, and how to see them.
    static func rules(
        _ rules: [(why: String, table: String, text: String)], _ title: String, isWhole: Bool, also: String = ""
    ) -> TextTree {
        guard isWhole else {
            return TextTree("\(title): \(rules.count); --all shows them\(also)")
        }
        return TextTree(
            title,
            children: rules.enumerated().map { index, rule in
                TextTree("[\(index + 1)] \(rule.why)", "\(rule.table): \(rule.text)")
            })
    }

    /// The node and kube-proxy's version, for a title.
    static func place(_ family: AddressFamily, _ node: NodeFacts, _ version: VersionChoice) -> String {
        "\(family.name) on node \(node.name ?? "(no name)")" + (node.zone.isEmpty ? "" : ", zone \(node.zone)")
            + ", \(version.phrase)"
    }

    private static func tree(
        _ service: ServiceExplanation, _ explanation: Explanation, isWhole: Bool
    ) -> TextTree {
        let title =
            "\(service.label) (\(service.service.type.name)), \(place(explanation.family, explanation.node, explanation.version))"
        if let absence = service.absence { return TextTree(title, children: [TextTree("no rules", absence)]) }
        return TextTree(
            title,
            children: [
                TextTree("settings", children: service.settings.map { TextTree($0) }),
                TextTree(
                    "frontends", children: EntryGroup.groups(of: service.entries).map { tree($0, isWhole: isWhole) }),
                endpoints(
                    service.endpoints, service.endpoints.map { share($0, service) }, others: service.otherEndpoints,
                    unread: service.unread),
                rules(
                    service.rules.map { ($0.why, $0.table, $0.text) }, "rules of its own, in kube-proxy's order",
                    isWhole: isWhole, also: ", and each path through the hooks"),
            ])
    }

    // MARK: Frontends

    private static func tree(_ group: EntryGroup, isWhole: Bool) -> TextTree {
        let first = group.entries[0]
        let kind = first.kind.phrase + (group.entries.count > 1 ? "s" : "")
        let places = group.entries.map(\.text).joined(separator: ", ")
        return TextTree(
            "\(kind) \(places)" + (first.kind == .nodePort ? " of this node" : ""),
            children: first.paths.enumerated().map { index, path in
                TextTree(
                    "from \(path.sender): \(path.clientSees)",
                    children: isWhole
                        ? path.steps.enumerated().map { position, step in
                            tree(step, rules: group.rules(path: index, step: position))
                        } : [])
            })
    }

    private static func tree(_ step: TrafficPath.Step, rules: [Int]) -> TextTree {
        let chains = step.chains.map(\.description).joined(separator: " → ")
        let hooks = "\(step.table) \(step.hooks.joined(separator: " or "))"
        let numbers = rules.isEmpty ? "" : " [\(ranges(rules.map { $0 + 1 }))]"
        switch step.chains.count {
        case 0: return TextTree("\(hooks): \(step.text)\(numbers)")
        case 1: return TextTree("\(hooks), \(chains): \(step.text)\(numbers)")
        default: return TextTree("\(hooks), \(chains):", step.text + numbers)
        }
    }

    /// `1, 3–5` for 1, 3, 4 and 5.
    static func ranges(_ numbers: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers {
            if let last = ranges.last, last.upperBound + 1 == number {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound)" }
            .joined(separator: ", ")
    }

    // MARK: Endpoints

    /// The endpoints of a Service port, each with what it gets.
    static func endpoints(
        _ endpoints: [ExplainedEndpoint], _ shares: [String], others: Int, unread: [String]
    ) -> TextTree {
        let used = endpoints.count { $0.isUsed }
        let left = endpoints.count - used + others
        let title =
            endpoints.isEmpty
            ? unread.isEmpty ? "endpoints: the snapshot has none" : "endpoints: none that kube-proxy reads"
            : "endpoints: \(used) used, \(left) left out"
                + (unread.isEmpty ? "" : ", and some that kube-proxy does not read")
        let addressWidth = endpoints.map(\.text.count).max() ?? 0
        let shareWidth = shares.map(\.count).max() ?? 0
        return TextTree(
            title,
            children: zip(endpoints, shares).map { endpoint, share in
                let place = [endpoint.node, endpoint.zone].compactMap(\.self).joined(separator: ", ")
                let chain = endpoint.chain.map { "  \($0)" } ?? ""
                let text =
                    "\(TextLayout.padded(endpoint.text, addressWidth))  \(TextLayout.padded(share, shareWidth))\(chain)"
                    + (place.isEmpty ? "  " : "  \(place): ") + endpoint.reason
                    + (endpoint.isTarget ? "  ← asked for" : "")
                return TextTree(text)
            }
                + (others > 0
                    ? [TextTree("left out: \(counted(others, "more endpoint")) of slices without this port")] : [])
                + unread.map { TextTree("left out: \($0)") })
    }

    /// The endpoint's share; of both policies if both are used.
    private static func share(_ endpoint: ExplainedEndpoint, _ service: ServiceExplanation) -> String {
        share(endpoint, service.plan) { $0.map { $0 == 1 ? "all" : "1/\($0)" } ?? "0" }
    }

    static func share(
        _ endpoint: ExplainedEndpoint, _ plan: ServicePortPlan?, _ text: (_ oneIn: Int?) -> String
    ) -> String {
        switch (plan?.usesClusterPolicy, plan?.usesLocalPolicy) {
        case (true, true): return "\(text(endpoint.clusterOneIn)), local \(text(endpoint.localOneIn))"
        case (_, true): return text(endpoint.localOneIn)
        default: return text(endpoint.clusterOneIn)
        }
    }

    // MARK: Shared chains

    private static func tree(_ chain: SharedChainExplanation) -> TextTree {
        let callers = chain.callers.map { TextTree($0) }
        return TextTree(
            "\(chain.chain) in table \(chain.table): \(chain.purpose)",
            children: [
                TextTree(
                    callers.isEmpty ? "no built-in chain leads here, only kube-proxy's own" : "what leads here",
                    children: callers),
                TextTree(
                    chain.rules.isEmpty ? "no rules" : "rules, in their order",
                    children: chain.rules.enumerated().map { index, rule in
                        TextTree("[\(index + 1)] \(rule.why)", rule.text)
                    }),
            ])
    }
}

extension ServiceExplanation {
    /// `namespace/service:port/protocol`.
    var label: String { servicePort + (transport.map { "/\($0.name)" } ?? "") }
}

/// Frontends of one kind with equal paths.
struct EntryGroup {
    private(set) var entries: [TrafficEntry]

    static func groups(of entries: [TrafficEntry]) -> [EntryGroup] {
        var groups: [EntryGroup] = []
        for entry in entries {
            if let last = groups.last?.entries[0], last.kind == entry.kind, isSame(last.paths, entry.paths) {
                groups[groups.count - 1].entries.append(entry)
            } else {
                groups.append(EntryGroup(entries: [entry]))
            }
        }
        return groups
    }

    /// The rules of a step of all frontends together, in order.
    func rules(path: Int, step: Int) -> [Int] {
        Set(entries.flatMap { $0.paths[path].steps[step].rules }).sorted()
    }

    /// Whether paths differ in nothing but the rules for the address.
    private static func isSame(_ left: [TrafficPath], _ right: [TrafficPath]) -> Bool {
        left.elementsEqual(right) { left, right in
            left.sender == right.sender && left.outcome == right.outcome
                && left.steps.elementsEqual(right.steps) {
                    $0.hooks == $1.hooks && $0.chains == $1.chains && $0.text == $1.text
                }
        }
    }
}
