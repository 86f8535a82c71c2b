internal import Iptables

/// The paths of a trace as a tree: rules that several outcomes begin with are drawn once.
struct TraceGraph {
    private struct Node {
        let lines: [String]
        let outcome: TraceOutcome.Verdict?
        let parent: Int
    }

    private struct Edge: Hashable {
        let parent: Int
        let table: String
        let chain: String
        let number: Int
    }

    private var nodes: [Node]

    init(_ trace: PacketTrace) {
        nodes = [Node(lines: [(trace.query.isReply ? "answer to " : "") + trace.query.words], outcome: nil, parent: -1)]
        var known: [Edge: Int] = [:]
        for outcome in trace.outcomes {
            var current = 0
            for step in outcome.path {
                let edge = Edge(parent: current, table: step.table, chain: step.chain, number: step.number)
                if let next = known[edge] {
                    current = next
                    continue
                }
                let place = "\(step.table) \(step.chain)" + (step.number > 0 ? " \(step.number)" : "")
                nodes.append(Node(lines: [place, step.targetText], outcome: nil, parent: current))
                current = nodes.count - 1
                known[edge] = current
            }
            var lines = ["\(outcome.verdict.name) \(TextLayout.percent(outcome.probability))"]
            lines.append(outcome.packet.destinationWords)
            if outcome.isMasqueraded { lines.append("masqueraded") }
            lines += outcome.assumptions.map { "\($0.isAssumed ? "if" : "if not") \($0.text)" }
            nodes.append(Node(lines: lines, outcome: outcome.verdict, parent: current))
        }
    }

    /// The tree for graphviz's `dot`.
    var dot: String {
        var text = "digraph trace {\n    node [shape=box, fontname=\"monospace\", fontsize=10];\n"
        for (index, node) in nodes.enumerated() {
            let color = node.outcome.map { ", style=filled, fillcolor=\"\($0.color)\"" } ?? ""
            text += "    n\(index) [label=\(DotLabel.text(node.lines))\(color)];\n"
            if node.parent >= 0 { text += "    n\(node.parent) -> n\(index);\n" }
        }
        return text + "}\n"
    }

    /// The tree as a Mermaid flowchart.
    var mermaid: String {
        var text = "flowchart TD\n"
        for (index, node) in nodes.enumerated() {
            let label = "[\(MermaidLabel.text(node.lines))]"
            text += node.parent >= 0 ? "    n\(node.parent) --> n\(index)\(label)\n" : "    n\(index)\(label)\n"
        }
        for (index, node) in nodes.enumerated() {
            if let outcome = node.outcome { text += "    style n\(index) fill:\(outcome.color)\n" }
        }
        return text
    }
}

extension TraceOutcome.Verdict {
    fileprivate var color: String {
        switch self {
        case .accept: "#c8e6c9"
        case .drop, .reject: "#ffcdd2"
        case .unknown: "#fff9c4"
        }
    }
}
