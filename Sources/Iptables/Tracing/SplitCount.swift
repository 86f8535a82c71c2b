/// How often the ways of a packet branch at conditions that cannot be decided, and how often they may.
package struct SplitCount {
    private var splits = 0
    private var openSplits = 0
    private let limit: Int
    private let openLimit: Int

    /// - Parameter chains: how many chains there are. Of clients that are followed together, each endpoint that reaches itself is
    ///   split off; but their ways are not gathered, and many answers about something else leave what becomes of them unknown.
    package init(_ query: TraceQuery, chains: Int) {
        (limit, openLimit) = query.clients == nil ? (10_000, 10_000) : (1_000 + chains, 256)
    }

    /// Counts anew, for another packet.
    package mutating func restart() { (splits, openSplits) = (0, 0) }

    /// Counts one more.
    ///
    /// - Returns: why there are too many of them; nil: there are not.
    package mutating func add(_ condition: TraceCondition) -> String? {
        splits += 1
        if case .client = condition {} else { openSplits += 1 }
        guard splits > limit || openSplits > openLimit else { return nil }
        return
            "more than \(openSplits > openLimit ? openLimit : limit) ways branch off at conditions that cannot be decided, the "
            + "last of them '\(condition.text)'; say more of the packet, such as its interfaces, or leave rules out"
    }
}
