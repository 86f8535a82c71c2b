/// The answers that were assumed, by condition. Adding one leaves the map as it was and shares all but some log n of its nodes,
/// since the branches of a trace begin with the same assumptions.
final class KnownAnswers: Sendable {
    private struct Answer {
        let hash: Int
        let condition: TraceCondition
        let isAssumed: Bool
    }

    /// Those of a leaf; the nodes below otherwise.
    private let answers: [Answer]
    private let children: [KnownAnswers]

    private static let leafSize = 8
    /// Each level takes so many bits of the hash.
    private static let bits = 4

    private init(_ answers: [Answer], _ children: [KnownAnswers]) {
        self.answers = answers
        self.children = children
    }

    convenience init() { self.init([], []) }

    /// With the answer to one more condition.
    func adding(_ condition: TraceCondition, _ isAssumed: Bool) -> KnownAnswers {
        // Those about clients are part of who the clients are.
        if case .client = condition { return self }
        let key = condition.key
        return adding(Answer(hash: key.hashValue, condition: key, isAssumed: isAssumed), level: 0)
    }

    private func adding(_ answer: Answer, level: Int) -> KnownAnswers {
        if !children.isEmpty {
            let index = Self.index(answer.hash, level)
            var children = children
            children[index] = children[index].adding(answer, level: level + 1)
            return KnownAnswers([], children)
        }
        if answers.count < Self.leafSize || level * Self.bits >= Int.bitWidth {
            return KnownAnswers(answers + [answer], [])
        }
        var parts: [[Answer]] = Array(repeating: [], count: 1 << Self.bits)
        for answer in answers + [answer] { parts[Self.index(answer.hash, level)].append(answer) }
        return KnownAnswers([], parts.map { KnownAnswers($0, []) })
    }

    private static func index(_ hash: Int, _ level: Int) -> Int { hash >> (level * bits) & (1 << bits - 1) }

    /// The answer to a condition.
    subscript(condition: TraceCondition) -> Bool? {
        let key = condition.key
        let hash = key.hashValue
        var node = self
        var level = 0
        while !node.children.isEmpty {
            node = node.children[Self.index(hash, level)]
            level += 1
        }
        return node.answers.first { $0.hash == hash && $0.condition == key }?.isAssumed
    }
}
