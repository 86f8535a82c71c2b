internal import KubeChainsBytes

/// The nodes of a report about many of them, and how it names some of them.
package struct NodeNames {
    /// All nodes, by name.
    let all: [String]

    /// The greatest number of nodes that are named one by one.
    private static let namedAtMost = 5
    /// The greatest number of nodes that are named as exceptions.
    private static let exceptionsAtMost = 3

    /// - Parameter nodes: the nodes, those of one name together.
    init(_ nodes: some Sequence<String>) {
        all = nodes.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    /// `on all 214 nodes`, `on 212 of 214 nodes, not on worker-7 and worker-9`, `on 2 of 214 nodes: worker-7 and worker-9`.
    func phrase(_ nodes: [String]) -> String {
        if nodes.count == all.count { return all.count == 1 ? "on \(all[0])" : "on all \(all.count) nodes" }
        let counts = "on \(nodes.count) of \(all.count) nodes"
        let others = all.count - nodes.count
        guard others <= NodeNames.exceptionsAtMost, others < nodes.count else {
            return "\(counts): \(NodeNames.list(nodes))"
        }
        let present = Set(nodes)
        return "\(counts), not on \(NodeNames.list(all.filter { !present.contains($0) }))"
    }

    /// Some names, of many the first ones and how many others there are.
    package static func list(_ nodes: [String]) -> String {
        listed(nodes.count > namedAtMost ? Array(nodes.prefix(namedAtMost)) : nodes, of: nodes.count)
    }
}
