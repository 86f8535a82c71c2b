import Iptables
import NetAddress
import TestSupport
import Testing

/// Packets that pass hundreds of conditions which nothing decides.
@Suite struct TraceGrowthTests {
    /// Many assumptions are looked up otherwise than a few: what follows from them is the same.
    @Test(arguments: 0..<4)
    func manyAssumptionsAnswerAsFewDo(_ part: Int) throws {
        let fillers = (0..<40).map { "filter FORWARD -m set --match-set filler\($0) src -j DROP\n" }.joined()
        var answered = 0
        for seed in UInt64(part * 100)..<UInt64(part * 100 + TestSize.current.count(full: 100, brief: 15)) {
            var random = Seeded(seed)
            let rules = (0..<10).map { _ in
                "filter FORWARD \(condition(&random)) -j \(["ACCEPT", "DROP", "x", "MARK --set-mark 1"][Int(random.next() % 4)])\n"
            }.joined()
            let chain = "filter x \(condition(&random)) -j MARK --set-mark 2\nfilter x \(condition(&random)) -j DROP\n"
            let few = try words(rules + chain, { _ in true })
            let many = try words(fillers + rules + chain, { !$0.text.contains("filler") })
            // Those that a filler's set drops.
            let dropped = "drop 10.1.0.1:80 from 10.0.0.9"
            #expect(many.filter { $0 == dropped }.count >= 40)
            #expect(many.filter { $0 != dropped } == few.filter { $0 != dropped }, "seed \(seed): \(rules)\(chain)")
            answered += few.count
        }
        #expect(answered > 100)
    }

    private func words(_ rules: String, _ isShown: (TraceAssumption) -> Bool) throws -> [String] {
        try TraceMeaningTests.outcomes(rules).map { outcome in
            let assumptions = outcome.assumptions.filter(isShown).map { " \($0.isAssumed) \($0.text)" }.joined()
            let verdict = outcome.verdict == .accept ? "accept" : "drop"
            return "\(verdict) 10.1.0.1:80 from 10.0.0.9\(assumptions)"
                + (outcome.packet.mark == 0 ? "" : " mark \(outcome.packet.mark)")
        }
    }

    private func condition(_ random: inout Seeded) -> String {
        let not = random.next() % 4 == 0 ? "! " : ""
        let name = ["e", "e+", "eth+", "eth0", "eth1", "eth0+", "eth10", "cali+", "cali1"][Int(random.next() % 9)]
        let low = 1 + random.next() % 6
        switch random.next() % 4 {
        case 0: return "\(not)-i \(name)"
        case 1: return "\(not)-o \(name)"
        case 2: return "-p tcp -m tcp \(not)--sport \(low):\(low + random.next() % 3)"
        default: return "-m set \(not)--match-set s\(random.next() % 3) src"
        }
    }

    /// Of outcomes that differ in nothing for the packet, what all assume is said, however far apart the others are.
    @Test(arguments: [5, 40, 400])
    func outcomesAreMerged(_ count: Int) throws {
        let rules =
            "filter FORWARD -m set --match-set first src -j ACCEPT\n"
            + (0..<count).map { "filter FORWARD -m set --match-set s\($0) src -j DROP\n" }.joined()
            + "filter FORWARD -m set --match-set last src -j DROP\n"
        let query = try TraceMeaningTests.query()
        let trace = try PacketTrace(query, through: IndexedRules(TraceMeaningTests.ruleset(rules)))
        #expect(trace.outcomes.count == count + 3)
        let merged = trace.mergedOutcomes
        #expect(merged.map(\.outcome.verdict) == [.accept, .drop])
        #expect(merged.map(\.count) == [2, count + 1])
        #expect(merged.map { $0.outcome.assumptions.map(\.text) } == [[], ["-m set --match-set first src"]])
        let longest = try #require(trace.outcomes.max { $0.assumptionCount < $1.assumptionCount })
        #expect(longest.assumptionCount == count + 2 && longest.assumptions.count == count + 2)
        #expect(longest.latestAssumptions(1).map(\.text) == ["-m set --match-set last src"])
    }
}
