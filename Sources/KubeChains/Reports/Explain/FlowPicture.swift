internal import KubeProxy

/// A flow graph with a place for everything, in pixels.
struct FlowPicture {
    /// A node's rectangle.
    struct Box {
        var x = 0
        var y = 0
        var width = 0
        var height = 0
        let lines: [String]

        var bottom: Int { y + height }
        var right: Int { x + width }
    }

    struct Arrow {
        let start: (x: Int, y: Int)
        let end: (x: Int, y: Int)
        let isVertical: Bool
        let labels: [String]
    }

    /// The width of a letter of a node's lines, and of other texts at most.
    static let letter = 7
    static let margin = 28
    static let lineHeight = 16
    private static let gap = 16
    /// Reasons and names that are longer take several lines.
    private static let longestLine = 27

    let graph: FlowGraph
    private(set) var boxes: [Box]
    private(set) var arrows: [Arrow] = []
    /// Where the columns of the table of outcomes begin.
    let tableColumns: (sender: Int, result: Int)
    private(set) var width = 0
    private(set) var height = 0

    init(_ graph: FlowGraph) {
        self.graph = graph
        var arrivals = Array(repeating: 0, count: graph.nodes.count)
        for edge in graph.edges { arrivals[edge.to] += 1 }
        boxes = zip(graph.nodes, arrivals).map { node, arrivals in
            let lines = node.lines.flatMap { TextLayout.lines($0, width: FlowPicture.longestLine) }
            let longest = lines.map { $0.count * FlowPicture.letter }.max() ?? 0
            return Box(
                width: max(110, longest + 24, FlowPicture.width(ofTitle: node.title) + 24),
                // Labels of arrows that arrive side by side need room.
                height: max((lines.count + 1) * FlowPicture.lineHeight + 14, (arrivals + 1) * 20),
                lines: lines)
        }
        let sender = FlowPicture.width(of: graph.outcomes.map(\.entry)) + 24
        tableColumns = (sender, sender + FlowPicture.width(of: graph.outcomes.map { "from \($0.sender)" }) + 12)
        placeColumns()
        stackColumns()
        drawArrows()
        width = max(
            boxes.map(\.right).max() ?? 0, graph.title.count * 10,
            tableColumns.result + FlowPicture.width(of: graph.outcomes.map(\.clientSees)))
        height = boxes.map(\.bottom).max() ?? 0
    }

    /// The width of a node's title, which is bold.
    private static func width(ofTitle title: String) -> Int {
        title.reduce(0) { $0 + ($1.isUppercase ? 10 : 8) }
    }

    /// The width of the widest text.
    private static func width(of texts: [String]) -> Int { (texts.map(\.count).max() ?? 0) * letter }

    /// The nodes of each column that has any, from left to right.
    private var columns: [[Int]] {
        let nodes = graph.nodes
        return Set(nodes.map(\.column)).sorted().map { column in nodes.indices.filter { nodes[$0].column == column } }
    }

    /// Whether an edge stays in its column, and goes down.
    private func isVertical(_ edge: FlowGraph.Edge) -> Bool {
        graph.nodes[edge.from].column == graph.nodes[edge.to].column
    }

    /// Each column begins where labels have room before it.
    private mutating func placeColumns() {
        var x = 0
        for (position, column) in columns.enumerated() {
            if position > 0 {
                let number = graph.nodes[column[0]].column
                let labels = graph.edges.filter { graph.nodes[$0.to].column == number && !isVertical($0) }
                    .map { $0.labels.joined(separator: ", ") }
                x += max(56, (labels.map(\.count).max() ?? 0) * FlowPicture.letter + 44)
            }
            let width = column.map { boxes[$0].width }.max() ?? 0
            for node in column {
                boxes[node].x = x
                boxes[node].width = width
            }
            x += width
        }
    }

    private mutating func stackColumns() {
        let columns = columns
        var labelsBelow: [Int: Int] = [:]
        for edge in graph.edges where isVertical(edge) { labelsBelow[edge.from] = edge.labels.count }
        for (position, column) in columns.enumerated() {
            // The line from the first frontend, the cluster IP, to its policy stays free.
            let isBeside =
                position == 1 && columns.count > 2
                && graph.edges.contains { edge in
                    edge.from == columns[0][0] && graph.nodes[edge.to].column != graph.nodes[column[0]].column
                }
            var y = isBeside ? boxes[columns[0][0]].bottom + FlowPicture.gap : 0
            for node in column {
                boxes[node].y = y
                let labels = labelsBelow[node].map { $0 * FlowPicture.lineHeight + 24 } ?? 0
                y = boxes[node].bottom + max(FlowPicture.gap, labels)
            }
        }
    }

    /// Arrows leave and reach a box spread over its side, in the order of their other ends.
    private mutating func drawArrows() {
        let edges = graph.edges
        let starts = places(\.from, \.to)
        let ends = places(\.to, \.from)
        for (index, edge) in edges.enumerated() {
            let (from, to) = (boxes[edge.from], boxes[edge.to])
            if isVertical(edge) {
                let x = from.x + from.width / 3
                arrows.append(
                    Arrow(start: (x, from.bottom), end: (x, to.y), isVertical: true, labels: edge.labels))
            } else {
                arrows.append(
                    Arrow(
                        start: (from.right, starts[index]), end: (to.x, ends[index]), isVertical: false,
                        labels: edge.labels.isEmpty ? [] : [edge.labels.joined(separator: ", ")]))
            }
        }
    }

    /// How far down each edge meets its node at one end: those of a node spread over its side.
    private func places(_ end: KeyPath<FlowGraph.Edge, Int>, _ other: KeyPath<FlowGraph.Edge, Int>) -> [Int] {
        let edges = graph.edges
        var sharing: [[Int]] = Array(repeating: [], count: boxes.count)
        for (index, edge) in edges.enumerated() where !isVertical(edge) { sharing[edge[keyPath: end]].append(index) }
        var places = Array(repeating: 0, count: edges.count)
        for (node, own) in sharing.enumerated() {
            let sorted = own.sorted {
                (boxes[edges[$0][keyPath: other]].y, $0) < (boxes[edges[$1][keyPath: other]].y, $1)
            }
            for (rank, index) in sorted.enumerated() {
                places[index] = boxes[node].y + boxes[node].height * (rank + 1) / (sorted.count + 1)
            }
        }
        return places
    }
}
