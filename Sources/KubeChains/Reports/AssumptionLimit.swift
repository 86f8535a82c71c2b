internal import Iptables

/// How many assumptions are listed of each outcome of a trace. Where thousands of outcomes differ, each may have thousands: of
/// these the last ones are listed, and how many there are before.
struct AssumptionLimit {
    private let limit: Int

    init(_ outcomes: [TraceOutcome]) {
        let counts = outcomes.map(\.assumptionCount)
        let total = counts.reduce(0, +)
        limit = total <= 1000 || total <= 4 * (counts.max() ?? 0) ? .max : 16
    }

    /// The assumptions that are listed of an outcome, and the number of those before them.
    func listed(_ outcome: TraceOutcome) -> (assumptions: [TraceAssumption], omitted: Int) {
        (outcome.latestAssumptions(limit), max(outcome.assumptionCount - limit, 0))
    }

    /// The assumptions that are not listed.
    static func words(_ count: Int) -> String {
        "the packet gets past \(counted(count, "condition")) of earlier rules that cannot be decided"
    }
}
