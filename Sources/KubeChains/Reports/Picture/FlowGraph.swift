internal import KubeChainsBytes
internal import KubeProxy

/// What a picture, or the text of a graph, shows: graphs with what is said above them.
struct FlowGraphs {
    /// Sentences above the graphs.
    let remarks: [String]
    let graphs: [FlowGraph]
    /// What the nodes of some kinds are called below the picture; the others have their usual words.
    let words: [FlowGraph.Node.Kind: String]

    init(remarks: [String] = [], _ graphs: [FlowGraph], words: [FlowGraph.Node.Kind: String] = [:]) {
        self.remarks = remarks.map { $0.escapingInvisible() }
        self.graphs = graphs
        self.words = words
    }

    /// The kinds of nodes that there are, and what each is called.
    var legend: [(kind: FlowGraph.Node.Kind, word: String)] {
        let nodes = graphs.flatMap(\.nodes)
        let refusals = nodes.filter { $0.kind == .refusal }
        let dropCount = refusals.count { $0.title.hasPrefix("DROP") || $0.title == FlowWords.result(.timesOut) }
        let (drops, refuses) = (dropCount > 0, dropCount < refusals.count)
        return FlowGraph.Node.Kind.allCases.filter { kind in nodes.contains { $0.kind == kind } }.map { kind in
            let usual =
                switch kind {
                case .entry: "frontend"
                case .chain: "chain"
                case .endpoint: "endpoint with its share"
                case .leftOut: "endpoint left out"
                case .refusal: drops && refuses ? "refused or dropped" : drops ? "dropped" : "refused"
                case .remark: "other"
                }
            return (kind, words[kind] ?? usual)
        }
    }

    /// What nodes are called in the pictures of Services alone.
    static func wordsOfServices(_ mode: ProxyMode) -> [FlowGraph.Node.Kind: String] {
        switch mode {
        case .iptables: [.remark: "no rules"]
        case .nftables: [.remark: "nothing"]
        case .ipvs: [.chain: "policy, chain or set", .remark: "nothing, or another Service's"]
        }
    }
}

/// A graph of what packets pass, from left to right.
struct FlowGraph {
    struct Node {
        enum Kind: String, CaseIterable {
            /// Where packets come in.
            case entry
            /// What decides where they go on.
            case chain
            /// Where they end well.
            case endpoint
            /// Where they could end, but do not.
            case leftOut
            /// Where they end badly.
            case refusal
            /// Anything else.
            case remark
        }

        let kind: Kind
        let title: String
        /// What stands below the title.
        let lines: [String]
        /// Whether it is the target.
        var isTarget = false
    }

    struct Edge {
        let ends: Ends
        fileprivate var all: [String]

        var labels: [String] { FlowGraph.bounded(all) }

        var from: Int { ends.from }
        var to: Int { ends.to }
    }

    struct Ends: Hashable {
        let from: Int
        let to: Int
    }

    /// The outcome for a sender.
    struct Outcome {
        let entry: String
        let sender: String
        let clientSees: String
    }

    /// More lines of a node or labels of an edge than this are counted.
    private static let mostLines = 8

    let title: String
    /// Sentences below the title.
    let notes: [String]
    /// A table below the graph.
    var outcomes: [Outcome] = []
    private(set) var nodes: [Node] = []
    private(set) var edges: [Edge] = []
    private var edgePositions: [Ends: Int] = [:]

    init(_ title: String, notes: [String] = []) {
        self.title = title.escapingInvisible()
        self.notes = notes.map { $0.escapingInvisible() }
    }

    @discardableResult
    mutating func add(_ kind: Node.Kind, _ title: String, _ lines: [String], isTarget: Bool = false) -> Int {
        nodes.append(
            Node(
                kind: kind, title: title.escapingInvisible(),
                lines: FlowGraph.bounded(lines).map { $0.escapingInvisible() }, isTarget: isTarget))
        return nodes.count - 1
    }

    /// Adds an arrow, or a label to the one that there is.
    ///
    /// - Parameter label: may have several lines; empty: none.
    mutating func connect(_ from: Int, _ to: Int, _ label: String) {
        let labels = label.split(separator: "\n").map { String($0).escapingInvisible() }
        let ends = Ends(from: from, to: to)
        if let index = edgePositions[ends] {
            edges[index].all += labels.filter { !edges[index].all.contains($0) }
        } else {
            edgePositions[ends] = edges.count
            edges.append(Edge(ends: ends, all: labels))
        }
    }

    /// The lines, or the first of them and how many others there are.
    fileprivate static func bounded(_ lines: [String]) -> [String] {
        lines.count <= mostLines
            ? lines : lines.prefix(mostLines - 1) + ["and \(lines.count - mostLines + 1) more"]
    }
}
