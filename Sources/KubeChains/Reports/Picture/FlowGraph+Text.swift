internal import KubeProxy

/// The graph in the languages of graphviz and mermaid.
extension FlowGraph {
    static func dot(_ all: FlowGraphs) -> String {
        var text = """
            digraph kubechains {
                rankdir=LR;
                node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11];
                edge [fontname="Helvetica", fontsize=10];

            """
        for (index, graph) in all.graphs.enumerated() {
            text += "    subgraph cluster_\(index) {\n"
            text += "        label=\(DotLabel.text([graph.title]));\n"
            for (position, node) in graph.nodes.enumerated() {
                let style = node.kind == .leftOut ? ", style=\"rounded,dashed\"" : ", fillcolor=\"\(node.kind.fill)\""
                text += "        n\(index)_\(position) [label=\(DotLabel.text([node.title] + node.lines))\(style)];\n"
            }
            for edge in graph.edges {
                let label = edge.labels.isEmpty ? "" : " [label=\(DotLabel.text(edge.labels))]"
                text += "        n\(index)_\(edge.from) -> n\(index)_\(edge.to)\(label);\n"
            }
            text += "    }\n"
        }
        return text + "}\n"
    }

    static func mermaid(_ all: FlowGraphs) -> String {
        var text = "flowchart LR\n"
        for (index, graph) in all.graphs.enumerated() {
            text += "    subgraph g\(index)[\(MermaidLabel.text([graph.title]))]\n"
            for (position, node) in graph.nodes.enumerated() {
                text +=
                    "        n\(index)_\(position)[\(MermaidLabel.text([node.title] + node.lines))]:::\(node.kind.rawValue)\n"
            }
            for edge in graph.edges {
                let arrow = edge.labels.isEmpty ? "-->" : "-->|\(MermaidLabel.text(edge.labels))|"
                text += "        n\(index)_\(edge.from) \(arrow) n\(index)_\(edge.to)\n"
            }
            text += "    end\n"
        }
        for kind in Node.Kind.allCases {
            let dashes = kind == .leftOut ? ",stroke-dasharray:4 3" : ""
            text += "    classDef \(kind.rawValue) fill:\(kind.fill),stroke:\(kind.stroke),color:#1b1f24\(dashes)\n"
        }
        return text
    }
}

extension FlowGraph.Node.Kind {
    /// The colour of a node's ground.
    var fill: String {
        switch self {
        case .entry: "#dbeafe"
        case .chain: "#ede9fe"
        case .endpoint: "#dcfce7"
        case .leftOut: "#ffffff"
        case .refusal: "#fee2e2"
        case .remark: "#fef9c3"
        }
    }

    /// The colour of a node's border.
    var stroke: String {
        switch self {
        case .entry: "#2563eb"
        case .chain: "#7c3aed"
        case .endpoint: "#16a34a"
        case .leftOut: "#8b949e"
        case .refusal: "#dc2626"
        case .remark: "#ca8a04"
        }
    }
}
