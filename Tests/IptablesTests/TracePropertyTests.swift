import Iptables
import NetAddress
import TestSupport
import Testing

/// What must hold of every trace, through random rules of every kind.
@Suite struct TracePropertyTests {
    /// However the conditions that cannot be decided turn out, the chances of what then can happen add up to 1.
    @Test(arguments: 0..<8)
    func chancesAddUp(_ part: Int) throws {
        var (traces, branched, gaveUp) = (0, 0, 0)
        let count = TestSize.current.count(full: 250, brief: 30)
        for seed in UInt64(part * 250)..<UInt64(part * 250 + count) {
            var generator = RandomRuleset(seed)
            let rules = IndexedRules(try Ruleset(generator.text()))
            var random = Seeded(seed)
            for _ in 0..<8 {
                let query = try randomQuery(&random, rules.ruleset.family)
                let outcomes: [TraceOutcome]
                do throws(TraceError) {
                    outcomes = try PacketTrace(query, through: rules).outcomes
                } catch {
                    #expect(error.description.contains("circle") || error.description.contains("ways"), "\(error)")
                    gaveUp += 1
                    continue
                }
                traces += 1
                if outcomes.count > 1 { branched += 1 }
                for _ in 0..<4 {
                    let salt = random.next()
                    let sum = outcomes.reduce(0.0) { sum, outcome in
                        outcome.assumptions.allSatisfy { $0.isAssumed == answer($0.text, salt) }
                            ? sum + outcome.probability : sum
                    }
                    #expect(abs(sum - 1) < 1e-9, "seed \(seed): \(query): \(sum)")
                }
                #expect(outcomes.allSatisfy { $0.probability > 0 && $0.probability <= 1 }, "seed \(seed)")
            }
        }
        #expect(
            traces > 4 * count && branched > count / 3,
            "\(traces) traces, \(branched) with several outcomes, \(gaveUp) given up")
    }

    /// How a condition turns out: by chance, but the same each time.
    private func answer(_ text: String, _ salt: UInt64) -> Bool {
        var hash = Seeded(text.utf8.reduce(salt) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
        return hash.chance(50)
    }

    private func randomQuery(_ random: inout Seeded, _ family: AddressFamily) throws -> TraceQuery {
        let texts =
            family == .ipv4
            ? ["10.0.0.9", "10.1.0.1", "192.168.0.2", "127.0.0.1"] : ["fd00::9", "fd00::1", "fd00::2", "::1"]
        let addresses = try texts.map { try #require(IPAddress($0)) }
        var query = TraceQuery(
            from: random.pick(addresses), sourcePort: random.chance(50) ? nil : 40000, to: random.pick(addresses),
            port: UInt16(random.number(1...65535)), random.pick(TransportProtocol.allCases))
        query.hostAddresses = random.chance(80) ? [addresses[2]] : nil
        query.state = random.pick(TraceQuery.State.allCases)
        query.isReply = random.chance(30)
        query.inInterface = random.chance(50) ? "eth0" : nil
        return query
    }
}
