/// A flow graph with a place for everything, in pixels from its upper left corner.
struct FlowPicture {
    /// A node's rectangle.
    struct Box {
        var x = 0
        var y = 0
        var width: Int
        var height: Int
        /// The lines of the title, and those below it.
        let title: [String]
        let lines: [String]

        var bottom: Int { y + height }
        var right: Int { x + width }
    }

    /// An arrow: curves between columns, straight lines through them and, below its labels, before its tip.
    struct Arrow {
        /// The points between which curves and lines take turns, a curve first.
        var points: [(x: Int, y: Int)] = []
        /// Stand above the last line.
        let labels: [String]
    }

    static let margin = 28
    static let lineHeight = 16
    static let labelHeight = 15
    private static let gap = 16
    /// Longer texts of boxes and labels take several lines.
    private static let widest = (box: 216, label: 150)
    /// Where arrows curve.
    private static let bend = 56

    let graph: FlowGraph
    private(set) var boxes: [Box]
    private(set) var arrows: [Arrow]
    private(set) var width = 0
    private(set) var height = 0
    private let layers: GraphLayers

    init(_ graph: FlowGraph) {
        self.graph = graph
        layers = GraphLayers(graph)
        arrows = graph.edges.map { edge in
            Arrow(
                labels: edge.labels.flatMap { PictureFont.label.lines($0, width: FlowPicture.widest.label) })
        }
        var arrivals = Array(repeating: FlowPicture.gap, count: graph.nodes.count)
        for (edge, arrow) in zip(graph.edges, arrows) { arrivals[edge.to] += FlowPicture.room(above: arrow) }
        boxes = zip(graph.nodes, arrivals).map { node, arrivals in
            let title = PictureFont.name.lines(node.title, width: FlowPicture.widest.box)
            let lines = node.lines.flatMap { PictureFont.line.lines($0, width: FlowPicture.widest.box) }
            let widest =
                (title.map(PictureFont.name.width(of:)) + lines.map(PictureFont.line.width(of:))).max() ?? 0
            return Box(
                width: max(110, widest + 24),
                height: max((title.count + lines.count) * FlowPicture.lineHeight + 14, arrivals), title: title,
                lines: lines)
        }
        let passing = stackColumns()
        drawArrows(placeColumns(), passing)
        width = boxes.map(\.right).max() ?? 0
        height = boxes.map(\.bottom).max() ?? 0
    }

    /// The height that an arrow takes at the box where it arrives: its labels stand above it.
    private static func room(above arrow: Arrow) -> Int { max(20, arrow.labels.count * labelHeight + 8) }

    // MARK: Rows

    /// Places each column as near as it can be to where its arrows come from. Returns the rows of edges that pass a column, by
    /// edge and column.
    private mutating func stackColumns() -> [Int: [Int: Int]] {
        var passing: [Int: [Int: Int]] = [:]
        for (column, items) in layers.columns.enumerated() {
            var wanted: [Int] = []
            var heights: [Int] = []
            for item in items {
                let sources: [Int]
                switch item {
                case .node(let node):
                    heights.append(boxes[node].height)
                    sources = graph.edges.indices.filter { graph.edges[$0].to == node }.map {
                        row(of: $0, before: column, passing)
                    }
                case .passing(let edge):
                    heights.append(0)
                    sources = [row(of: edge, before: column, passing)]
                }
                // What no arrow leads to stands below what is above it.
                let center = sources.isEmpty ? nil : sources.reduce(0, +) / sources.count
                wanted.append((center ?? (wanted.last ?? 0)) - (center == nil ? 0 : heights[heights.count - 1] / 2))
            }
            for ((item, y), height) in zip(zip(items, FlowPicture.spread(wanted, heights)), heights) {
                switch item {
                case .node(let node): boxes[node].y = y
                case .passing(let edge): passing[edge, default: [:]][column] = y + height / 2
                }
            }
        }
        let top = (boxes.map(\.y) + passing.values.flatMap(\.values)).min() ?? 0
        for node in boxes.indices { boxes[node].y -= top }
        return passing.mapValues { $0.mapValues { $0 - top } }
    }

    /// The row where an edge leaves the column before one.
    private func row(of edge: Int, before column: Int, _ passing: [Int: [Int: Int]]) -> Int {
        if let row = passing[edge]?[column - 1] { return row }
        let box = boxes[graph.edges[edge].from]
        return box.y + box.height / 2
    }

    /// Places for things above each other that are as near as can be to where they should be (the pool-adjacent-violators
    /// algorithm).
    private static func spread(_ wanted: [Int], _ heights: [Int]) -> [Int] {
        var blocks: [(sum: Int, count: Int)] = []
        var offsets: [Int] = []
        var offset = 0
        for (want, height) in zip(wanted, heights) {
            offsets.append(offset)
            blocks.append((want - offset, 1))
            offset += height + gap
            while blocks.count > 1 {
                let (last, before) = (blocks[blocks.count - 1], blocks[blocks.count - 2])
                guard before.sum * last.count > last.sum * before.count else { break }
                blocks.removeLast()
                blocks[blocks.count - 1] = (before.sum + last.sum, before.count + last.count)
            }
        }
        let places = blocks.flatMap { Array(repeating: $0.sum / $0.count, count: $0.count) }
        return zip(places, offsets).map { $0 + $1 }
    }

    // MARK: Columns

    /// Gives each column its place: behind the one before it, where curves and labels have room. Returns where they begin and
    /// end.
    private mutating func placeColumns() -> [(left: Int, right: Int)] {
        var columns: [(left: Int, right: Int)] = []
        for (column, items) in layers.columns.enumerated() {
            var left = 0
            if let before = columns.last {
                let labels =
                    graph.edges.indices.filter { layers.column[graph.edges[$0].to] == column }
                    .flatMap { arrows[$0].labels.map(PictureFont.label.width(of:)) }.max() ?? 0
                left = before.right + FlowPicture.bend + (labels > 0 ? labels + 20 : 12)
            }
            let nodes = items.compactMap { if case .node(let node) = $0 { node } else { nil } }
            let width = nodes.map { boxes[$0].width }.max() ?? 0
            for node in nodes {
                boxes[node].x = left
                boxes[node].width = width
            }
            columns.append((left, left + width))
        }
        return columns
    }

    // MARK: Arrows

    private mutating func drawArrows(_ columns: [(left: Int, right: Int)], _ passing: [Int: [Int: Int]]) {
        let (starts, ends) = (departures(), arrivals())
        for (index, edge) in graph.edges.enumerated() {
            let (first, last) = (layers.column[edge.from], layers.column[edge.to])
            guard first < last else { continue }
            var points = [(x: columns[first].right, y: starts[index])]
            for column in first + 1...last {
                let y = passing[index]?[column] ?? ends[index]
                points.append((columns[column - 1].right + FlowPicture.bend, y))
                points.append((column == last ? columns[column].left : columns[column].right, y))
            }
            arrows[index].points = points
        }
    }

    /// How far down each edge leaves its box: those of a box spread over its side, in the order of their other ends.
    private func departures() -> [Int] {
        var places = Array(repeating: 0, count: graph.edges.count)
        for (edges, box) in zip(edges(sharing: \.from, \.to), boxes) {
            for (rank, edge) in edges.enumerated() {
                places[edge] = box.y + box.height * (rank + 1) / (edges.count + 1)
            }
        }
        return places
    }

    /// How far down each edge reaches its box, below its labels.
    private func arrivals() -> [Int] {
        var places = Array(repeating: 0, count: graph.edges.count)
        for (edges, box) in zip(edges(sharing: \.to, \.from), boxes) {
            let rooms = edges.map { FlowPicture.room(above: arrows[$0]) }
            // The last one is as far above the lower edge as the first label below the upper one.
            var y = box.y + (box.height - rooms.reduce(0, +)) / 2 - (rooms.first ?? 0 > 20 ? 0 : 6)
            for (edge, room) in zip(edges, rooms) {
                y += room
                places[edge] = y
            }
            if edges.count == 1, rooms[0] <= 20 { places[edges[0]] = box.y + box.height / 2 }
        }
        return places
    }

    /// The edges of each node at one end, from the top by their other ends.
    private func edges(
        sharing end: KeyPath<FlowGraph.Edge, Int>, _ other: KeyPath<FlowGraph.Edge, Int>
    ) -> [[Int]] {
        var sharing: [[Int]] = Array(repeating: [], count: boxes.count)
        for (index, edge) in graph.edges.enumerated() { sharing[edge[keyPath: end]].append(index) }
        return sharing.map { edges in
            func middle(_ edge: Int) -> Int {
                let box = boxes[graph.edges[edge][keyPath: other]]
                return box.y + box.height / 2
            }
            return edges.sorted { (middle($0), $0) < (middle($1), $1) }
        }
    }
}
