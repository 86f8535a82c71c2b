internal import Iptables

/// The paths of a trace as a tree: rules that several outcomes begin with are drawn once.
struct TraceGraph {
    private struct Node {
        let lines: [String]
        var step: TraceStep?
        var outcome: TraceOutcome?
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
        nodes = [Node(lines: [(trace.query.isReply ? "answer to " : "") + trace.query.words], parent: -1)]
        var known: [Edge: Int] = [:]
        let limit = AssumptionLimit(trace.outcomes)
        for outcome in trace.outcomes {
            var current = 0
            for step in outcome.path {
                let edge = Edge(parent: current, table: step.table, chain: step.chain, number: step.number)
                if let next = known[edge] {
                    current = next
                    continue
                }
                let place = "\(step.table) \(step.chain)" + (step.number > 0 ? " \(step.number)" : "")
                nodes.append(Node(lines: [place, step.targetText], step: step, parent: current))
                current = nodes.count - 1
                known[edge] = current
            }
            var lines = ["\(outcome.verdict.name) \(TextLayout.percent(outcome.probability))"]
            lines.append(outcome.packet.destinationWords)
            if outcome.isMasqueraded { lines.append("masqueraded") }
            let (assumptions, omitted) = limit.listed(outcome)
            if omitted > 0 { lines.append("if " + AssumptionLimit.words(omitted)) }
            lines += assumptions.map { "\($0.isAssumed ? "if" : "if not") \($0.text)" }
            nodes.append(Node(lines: lines, outcome: outcome, parent: current))
        }
    }

    /// The tree for graphviz's `dot`.
    var dot: String {
        var text = "digraph trace {\n    node [shape=box, fontname=\"monospace\", fontsize=10];\n"
        for (index, node) in nodes.enumerated() {
            let color = node.outcome.map { ", style=filled, fillcolor=\"\($0.verdict.color)\"" } ?? ""
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
            if let outcome = node.outcome { text += "    style n\(index) fill:\(outcome.verdict.color)\n" }
        }
        return text
    }

    /// The tree as a picture: rules of one table that follow each other stand in one box.
    var svg: String {
        var children: [[Int]] = Array(repeating: [], count: nodes.count)
        for (index, node) in nodes.enumerated() where node.parent >= 0 { children[node.parent].append(index) }
        var graph = FlowGraph(nodes[0].lines[0])
        let packet = graph.add(.entry, "packet", nodes[0].lines)
        var waiting = children[0].reversed().map { (node: $0, source: packet) }
        while let (first, source) = waiting.popLast() {
            if let outcome = nodes[first].outcome {
                let lines = nodes[first].lines
                graph.connect(source, graph.add(outcome.verdict.kind, lines[0], Array(lines.dropFirst())), "")
                continue
            }
            var run = [first]
            while run.count < TraceGraph.longestRun, let last = run.last, children[last].count == 1,
                let next = nodes[children[last][0]].step, next.table == nodes[first].step?.table
            {
                run.append(children[last][0])
            }
            let lines = run.compactMap { nodes[$0].step }.map { step -> String in
                let target = step.targetText.hasPrefix("-j ") ? String(step.targetText.dropFirst(3)) : step.targetText
                return step.chain + (step.number > 0 ? " \(step.number)" : "") + ": " + target
            }
            let box = graph.add(.chain, "table \(nodes[first].step?.table ?? "")", lines)
            graph.connect(source, box, "")
            waiting += children[run[run.count - 1]].reversed().map { ($0, box) }
        }
        return FlowPicture.svg(
            FlowGraphs(
                [graph],
                words: [
                    .entry: "packet", .chain: "rules that match", .endpoint: "accepted",
                    .refusal: "dropped or rejected",
                    .remark: "not known",
                ]))
    }

    /// A box holds at most so many rules.
    private static let longestRun = 8
}

extension TraceOutcome.Verdict {
    fileprivate var kind: FlowGraph.Node.Kind {
        switch self {
        case .accept: .endpoint
        case .drop, .reject: .refusal
        case .unknown: .remark
        }
    }

    fileprivate var color: String {
        switch self {
        case .accept: "#c8e6c9"
        case .drop, .reject: "#ffcdd2"
        case .unknown: "#fff9c4"
        }
    }
}
