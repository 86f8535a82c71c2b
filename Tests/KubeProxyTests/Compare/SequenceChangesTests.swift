import TestSupport
import Testing

@testable import KubeProxy

/// Edits from one sequence to another, short and long.
@Suite struct SequenceChangesTests {
    /// What comes of carrying out an edit.
    private func carriedOut(_ changes: SequenceChanges, _ old: [Int], _ new: [Int]) -> [Int] {
        var result = old
        for index in changes.removed { result.remove(at: index) }
        for index in changes.inserted { result.insert(new[index], at: index) }
        return result
    }

    /// The shortest edit, or a longer one where elements are there several times.
    @Test(arguments: [10, 400, 2000])
    func random(_ count: Int) {
        for seed in 0..<UInt64(5) {
            var generator = SeededGenerator(seed: seed)
            let old = (0..<count).map { _ in generator.number(in: 0...count - 1) }
            var new = old
            for _ in 0..<20 {
                if !new.isEmpty { new.remove(at: generator.number(in: 0...new.count - 1)) }
                new.insert(generator.number(in: 0...2 * count - 1), at: generator.number(in: 0...new.count))
            }
            let changes = SequenceChanges(from: old, to: new)
            #expect(carriedOut(changes, old, new) == new)
        }
    }

    /// Elements that are there once: the same number of changes as the shortest edit has.
    @Test func longestCommonSeries() {
        var generator = SeededGenerator(seed: 1)
        let old = Array(0..<1200)
        var new = old
        for _ in 0..<30 {
            let element = new.remove(at: generator.number(in: 0...new.count - 1))
            new.insert(element, at: generator.number(in: 0...new.count))
        }
        let changes = SequenceChanges(from: old, to: new)
        #expect(carriedOut(changes, old, new) == new)
        #expect(changes.removed.count + changes.inserted.count == new.difference(from: old).count)
    }

    @Test(arguments: [([Int](), [Int]()), ([1], []), ([], [1]), (Array(repeating: 7, count: 3000), [7, 7])])
    func edges(_ old: [Int], _ new: [Int]) {
        let changes = SequenceChanges(from: old, to: new)
        #expect(carriedOut(changes, old, new) == new)
        #expect(changes.removed.count == old.count - min(old.count, new.count))
    }

    /// A hundred thousand elements of which none is the same.
    @Test func nothingInCommon() {
        let changes = SequenceChanges(from: Array(0..<100_000), to: Array(100_000..<200_000))
        #expect(changes.removed.count == 100_000 && changes.inserted.count == 100_000)
    }
}
