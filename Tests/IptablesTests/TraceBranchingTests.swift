import Iptables
import NetAddress
import TestSupport
import Testing

/// Chances, what cannot be decided, history, and rules that cannot be followed.
@Suite struct TraceBranchingTests {
    private func words(_ rules: String, _ change: (inout TraceQuery) -> Void = { _ in }) throws -> [String] {
        try TraceMeaningTests.outcomes(rules, change).map(TraceMeaningTests.words)
    }

    /// The sum of the chances for each set of assumptions; every set is told from every other.
    private func isWhole(_ outcomes: [TraceOutcome]) -> Bool {
        var sums: [[TraceAssumption]: Double] = [:]
        for outcome in outcomes { sums[outcome.assumptions, default: 0] += outcome.probability }
        return sums.values.allSatisfy { abs($0 - 1) < 1e-12 }
    }

    @Test func chances() throws {
        // 0.3 is 644245094 steps of 2⁻³¹.
        let chance = 644_245_094.0 / 0x8000_0000
        let outcomes = try TraceMeaningTests.outcomes(
            "nat PREROUTING -m statistic --mode random --probability 0.3 -j DNAT --to-destination 10.2.0.1\n"
                + "nat PREROUTING -m statistic --mode random ! --probability 0.25 -j DNAT --to-destination 10.2.0.2\n"
                + "nat PREROUTING -m statistic --mode nth --every 4 --packet 1 -j DNAT --to-destination 10.2.0.3")
        #expect(outcomes.map(\.packet.destination.text) == ["10.2.0.1", "10.2.0.2", "10.2.0.3", "10.1.0.1"])
        let rest = 1 - chance
        #expect(outcomes.map(\.probability) == [chance, rest * 0.75, rest * 0.25 * 0.25, rest * 0.25 * 0.75])
        #expect(isWhole(outcomes))
    }

    /// 1/n for each of many endpoints, in time that grows with their number.
    @Test(arguments: [2, 3, 10, 1000] + (TestSize.current.isFull ? [5000] : []))
    func equalShares(_ count: Int) throws {
        var rules = ""
        for index in 0..<count {
            let chance =
                index == count - 1 ? "" : "-m statistic --mode random --probability \(1 / Double(count - index)) "
            rules +=
                "nat PREROUTING \(chance)-j x\(index)\nnat x\(index) -j DNAT --to-destination 10.2.\(index / 256).\(index % 256)\n"
        }
        let outcomes = try TraceMeaningTests.outcomes(rules)
        #expect(outcomes.count == count)
        let step = 0.5 / 0x8000_0000
        #expect(outcomes.allSatisfy { abs($0.probability - 1 / Double(count)) <= step * Double(count) })
        #expect(outcomes.allSatisfy { $0.path.count == 2 })
        #expect(abs(outcomes.reduce(0) { $0 + $1.probability } - 1) < 1e-9)
    }

    /// Chances and conditions that make no difference leave no trace.
    @Test func waysThatRejoin() throws {
        let rule = "filter FORWARD -m statistic --mode random --probability 0.5 -j x\n"
        let same = "mangle FORWARD -m set --match-set s src -j MARK --set-mark 0\n"
        let limited = "filter FORWARD -m limit --limit 5/min -j LOG\nfilter FORWARD -m set --match-set s dst -j y\n"
        let ends = "filter FORWARD -j z\nfilter FORWARD -m set --match-set u src -m set --match-set v src -j y\n"
        let z =
            "filter z -m set --match-set t src -j RETURN\nfilter z -m limit --limit 1/min -j RETURN\nfilter z -i e -g y\n"
        let rules =
            String(repeating: rule + same + limited + ends, count: 200) + z
            + "filter x -p udp -j DROP\nfilter y -j RETURN\nfilter FORWARD -m set --match-set w src -j ACCEPT\n"
        #expect(try words(rules) == ["accept 10.1.0.1:80 from 10.0.0.9"])
    }

    @Test(arguments: [
        ("-m set --match-set blocked src", "-m set --match-set blocked src", true),
        ("-m set ! --match-set blocked src", "-m set --match-set blocked src", false),
        ("-i eth0", "-i eth0", true), ("! -i eth0", "-i eth0", false), ("-o cali+", "-o cali+", true),
        ("-p tcp -m tcp --sport 53", "--sport 53", true), ("-p tcp -m tcp ! --sport 53", "--sport 53", false),
        ("-m limit --limit 1/sec", "-m limit --limit 1/sec", true),
        ("-m physdev --physdev-in eth0", "-m physdev --physdev-in eth0", true),
        ("-m rpfilter --invert", "-m rpfilter --invert", true),
        ("-m owner --uid-owner 0", "-m owner --uid-owner 0", true),
        ("-m recent --rcheck --name ssh", nil, true),
        ("-p tcp -m tcp --tcp-option 8", "-m tcp --tcp-option 8", true),
    ])
    func whatCanNotBeDecided(_ rule: String, _ text: String?, _ isAssumed: Bool) throws {
        let outcomes = try TraceMeaningTests.outcomes("filter FORWARD \(rule) -j DROP")
        #expect(outcomes.map(\.probability) == [1, 1])
        #expect(outcomes.map(\.verdict) == [.accept, .drop])
        for (outcome, assumed) in zip(outcomes, [!isAssumed, isAssumed]) {
            #expect(outcome.assumptions.count == 1 && outcome.assumptions[0].isAssumed == assumed)
            if let text { #expect(outcome.assumptions[0].text == text) }
        }
    }

    /// A condition is asked once, and what follows from it is known.
    @Test(arguments: [
        ("-m set --match-set s src", "-m set --match-set s src", 2), ("-i eth0", "! -i eth0", 2),
        ("-i eth0", "-i eth1", 3),
        ("-i eth+", "-i eth0", 3), ("-p tcp -m tcp --sport 1:10", "-p tcp -m tcp --sport 20:30", 3),
        ("-m limit --limit 1/sec", "-m limit --limit 1/sec", 4),
    ])
    func consistency(_ first: String, _ second: String, _ count: Int) throws {
        let outcomes = try TraceMeaningTests.outcomes(
            "filter FORWARD \(first) -j MARK --set-mark 1\nfilter FORWARD \(second) -j MARK --set-mark 2/0xf\n"
                + "filter FORWARD -m mark --mark 99 -j DROP")
        #expect(outcomes.count == count)
        #expect(isWhole(outcomes))
    }

    /// A client's port is the same one in the answer; after MASQUERADE it is another.
    @Test(arguments: ["", "nat POSTROUTING -j MASQUERADE\n"])
    func portsInAnswers(_ masquerade: String) throws {
        let rules =
            masquerade + "mangle PREROUTING -p tcp -m tcp --sport 53 -j CONNMARK --set-mark 1\n"
            + "mangle PREROUTING -p tcp -m tcp --dport 53 -j DROP"
        let outcomes = try TraceMeaningTests.outcomes(rules) { $0.isReply = true }
        #expect(outcomes.count == (masquerade.isEmpty ? 2 : 4))
        #expect(outcomes.filter { $0.verdict == .drop }.count == (masquerade.isEmpty ? 1 : 2))
        #expect(isWhole(outcomes))
    }

    @Test func targetsThatAreNotModelled() throws {
        #expect(
            try words("filter FORWARD -j NFQUEUE --queue-num 1\nfilter FORWARD -j DROP") == [
                "accept 10.1.0.1:80 from 10.0.0.9 if -j NFQUEUE --queue-num 1 lets the packet go on unchanged",
                "unknown 10.1.0.1:80 from 10.0.0.9 unless -j NFQUEUE --queue-num 1 lets the packet go on unchanged",
            ])
        #expect(
            try words("mangle FORWARD -j TPROXY --on-port 1\nfilter FORWARD -j DROP").map { $0.prefix(5) }.sorted() == [
                "drop ", "unkno",
            ])
        #expect(try words("mangle FORWARD -j DSCP --set-dscp 1\nmangle FORWARD -j CHECKSUM --checksum-fill").count == 1)
    }

    /// Without the host's addresses, any may be its own.
    @Test func unknownHost() throws {
        let outcomes = try TraceMeaningTests.outcomes(
            "filter INPUT -j DROP\nfilter OUTPUT -m addrtype --src-type LOCAL -j ACCEPT\nfilter OUTPUT -j DROP"
        ) {
            $0.hostAddresses = nil
        }
        #expect(outcomes.count == 4)
        #expect(outcomes.allSatisfy { $0.probability == 1 && $0.assumptions.count == 2 })
        #expect(outcomes.filter { $0.verdict == .drop }.allSatisfy { $0.assumptions[1].isAssumed })
        #expect(outcomes[0].assumptions[0].text == "10.0.0.9 is an address of this host")
    }

    // MARK: recent

    private let affinity =
        "nat PREROUTING -m recent --rcheck --seconds 60 --reap --name a -j a\n"
        + "nat PREROUTING -m recent --rcheck --seconds 60 --reap --name b -j b\n"
        + "nat PREROUTING -m statistic --mode random --probability 0.5 -j a\nnat PREROUTING -j b\n"
        + "nat a -p tcp -m recent --set --name a -j DNAT --to-destination 10.2.0.1:8080\n"
        + "nat b -p tcp -m recent --set --name b -j DNAT --to-destination 10.2.0.2:8080"

    @Test func sessionAffinity() throws {
        func destinations(_ endpoint: String?) throws -> [String] {
            let address = try endpoint.map { try #require(IPAddress($0)) }
            return try TraceMeaningTests.outcomes(affinity) { query in
                query.affinity = address.map { ($0, 8080) }
            }.map(\.packet.destination.text)
        }
        #expect(try destinations(nil) == ["10.2.0.1", "10.2.0.2"])
        #expect(try destinations("10.2.0.1") == ["10.2.0.1"])
        #expect(try destinations("10.2.0.2") == ["10.2.0.2"])
        #expect(try destinations("10.2.0.3") == ["10.2.0.1", "10.2.0.2"])
        let rules = IndexedRules(try TraceMeaningTests.ruleset(affinity))
        for (endpoint, isUnknown) in [("10.2.0.1", false), ("10.2.0.3", true)] {
            let address = try #require(IPAddress(endpoint))
            let query = try TraceMeaningTests.query { $0.affinity = (address, 8080) }
            #expect(try PacketTrace(query, through: rules).hasUnknownHistory == isUnknown)
        }
    }

    /// What a rule notes down of a packet, later rules see.
    @Test func notesOnTheWay() throws {
        let set = "filter FORWARD -m recent --set --name x\n"
        #expect(
            try words(set + "filter FORWARD -m recent --rcheck --name x -j DROP") == ["drop 10.1.0.1:80 from 10.0.0.9"])
        #expect(
            try words(set + "filter FORWARD -m recent ! --rcheck --name x -j DROP") == [
                "accept 10.1.0.1:80 from 10.0.0.9"
            ])
        #expect(try words(set + "filter FORWARD -m recent --rcheck --hitcount 3 --name x -j DROP").count == 2)
        #expect(try words(set + "filter FORWARD -m recent --rcheck --name x --rdest -j DROP").count == 2)
        let removed =
            set + "filter FORWARD -m recent --remove --name x\nfilter FORWARD -m recent --rcheck --name x -j DROP"
        #expect(try words(removed) == ["accept 10.1.0.1:80 from 10.0.0.9"])
    }

    // MARK: Faults

    @Test func rulesThatGoRound() throws {
        let rules = "filter FORWARD -j a\nfilter a -j b\nfilter b -p tcp -j a"
        let error = try #require(throws: TraceError.self) { try words(rules) }
        #expect(error.description == "table filter, chain b, rule 1: the jumps go round in a circle: a -> b -> a")
        #expect(error.line == 7)
        #expect(try words(rules) { $0.transport = .udp } == ["accept 10.1.0.1:80 from 10.0.0.9"])
    }

    @Test func missingChain() throws {
        let chain = Chain(name: "FORWARD", policy: .accept, rules: [Rule(target: .jump("gone"), line: 3)])
        let rules = Ruleset(family: .ipv4, tables: [Table(name: "filter", chains: [chain])])
        let error = try #require(throws: TraceError.self) {
            try PacketTrace(TraceMeaningTests.query(), through: IndexedRules(rules))
        }
        #expect(
            error.description
                == "table filter, chain FORWARD, rule 1: the rule leads to the chain gone, which the table does not have"
        )
        #expect(error.line == 3)
    }

    /// Rules that no kernel would take neither stop the program nor overflow its stack.
    @Test func endlessJumps() throws {
        let deep =
            (0..<300).map { "filter x\($0) -j x\($0 + 1)" } + ["filter x300 -j RETURN", "filter FORWARD -j x0"]
        let wide = (0..<40).map { "filter x\($0) -j x\($0 + 1)\nfilter x\($0) -j x\($0 + 1)" }
        for (rules, message) in [
            (deep, "more than 128 jumps are within each other"),
            (wide + ["filter x40 -p udp -j DROP", "filter FORWARD -j x0"], "more than 28400 jumps are on the ways"),
        ] {
            let error = try #require(throws: TraceError.self) { try words(rules.joined(separator: "\n")) }
            #expect(error.description.contains(message), "\(error)")
        }
    }

    @Test func tooManyWays() throws {
        let rules = (0..<20).map { "mangle FORWARD -m set --match-set s\($0) src -j MARK --or-mark \(1 << $0)" }
        let error = try #require(throws: TraceError.self) { try words(rules.joined(separator: "\n")) }
        #expect(error.description.contains("more than 10000 ways"))
    }

    /// The last of n marks that are set by chance stays: by 1/2 that of the last rule, by 1/4 that of the one before.
    @Test func manyMarksByChance() throws {
        let rule = "mangle FORWARD -m statistic --mode random --probability 0.5 -j MARK --set-mark "
        let outcomes = try TraceMeaningTests.outcomes((1...100).map { "\(rule)\($0)\n" }.joined())
        #expect(outcomes.count == 101)
        for outcome in outcomes {
            let later = outcome.packet.mark == 0 ? 99 : 100 - Int(outcome.packet.mark)
            #expect(abs(outcome.probability * Double(sign: .plus, exponent: later + 1, significand: 1) - 1) < 1e-9)
        }
        #expect(isWhole(outcomes))
    }

    /// Where more ways are open than are followed one by one, the outcomes are those that simple rules have under all answers, and
    /// each answer has its outcome.
    @Test(arguments: [1, 2, 3])
    func manyMarksByConditions(_ marks: Int) throws {
        let count = 150
        var random = SeededGenerator(seed: UInt64(marks))
        var rules = ""
        for index in 0..<count {
            rules += "mangle FORWARD -m set --match-set s\(index) src -j MARK --set-mark \(index % marks + 1)\n"
        }
        // s7 is asked again.
        rules += "filter FORWARD -m mark --mark 1 -m set --match-set s7 src -j DROP\n"
        let outcomes = try TraceMeaningTests.outcomes(rules)
        #expect(outcomes.count < count * 2)
        for number in 0..<300 {
            // Few conditions hold, or many.
            let answers = (0..<count).map { _ in Int.random(in: 0..<100, using: &random) < [1, 3, 50][number % 3] }
            let mark = answers.lastIndex(of: true).map { $0 % marks + 1 } ?? 0
            let isDropped = mark == 1 && answers[7]
            let fitting = outcomes.filter { outcome in
                outcome.packet.mark == UInt32(mark) && outcome.verdict == (isDropped ? .drop : .accept)
                    && outcome.assumptions.allSatisfy { assumption in
                        (0..<count).first { assumption.text == "-m set --match-set s\($0) src" }.map { answers[$0] }
                            == assumption.isAssumed
                    }
            }
            #expect(!fitting.isEmpty, "mark \(mark) of \(marks), dropped: \(isDropped)")
        }
        #expect(Set(outcomes.map(\.packet.mark)) == Set((0...marks).map { UInt32($0) }))
    }

    /// Whatever sets marks, by conditions and by chance, and however many ways there are: what becomes of the packet in the end is
    /// the same and certain.
    @Test(arguments: 0..<12)
    func chancesOfManyWays(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var rules = ""
        for index in 0..<90 {
            let condition =
                seed % 2 == 1 && index >= 80
                ? "-m statistic --mode random --probability 0.5" : "-m set --match-set s\(index) src"
            let target = random.number(in: 0...2) == 0 ? "CONNMARK" : "MARK"
            rules += "mangle FORWARD \(condition) -j \(target) --set-mark \(random.number(in: 1...2))\n"
        }
        let query = try TraceMeaningTests.query()
        let ruleset = IndexedRules(try TraceMeaningTests.ruleset(rules + "mangle FORWARD -j MARK --set-mark 7\n"))
        let trace = try PacketTrace(query, through: ruleset)
        #expect(trace.outcomes.allSatisfy { $0.packet.mark == 7 && $0.verdict == .accept && $0.probability < 1 + 1e-9 })
        #expect(trace.mergedOutcomes.map(\.outcome.probability) == [1])
    }

    // MARK: The path

    @Test func path() throws {
        let outcomes = try TraceMeaningTests.outcomes(
            "filter FORWARD -j a\nfilter a -p udp -j DROP\nfilter FORWARD -j b\nfilter b -j LOG\nfilter b -j c\n"
                + "filter c -j RETURN\nfilter FORWARD DROP")
        #expect(outcomes.count == 1)
        #expect(
            outcomes[0].path.map { "\($0.table) \($0.chain) \($0.number): \($0.text)" } == [
                "filter FORWARD 2: -A FORWARD -j b", "filter b 2: -A b -j c", "filter c 1: -A c -j RETURN",
            ])
        let dropped = try TraceMeaningTests.outcomes("filter FORWARD DROP\nfilter FORWARD -p udp -j ACCEPT")
        #expect(dropped[0].path.map { "\($0.chain) \($0.number): \($0.text)" } == ["FORWARD 0: -P FORWARD DROP"])
    }
}
