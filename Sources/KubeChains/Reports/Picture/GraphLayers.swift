/// The columns of a graph: arrows go from one to the next, through places of their own in columns that they only pass.
struct GraphLayers {
    /// What stands in a column.
    enum Item: Hashable {
        case node(Int)
        /// An edge that passes.
        case passing(edge: Int)
    }

    /// From the top, for each column from the left.
    private(set) var columns: [[Item]] = []
    /// The column of each node.
    private(set) var column: [Int]

    init(_ graph: FlowGraph) {
        column = GraphLayers.columns(of: graph)
        columns = Array(repeating: [], count: (column.max() ?? -1) + 1)
        for node in graph.nodes.indices { columns[column[node]].append(.node(node)) }
        for (index, edge) in graph.edges.enumerated() {
            for passed in (column[edge.from]..<column[edge.to]).dropFirst() {
                columns[passed].append(.passing(edge: index))
            }
        }
        sort(graph)
    }

    /// Each node stands behind those that lead to it, and endpoints in the last column.
    private static func columns(of graph: FlowGraph) -> [Int] {
        var column = Array(repeating: 0, count: graph.nodes.count)
        // As many rounds as a way can be long: packets do not go in circles.
        for _ in graph.nodes.indices {
            var hasChanged = false
            for edge in graph.edges where column[edge.to] <= column[edge.from] {
                column[edge.to] = column[edge.from] + 1
                hasChanged = true
            }
            if !hasChanged { break }
        }
        func isLast(_ node: FlowGraph.Node) -> Bool { node.kind == .endpoint || node.kind == .leftOut }
        let last = zip(graph.nodes, column).map { isLast($0) ? $1 : min($1 + 1, 2) }.max() ?? 0
        for (index, node) in graph.nodes.enumerated() where isLast(node) { column[index] = max(last, column[index]) }
        return column
    }

    /// Orders each column by where its arrows come from, so that few of them cross; what no arrow leads to comes last.
    private mutating func sort(_ graph: FlowGraph) {
        var sources: [Item: [Item]] = [:]
        for (index, edge) in graph.edges.enumerated() where column[edge.to] > column[edge.from] {
            let isDirect = column[edge.to] == column[edge.from] + 1
            sources[.node(edge.to), default: []].append(isDirect ? .node(edge.from) : .passing(edge: index))
            // Where an edge passes, it comes from itself, but for the first column.
            if !isDirect { sources[.passing(edge: index)] = [.node(edge.from)] }
        }
        var place: [Item: Double] = [:]
        for position in columns.indices {
            if position > 0 {
                let keys = columns[position].enumerated().map { index, item -> (key: Double, index: Int) in
                    var places = (sources[item] ?? []).compactMap { place[$0] }
                    // An edge that passes its second column keeps its place.
                    if case .passing = item, let own = place[item] { places = [own] }
                    return (places.isEmpty ? .infinity : places.reduce(0, +) / Double(places.count), index)
                }
                columns[position] = keys.sorted { ($0.key, $0.index) < ($1.key, $1.index) }.map {
                    columns[position][$0.index]
                }
            }
            for (rank, item) in columns[position].enumerated() {
                place[item] = Double(rank) / Double(max(1, columns[position].count))
            }
        }
    }
}
