internal import NetAddress

/// The nodes in the order of their addresses, so that a range contains consecutive ones.
struct NodeAddresses {
    private let addresses: [IPAddress]
    private let names: [String]

    init(_ members: [LintSubject.Member]) {
        let located = members.filter { $0.address != nil }
        let addresses = located.compactMap(\.address)
        let order = addresses.indices.sorted { left, right in
            (addresses[left].high, addresses[left].low, left) < (addresses[right].high, addresses[right].low, right)
        }
        self.addresses = order.map { addresses[$0] }
        names = order.map { located[$0].name }
    }

    /// The number of nodes that are in none of the ranges, and a few of them.
    func outside(_ ranges: [IPPrefix]) -> (count: Int, examples: [String]) {
        let runs = ranges.map { range in
            let start = firstIndex(from: 0) { address in
                (address.high, address.low) >= (range.network.high, range.network.low)
            }
            return start..<firstIndex(from: start) { !range.contains($0) }
        }
        var count = 0
        var examples: [String] = []
        var next = 0
        let end = names.count..<names.count
        for run in runs.sorted(by: { $0.lowerBound < $1.lowerBound }) + [end] {
            if run.lowerBound > next {
                count += run.lowerBound - next
                for index in (next..<run.lowerBound).prefix(LintSubject.exampleLimit - examples.count) {
                    examples.append("\(names[index]) (\(addresses[index]))")
                }
            }
            next = max(next, run.upperBound)
        }
        return (count, examples)
    }

    /// The first index whose address meets a condition that all after it meet too.
    private func firstIndex(from start: Int, where condition: (IPAddress) -> Bool) -> Int {
        var range = start..<addresses.count
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range =
                condition(addresses[middle]) ? range.lowerBound..<middle : (middle + 1)..<range.upperBound
        }
        return range.lowerBound
    }
}
