import Iptables
import NetAddress
import Testing

/// Rules that change more than the packet, and what a REJECT sends. What each row expects follows from
/// iptables-extensions(8) and the kernel (`xt_set`, `xt_socket`, `nf_reject_ipv4`, `nf_ct_attach`); the cases of the refusal that
/// OUTPUT drops were measured with packets.
@Suite struct TraceSideEffectTests {
    typealias Case = TraceMeaningTests.Case

    private func check(_ row: Case) throws {
        let traced = try TraceMeaningTests.outcomes(row.rules, row.change).map(TraceMeaningTests.words)
        #expect(traced.joined(separator: "; ") == row.expected)
    }

    private static let through = "accept 10.1.0.1:80 from 10.0.0.9"
    private static let dropped = "drop 10.1.0.1:80 from 10.0.0.9"
    private static let refused = "reject icmp-port-unreachable 10.1.0.1:80 from 10.0.0.9"

    static let marks: [Case] = [
        Case(
            "mangle PREROUTING -j SET --map-set x src --map-mark\nfilter FORWARD -m mark --mark 0x1 -j DROP",
            "\(through) unless -m mark --mark 0x1; \(dropped) if -m mark --mark 0x1"),
        Case(
            "mangle PREROUTING -m socket --transparent --restore-skmark\nfilter FORWARD -m mark ! --mark 0x1 -j DROP",
            "\(through) if -m socket --transparent --restore-skmark if -m mark --mark 0x1; "
                + "\(dropped) unless -m socket --transparent --restore-skmark; "
                + "\(dropped) if -m socket --transparent --restore-skmark unless -m mark --mark 0x1"),
        // The bit is known again once a rule sets it.
        Case(
            """
            mangle PREROUTING -j SET --map-set x src --map-mark
            mangle PREROUTING -j MARK --set-xmark 0x1/0x1
            filter FORWARD -m mark --mark 0x1/0x1 -j DROP
            """, dropped),
        Case(
            "mangle PREROUTING -j HMARK --hmark-tuple src\nfilter FORWARD -m mark --mark 0x0 -j DROP",
            "\(through) unless -m mark --mark 0x0; \(dropped) if -m mark --mark 0x0"),
        // Neither the mark nor a set matters to any rule.
        Case("mangle PREROUTING -j SET --map-set x src --map-mark\nfilter FORWARD -p udp -j DROP", through),
        Case(
            "filter FORWARD -j SET --add-set x src\nfilter FORWARD -m set --match-set y src -j DROP",
            "\(through) unless -m set --match-set y src; \(dropped) if -m set --match-set y src"),
        Case("filter FORWARD -m mark --mark 0x5 -j DROP", dropped) { $0.mark = 5 },
        Case("filter FORWARD -m mark --mark 0x5 -j DROP", through) { $0.mark = 4 },
    ]

    static let sets: [Case] = [
        Case("filter FORWARD -j SET --add-set x src\nfilter FORWARD -m set --match-set x src -j DROP", dropped),
        Case(
            "filter FORWARD -j SET --add-set x src\nfilter FORWARD -m set --match-set x dst -j DROP",
            "\(through) unless -m set --match-set x dst; \(dropped) if -m set --match-set x dst"),
        Case(
            "filter FORWARD -j SET --del-set x src\nfilter FORWARD -m set --match-set x src -j DROP",
            "\(through) unless -m set --match-set x src; \(dropped) if -m set --match-set x src"),
        Case("filter FORWARD -m set --match-set x src -j DROP", dropped) { $0.sets = ["x"] },
        Case("filter FORWARD -m set --match-set x src -j DROP", through) { $0.sets = ["y"] },
        Case("filter FORWARD -m set ! --match-set x src -j DROP", dropped) { $0.sets = [] },
        // How often a set has counted the address is not known.
        Case(
            "filter FORWARD -m set --match-set x src --packets-gt 3 -j DROP",
            "\(through) unless -m set --match-set x src --packets-gt 3; "
                + "\(dropped) if -m set --match-set x src --packets-gt 3"
        ) { $0.sets = ["x"] },
    ]

    static let ranges: [Case] = [
        Case("filter FORWARD -m iprange --src-range 10.0.0.1-10.0.0.9 -j DROP", dropped),
        Case("filter FORWARD -m iprange --src-range 10.0.0.1-10.0.0.8 -j DROP", through),
        Case("filter FORWARD -m iprange ! --src-range 10.0.0.1-10.0.0.8 -j DROP", dropped),
        Case("filter FORWARD -m iprange --src-range 10.0.0.9 --dst-range 10.1.0.0-10.1.0.255 -j DROP", dropped),
        Case("filter FORWARD -m iprange --src-range 10.0.0.9 ! --dst-range 10.1.0.0-10.1.0.255 -j DROP", through),
    ]

    static let fields: [Case] = [
        // What was asked before the field changed says nothing about it afterwards.
        Case(
            """
            mangle FORWARD -m ttl --ttl-eq 1 -j RETURN
            mangle FORWARD -j TTL --ttl-set 1
            filter FORWARD -m ttl --ttl-eq 1 -j DROP
            """,
            "\(through) unless -m ttl --ttl-eq 1 unless -m ttl --ttl-eq 1; "
                + "\(dropped) if -m ttl --ttl-eq 1; \(dropped) unless -m ttl --ttl-eq 1 if -m ttl --ttl-eq 1"),
        Case("mangle FORWARD -j TTL --ttl-set 1\nfilter FORWARD -p udp -j DROP", through),
        // A save declares all its chains: this is a target without options.
        Case(
            "filter FORWARD -j FULLCONENAT",
            "\(through) if -j FULLCONENAT lets the packet go on unchanged; unknown 10.1.0.1:80 from 10.0.0.9 unless "
                + "-j FULLCONENAT lets the packet go on unchanged"),
    ]

    static let refusals: [Case] = [
        Case("filter FORWARD -j REJECT\nfilter OUTPUT DROP", dropped),
        Case("filter FORWARD -j REJECT\nfilter OUTPUT -p tcp -j DROP", refused),
        Case("filter FORWARD -j REJECT\nfilter OUTPUT -p icmp -m icmp --icmp-type 3 -j DROP", dropped),
        Case("filter FORWARD -j REJECT\nfilter OUTPUT -p icmp -m icmp --icmp-type 3/1 -j DROP", refused),
        Case(
            "filter FORWARD -j REJECT\nfilter OUTPUT DROP\nfilter OUTPUT -m conntrack --ctstate RELATED -j ACCEPT",
            refused),
        Case("filter FORWARD -j REJECT\nfilter OUTPUT DROP\nfilter OUTPUT -o lo -j ACCEPT", dropped),
        Case("filter FORWARD -j REJECT\nfilter OUTPUT -s 192.168.0.2 -d 10.0.0.9 -j DROP", dropped),
        Case("filter FORWARD -j REJECT\nfilter OUTPUT -j REJECT", dropped),
        Case("filter FORWARD -j REJECT\nmangle POSTROUTING -d 10.0.0.9 -j DROP", dropped),
        // A reset comes from where the packet was headed, with the ports the other way round.
        Case(
            "filter FORWARD -p tcp -j REJECT --reject-with tcp-reset\nfilter OUTPUT -s 10.1.0.1 -p tcp -m tcp --sport 80 -j DROP",
            dropped),
        Case(
            "filter FORWARD -p tcp -j REJECT --reject-with tcp-reset\nfilter OUTPUT -p tcp -m tcp --tcp-flags RST RST -j DROP",
            dropped),
        Case(
            "filter FORWARD -p tcp -j REJECT --reject-with tcp-reset\nfilter OUTPUT -p tcp -m tcp --dport 80 -j DROP",
            "reject tcp-reset 10.1.0.1:80 from 10.0.0.9 unless --dport 80; \(dropped) if --dport 80"),
        Case(
            "filter FORWARD -j REJECT\nfilter OUTPUT -m set --match-set x dst -j DROP",
            "\(refused) unless -m set --match-set x dst; \(dropped) if -m set --match-set x dst"),
    ]

    @Test(arguments: marks + sets + ranges + fields + refusals) func outcomes(_ row: Case) throws { try check(row) }

    /// Chains that a kernel takes, however deep.
    @Test func deepChains() throws {
        var rules = "filter FORWARD -j x0\n"
        for depth in 0..<100 { rules += "filter x\(depth) -j x\(depth + 1)\n" }
        rules += "filter x100 -j DROP"
        let outcomes = try TraceMeaningTests.outcomes(rules)
        #expect(outcomes.map(\.verdict) == [.drop])
    }

    /// What differs in nothing for the packet is one outcome.
    @Test func mergedOutcomes() throws {
        let verdicts = ["ACCEPT", "DROP"]
        let rules = (0..<60).map { "filter FORWARD -m set --match-set s\($0) src -j \(verdicts[$0 % 2])" }
        let ruleset = try TraceMeaningTests.ruleset(rules.joined(separator: "\n"))
        let trace = try PacketTrace(TraceMeaningTests.query(), through: IndexedRules(ruleset))
        #expect(trace.outcomes.count == 61)
        let merged = trace.mergedOutcomes
        #expect(Set(merged.map(\.outcome.verdict)) == [.accept, .drop] && merged.count == 2)
        #expect(merged.map(\.count).reduce(0, +) == 61)
        #expect(merged.allSatisfy { abs($0.outcome.probability - 1) < 1e-9 })
    }

    /// Chances under the same assumptions add up; other destinations stay apart.
    @Test func mergedChances() throws {
        let ruleset = try TraceMeaningTests.ruleset(
            """
            nat PREROUTING -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.2.0.1
            nat PREROUTING -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.2.0.2
            nat PREROUTING -j DNAT --to-destination 10.2.0.1
            """)
        let trace = try PacketTrace(TraceMeaningTests.query(), through: IndexedRules(ruleset))
        let merged = trace.mergedOutcomes
        #expect(merged.map(\.outcome.packet.destination.text) == ["10.2.0.1", "10.2.0.2"])
        #expect(merged.map(\.outcome.probability) == [0.75, 0.25] && merged.map(\.count) == [2, 1])
    }
}
