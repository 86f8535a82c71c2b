/// The assumptions on a packet's path, the latest first. Branches share what they have in common.
///
/// Of n rules that ask conditions nobody can decide, each is asked after up to n assumptions: answers are found by hash, and
/// what two lists share by steps that double.
package final class AssumptionList: Sendable {
    package let condition: TraceCondition
    package let isAssumed: Bool
    package let earlier: AssumptionList?
    /// The clients before the assumption.
    let clients: TracedClients?
    let count: Int
    /// A list further back: from there to the next one it is as far or twice as far, so that each is log n steps away.
    private let jump: AssumptionList?
    /// Of the texts of all assumptions in their order.
    private let digest: Int
    /// The answers of all assumptions; nil: they are so few that comparing them takes no longer.
    private let known: KnownAnswers?
    /// The latest list whose assumption answers conditions of another key.
    private let telling: Telling?

    private final class Telling: Sendable {
        let condition: TraceCondition
        let isAssumed: Bool
        let earlier: Telling?

        init(_ condition: TraceCondition, _ isAssumed: Bool, after earlier: Telling?) {
            self.condition = condition
            self.isAssumed = isAssumed
            self.earlier = earlier
        }
    }

    /// Up to so many assumptions are compared one by one.
    private static let fewAssumptions = 16

    init(
        _ condition: TraceCondition, _ isAssumed: Bool, after earlier: AssumptionList?, of clients: TracedClients?
    ) {
        self.condition = condition
        self.isAssumed = isAssumed
        self.earlier = earlier
        self.clients = clients
        count = (earlier?.count ?? 0) + 1
        let next = earlier?.jump
        let isEven = (earlier?.count ?? 0) - (next?.count ?? 0) == (next?.count ?? 0) - (next?.jump?.count ?? 0)
        jump = isEven ? next?.jump : earlier
        var hasher = Hasher()
        hasher.combine(earlier?.digest)
        hasher.combine(condition.text)
        hasher.combine(isAssumed)
        digest = hasher.finalize()
        telling =
            condition.isTelling(isAssumed)
            ? Telling(condition, isAssumed, after: earlier?.telling) : earlier?.telling
        guard count > Self.fewAssumptions else {
            known = nil
            return
        }
        var known = earlier?.known
        if known == nil {
            known = KnownAnswers()
            var list = earlier
            while let node = list {
                known = known?.adding(node.condition, node.isAssumed)
                list = node.earlier
            }
        }
        self.known = known?.adding(condition, isAssumed)
    }

    /// The assumptions, the first one first.
    var all: [TraceAssumption] { latest(count) }

    /// The latest assumptions, the first of them first.
    func latest(_ count: Int) -> [TraceAssumption] {
        var result: [TraceAssumption] = []
        var list: AssumptionList? = self
        while let node = list, result.count < count {
            result.append(TraceAssumption(text: node.condition.text, isAssumed: node.isAssumed))
            list = node.earlier
        }
        return result.reversed()
    }

    /// What follows from the assumptions for a condition; nil: nothing.
    package func answer(to condition: TraceCondition) -> Bool? {
        if let known {
            if let answer = known[condition] { return answer }
            var telling = telling
            while let node = telling {
                if let answer = condition.answer(given: node.condition, node.isAssumed) { return answer }
                telling = node.earlier
            }
            for wider in condition.widerConditions where known[wider] == false { return false }
            return nil
        }
        var list: AssumptionList? = self
        while let node = list {
            if let answer = condition.answer(given: node.condition, node.isAssumed) { return answer }
            list = node.earlier
        }
        return nil
    }

    // MARK: What lists share

    /// The list of the first assumptions.
    private func prefix(_ count: Int) -> AssumptionList? {
        var list: AssumptionList? = self
        while let node = list, node.count > count { list = node.jump?.count ?? 0 >= count ? node.jump : node.earlier }
        return list
    }

    /// The assumptions that two lists begin with.
    static func shared(_ left: AssumptionList?, _ right: AssumptionList?) -> AssumptionList? {
        let count = min(left?.count ?? 0, right?.count ?? 0)
        var (left, right) = (left?.prefix(count), right?.prefix(count))
        // Lists of the same length have jumps of the same length.
        while let own = left, let other = right, own !== other {
            (left, right) = own.jump === other.jump ? (own.earlier, other.earlier) : (own.jump, other.jump)
        }
        return left
    }

    /// The assumptions that two lists have in common: what both begin with, and what follows in both for the rest of the first. Of
    /// a long rest only the latest are looked at.
    static func common(_ left: AssumptionList?, _ right: AssumptionList?) -> AssumptionList? {
        let begin = shared(left, right)
        var rest: [AssumptionList] = []
        var list = left
        var looks = fewAssumptions
        while let node = list, node !== begin, looks > 0 {
            looks -= 1
            if right?.answer(to: node.condition) == node.isAssumed { rest.append(node) }
            list = node.earlier
        }
        return rest.reversed().reduce(begin) {
            AssumptionList($1.condition, $1.isAssumed, after: $0, of: $1.clients)
        }
    }
}

extension AssumptionList: Hashable {
    /// Whether the texts are the same.
    package static func == (left: AssumptionList, right: AssumptionList) -> Bool {
        guard left.digest == right.digest, left.count == right.count else { return false }
        var (left, right): (AssumptionList?, AssumptionList?) = (left, right)
        while let own = left, let other = right, own !== other {
            guard own.isAssumed == other.isAssumed, own.condition.text == other.condition.text else { return false }
            (left, right) = (own.earlier, other.earlier)
        }
        return true
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}
