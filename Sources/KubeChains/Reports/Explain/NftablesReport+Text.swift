internal import KubeObjects
public import KubeProxy
internal import NetAddress

/// The reports of `explain` in nftables mode.
public enum NftablesReport {
    /// The flow of packets in graphviz's language.
    public static func dot(_ explanation: NftablesExplanation) -> String { FlowGraph.dot(FlowGraphs(explanation)) }

    /// The flow of packets as a Mermaid flowchart.
    public static func mermaid(_ explanation: NftablesExplanation) -> String {
        FlowGraph.mermaid(FlowGraphs(explanation))
    }

    /// The flow of packets as a picture.
    public static func svg(_ explanation: NftablesExplanation) -> String { FlowPicture.svg(FlowGraphs(explanation)) }

    /// The explanation as a tree of text.
    ///
    /// - Parameters:
    ///   - explanation: the answer.
    ///   - style: how the text is laid out.
    ///   - isWhole: whether each chain with its rules is shown.
    public static func text(
        _ explanation: NftablesExplanation, _ style: TextStyle = .plain, isWhole: Bool = false
    ) -> String {
        var trees = ExplainReport.remarks(explanation.remarks)
        trees += explanation.services.map { tree($0, explanation, isWhole: isWhole) }
        if let chain = explanation.chain { trees.append(tree(chain)) }
        if isWhole, !explanation.sharedChains.isEmpty {
            trees.append(
                TextTree(
                    "chains that packets of all Services pass, in this order",
                    children: explanation.sharedChains.map { tree($0) }))
        }
        return trees.map { $0.text(style) }.joined(separator: "\n")
    }

    private static func tree(
        _ service: NftablesServiceExplanation, _ explanation: NftablesExplanation, isWhole: Bool
    ) -> TextTree {
        let place = ExplainReport.place(explanation.family, explanation.node, explanation.version) + ", nftables mode"
        let title = "\(service.label) (\(service.service.type.name)), \(place)"
        if let absence = service.absence { return TextTree(title, children: [TextTree("nothing", absence)]) }
        let shares = service.endpoints.map { endpoint in
            ExplainReport.share(endpoint, service.plan) { $0.map { $0 == 1 ? "all" : "1/\($0)" } ?? "0" }
        }
        return TextTree(
            title,
            children: [
                TextTree("settings", children: service.settings.map { TextTree($0) }),
                TextTree("elements of sets and maps", children: groups(of: service.elements)),
                isWhole
                    ? TextTree("chains", children: service.chains.map { tree($0) })
                    : TextTree("chains: \(service.chains.count); --all shows them, and those that all Services share"),
                ExplainReport.endpoints(
                    service.endpoints, shares, others: service.otherEndpoints, unread: service.unread),
            ])
    }

    /// The elements of each set or map.
    private static func groups(of elements: [ExplainedNftablesElement]) -> [TextTree] {
        var trees: [TextTree] = []
        for element in elements {
            if trees.last?.lines.first != element.set { trees.append(TextTree(element.set)) }
            trees[trees.count - 1].children.append(TextTree(element.why, element.text))
        }
        return trees
    }

    private static func tree(_ chain: ExplainedNftablesChain) -> TextTree {
        TextTree(
            "\(chain.name): \(chain.purpose)", children: chain.rules.map { rule in TextTree(rule.why, rule.text) })
    }
}

extension NftablesServiceExplanation {
    /// `namespace/service:port/protocol`.
    var label: String { servicePort + (transport.map { "/\($0.name)" } ?? "") }
}
