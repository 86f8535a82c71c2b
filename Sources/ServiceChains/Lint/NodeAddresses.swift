internal import NetAddress

/// The nodes in the order of their addresses, so that a range holds a run of them.
struct NodeAddresses {
    private let nodes: [(address: IPAddress, name: String)]

    init(_ members: [LintSubject.Member]) {
        nodes = members.compactMap { member in member.address.map { ($0, member.name) } }.sorted {
            ($0.address.high, $0.address.low, $0.name) < ($1.address.high, $1.address.low, $1.name)
        }
    }

    /// The number of nodes that are in none of the ranges, and a few of them.
    func outside(_ ranges: [IPPrefix]) -> (count: Int, examples: [String]) {
        let runs = ranges.map { range in
            let start = firstIndex(from: 0) { node in
                (node.high, node.low) >= (range.network.high, range.network.low)
            }
            return start..<firstIndex(from: start) { !range.contains($0) }
        }
        var count = 0
        var examples: [String] = []
        var next = 0
        let end = nodes.count..<nodes.count
        for run in runs.sorted(by: { $0.lowerBound < $1.lowerBound }) + [end] {
            if run.lowerBound > next {
                count += run.lowerBound - next
                for node in nodes[next..<run.lowerBound].prefix(LintSubject.exampleLimit - examples.count) {
                    examples.append("\(node.name) (\(node.address))")
                }
            }
            next = max(next, run.upperBound)
        }
        return (count, examples)
    }

    /// The first index whose address fulfils a condition that holds for all after it.
    private func firstIndex(from start: Int, where condition: (IPAddress) -> Bool) -> Int {
        var range = start..<nodes.count
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range =
                condition(nodes[middle].address) ? range.lowerBound..<middle : (middle + 1)..<range.upperBound
        }
        return range.lowerBound
    }
}
