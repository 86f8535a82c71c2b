internal import NetAddress

/// Outcomes of a trace that differ in nothing but in what is assumed and in the rules that lead there.
public struct MergedOutcome: Sendable {
    /// The first of them, with the assumptions that all of them share, and the chance of all that share its assumptions.
    public let outcome: TraceOutcome
    /// How many there are; ``manyWays`` stands for that many and more.
    public let count: Int

    /// Beyond this ways are not counted: n rules can make 2ⁿ of them.
    public static let manyWays = 1_000_000

    static func waySum(_ one: Int, _ other: Int) -> Int { min(one + other, manyWays) }
}

extension PacketTrace {
    /// The outcomes, those that differ in nothing for the packet as one; in the order of ``outcomes``.
    public var mergedOutcomes: [MergedOutcome] {
        var sums: [OutcomeKey: Int] = [:]
        var distinct: [(outcome: TraceOutcome, count: Int)] = []
        // The same assumptions: chances add up.
        for outcome in outcomes {
            let key = OutcomeKey(outcome, probability: 0, ofSameAssumptions: true)
            if let position = sums[key] {
                distinct[position].outcome.probability += outcome.probability
                distinct[position].count = MergedOutcome.waySum(distinct[position].count, outcome.gathering.wayCount)
            } else {
                sums[key] = distinct.count
                distinct.append((outcome, outcome.gathering.wayCount))
            }
        }
        // Other assumptions: what happens is the same.
        var positions: [OutcomeKey: Int] = [:]
        var merged: [(outcome: TraceOutcome, count: Int)] = []
        for (outcome, count) in distinct {
            let key = OutcomeKey(outcome, probability: outcome.probability, ofSameAssumptions: false)
            if let position = positions[key] {
                merged[position].outcome.keepAssumptions(of: outcome)
                merged[position].count = MergedOutcome.waySum(merged[position].count, count)
            } else {
                positions[key] = merged.count
                merged.append((outcome, count))
            }
        }
        return merged.map { MergedOutcome(outcome: $0.outcome, count: $0.count) }
    }
}

extension TraceOutcome {
    /// Leaves the assumptions that another outcome has too.
    fileprivate mutating func keepAssumptions(of other: TraceOutcome) {
        let begin = AssumptionList.shared(ownAssumptions, other.ownAssumptions)
        let count = begin?.count ?? 0
        let own = (ownAssumptions?.latest((ownAssumptions?.count ?? 0) - count) ?? []) + furtherAssumptions
        ownAssumptions = begin
        guard !own.isEmpty else { return }
        let others = Set(other.ownAssumptions?.latest((other.ownAssumptions?.count ?? 0) - count) ?? [])
        furtherAssumptions = own.filter(others.contains)
    }
}

/// What an outcome is for the packet.
private struct OutcomeKey: Hashable {
    let verdict: TraceOutcome.Verdict
    let probability: Double
    let packet: TracedPacket
    let server: TracedAddress
    let serverPort: PortRange
    let properties: [Bool]
    let assumptions: AssumptionList?
    let gathering: ObjectIdentifier?

    init(_ outcome: TraceOutcome, probability: Double, ofSameAssumptions: Bool) {
        verdict = outcome.verdict
        self.probability = probability
        packet = outcome.packet
        (server, serverPort) = outcome.server
        properties = [
            outcome.isTranslated, outcome.isMasqueraded, outcome.isForHost, outcome.isReply, outcome.isRefusalLost,
        ]
        assumptions = ofSameAssumptions ? outcome.ownAssumptions : nil
        gathering = ofSameAssumptions ? outcome.gathering.map(ObjectIdentifier.init) : nil
    }
}
