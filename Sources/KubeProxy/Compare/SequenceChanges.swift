/// What has to be taken out of a sequence and put in, so that another one comes of it.
package struct SequenceChanges {
    /// The positions in the old sequence, the last first.
    package private(set) var removed: [Int] = []
    /// The positions in the new sequence, the first first.
    package private(set) var inserted: [Int] = []

    /// How many elements both sides have together for which the shortest edit is looked for: its time grows with the square.
    private static let shortestUpTo = 1000

    /// The shortest edit of short sequences. Of long ones an edit that may be longer where elements are there several times, and
    /// is found in n log n: in both, the k-th of equal elements is the same one, and of these the longest series stays that has
    /// one order.
    package init<Element: Hashable>(from old: [Element], to new: [Element]) {
        guard old.count + new.count > SequenceChanges.shortestUpTo else {
            for change in new.difference(from: old) {
                switch change {
                case .remove(let offset, _, _): removed.append(offset)
                case .insert(let offset, _, _): inserted.append(offset)
                }
            }
            return
        }
        var places: [Element: [Int]] = [:]
        for (position, element) in new.enumerated() { places[element, default: []].append(position) }
        var used: [Element: Int] = [:]
        var pairs: [(old: Int, new: Int)] = []
        for (position, element) in old.enumerated() {
            guard let found = places[element] else { continue }
            let next = used[element, default: 0]
            guard next < found.count else { continue }
            used[element] = next + 1
            pairs.append((position, found[next]))
        }
        let kept = SequenceChanges.longestRise(pairs.map(\.new)).map { pairs[$0] }
        let (oldKept, newKept) = (Set(kept.map(\.old)), Set(kept.map(\.new)))
        removed = old.indices.reversed().filter { !oldKept.contains($0) }
        inserted = new.indices.filter { !newKept.contains($0) }
    }

    /// The positions of a longest series of rising numbers.
    private static func longestRise(_ numbers: [Int]) -> [Int] {
        // The last one of the best series of each length, and what comes before each number in its series.
        var ends: [Int] = []
        var before = [Int?](repeating: nil, count: numbers.count)
        for (position, number) in numbers.enumerated() {
            var (low, high) = (0, ends.count)
            while low < high {
                let middle = (low + high) / 2
                if numbers[ends[middle]] < number { low = middle + 1 } else { high = middle }
            }
            before[position] = low > 0 ? ends[low - 1] : nil
            if low == ends.count { ends.append(position) } else { ends[low] = position }
        }
        var series: [Int] = []
        var last = ends.last
        while let position = last {
            series.append(position)
            last = before[position]
        }
        return series.reversed()
    }
}
