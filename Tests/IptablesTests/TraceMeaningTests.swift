import Iptables
import NetAddress
import Testing

/// What becomes of packets by rules of every modelled kind. What each row expects follows from iptables(8),
/// iptables-extensions(8) and the kernel's modules named there; a kernel itself is asked in TraceKernelTests.
@Suite struct TraceMeaningTests {
    /// How a packet from 10.0.0.9 to 10.1.0.1:80/tcp through a host with the address 192.168.0.2 fares.
    struct Case: Sendable, CustomStringConvertible {
        let rules: String
        let expected: String
        var change: @Sendable (inout TraceQuery) -> Void = { _ in }

        init(_ rules: String, _ expected: String, _ change: @escaping @Sendable (inout TraceQuery) -> Void = { _ in }) {
            self.rules = rules
            self.expected = expected
            self.change = change
        }

        var description: String { rules }
    }

    static func query(_ change: (inout TraceQuery) -> Void = { _ in }) throws -> TraceQuery {
        var query = TraceQuery(
            from: try #require(IPAddress("10.0.0.9")), to: try #require(IPAddress("10.1.0.1")), port: 80)
        query.hostAddresses = [try #require(IPAddress("192.168.0.2"))]
        change(&query)
        return query
    }

    /// Rules written as `TABLE CHAIN RULE` or `TABLE CHAIN` with a policy, one a line.
    static func ruleset(_ text: String, _ family: AddressFamily = .ipv4) throws -> Ruleset {
        var tables: [(name: String, chains: [String], rules: [String])] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 2).map { String($0) }
            if !tables.contains(where: { $0.name == words[0] }) { tables.append((words[0], [], [])) }
            let table = try #require(tables.firstIndex { $0.name == words[0] })
            let policy = words[1] == words[1].uppercased() && !words[1].hasPrefix("X") ? "ACCEPT" : "-"
            let isPolicy = words.count == 3 && ["ACCEPT", "DROP"].contains(words[2])
            if !tables[table].chains.contains(where: { $0.hasPrefix(":\(words[1]) ") }) {
                tables[table].chains.append(":\(words[1]) \(isPolicy ? words[2] : policy) [0:0]")
            }
            if words.count == 3, !isPolicy { tables[table].rules.append("-A \(words[1]) \(words[2])") }
        }
        let texts = tables.map { ["*\($0.name)"] + $0.chains + $0.rules + ["COMMIT\n"] }
        return try Ruleset(texts.map { $0.joined(separator: "\n") }.joined(), family: family)
    }

    static func outcomes(_ rules: String, _ change: (inout TraceQuery) -> Void = { _ in }) throws -> [TraceOutcome] {
        let query = try query(change)
        return try PacketTrace(query, through: IndexedRules(ruleset(rules, query.destination.family))).outcomes
    }

    /// `accept 10.1.0.1:80 from 10.0.0.9`, with the chance before it where it is not 1, and assumptions after it.
    static func words(_ outcome: TraceOutcome) -> String {
        var words: [String] = outcome.probability == 1 ? [] : ["\(outcome.probability)"]
        switch outcome.verdict {
        case .accept: words.append("accept")
        case .drop: words.append("drop")
        case .reject(let kind): words.append("reject \(kind.name)")
        case .unknown: words.append("unknown")
        }
        let ports = outcome.packet.destinationPort
        words.append(
            outcome.packet.destination.text + ":\(ports.first)" + (ports.first == ports.last ? "" : "-\(ports.last)"))
        words.append("from " + outcome.packet.source.text)
        for assumption in outcome.assumptions {
            words.append("\(assumption.isAssumed ? "if" : "unless") \(assumption.text)")
        }
        return words.joined(separator: " ")
    }

    private func check(_ row: Case) throws {
        let traced = try Self.outcomes(row.rules, row.change).map(Self.words)
        #expect(traced.joined(separator: "; ") == row.expected)
    }

    private static let passes = "accept 10.1.0.1:80 from 10.0.0.9"
    private static let dropped = "drop 10.1.0.1:80 from 10.0.0.9"
    private static let toNode: @Sendable (inout TraceQuery) -> Void = { $0.destination = IPAddress("192.168.0.2")! }
    private static let fromNode: @Sendable (inout TraceQuery) -> Void = { $0.source = IPAddress("192.168.0.2")! }

    // MARK: The way

    @Test(arguments: [
        Case("", passes),
        Case("filter FORWARD DROP", dropped), Case("filter INPUT DROP", passes), Case("filter OUTPUT DROP", passes),
        Case("filter INPUT DROP", "drop 192.168.0.2:80 from 10.0.0.9", toNode),
        Case("filter FORWARD DROP", "accept 192.168.0.2:80 from 10.0.0.9", toNode),
        Case("filter OUTPUT DROP", "drop 10.1.0.1:80 from 192.168.0.2", fromNode),
        Case("filter INPUT DROP", "accept 10.1.0.1:80 from 192.168.0.2", fromNode),
        // By loopback a packet comes back in.
        Case("filter INPUT DROP", "drop 192.168.0.2:80 from 192.168.0.2") {
            toNode(&$0)
            fromNode(&$0)
        },
        Case("mangle PREROUTING -j DROP", "drop 192.168.0.2:80 from 192.168.0.2") {
            toNode(&$0)
            fromNode(&$0)
        },
        Case("nat PREROUTING -j DNAT --to-destination 10.2.0.1", "accept 192.168.0.2:80 from 192.168.0.2") {
            toNode(&$0)
            fromNode(&$0)
        },
        // raw, then mangle, then nat, then filter, then security.
        Case(
            "raw PREROUTING -j MARK --set-mark 1\nmangle PREROUTING -m mark --mark 1 -j MARK --set-mark 2\n"
                + "nat PREROUTING -p tcp -m mark --mark 2 -j DNAT --to-destination 10.2.0.2:8080\n"
                + "filter FORWARD -d 10.2.0.2 -j MARK --set-mark 3\nsecurity FORWARD -m mark --mark 3 -j DROP",
            "drop 10.2.0.2:8080 from 10.0.0.9"),
        Case(
            "nat OUTPUT -j DNAT --to-destination 10.2.0.2\nfilter OUTPUT -d 10.2.0.2 -j DROP",
            "drop 10.2.0.2:80 from 192.168.0.2", fromNode),
        // DNAT to the host itself: INPUT, not FORWARD.
        Case(
            "nat PREROUTING -j DNAT --to-destination 192.168.0.2\nfilter INPUT -j DROP\nfilter FORWARD -j ACCEPT",
            "drop 192.168.0.2:80 from 10.0.0.9"),
    ])
    func hooksAndTables(_ row: Case) throws { try check(row) }

    @Test(arguments: [
        Case("filter FORWARD -j x\nfilter x -j RETURN\nfilter FORWARD -j DROP", dropped),
        Case("filter FORWARD -g x\nfilter x -j RETURN\nfilter FORWARD -j DROP", passes),
        Case("filter FORWARD -g x\nfilter x -p udp -j DROP\nfilter FORWARD -j DROP", passes),
        Case(
            "filter FORWARD -j x\nfilter FORWARD -j DROP\nfilter x -g y\nfilter x -j ACCEPT\nfilter y -j RETURN",
            dropped),
        Case("filter FORWARD -j RETURN\nfilter FORWARD -j DROP", passes),
        Case("filter FORWARD -j x\nfilter FORWARD -j DROP\nfilter x -j y\nfilter y -j ACCEPT", passes),
        Case("filter FORWARD -j REJECT", "reject icmp-port-unreachable 10.1.0.1:80 from 10.0.0.9"),
        Case("filter FORWARD -p tcp -j REJECT --reject-with tcp-reset", "reject tcp-reset 10.1.0.1:80 from 10.0.0.9"),
        Case("filter FORWARD -j LOG\nfilter FORWARD -j NFLOG\nfilter FORWARD -j DROP", dropped),
        Case("filter FORWARD -p tcp -m comment --comment x\nfilter FORWARD -j DROP", dropped),
    ])
    func jumpsAndVerdicts(_ row: Case) throws { try check(row) }

    // MARK: Matches

    @Test(arguments: [
        ("-s 10.0.0.0/24", true), ("! -s 10.0.0.0/24", false), ("-d 10.1.0.1", true), ("! -d 10.1.0.1", false),
        ("-s 10.0.0.1/255.0.0.255", false), ("-p tcp", true), ("-p udp", false), ("! -p udp", true), ("-f", false),
        ("! -f", true), ("-i eth0", true), ("-i eth+", true), ("! -i eth0", false), ("-i lo", false),
        ("-o eth1", true), ("! -o eth+", false), ("-p tcp -m tcp --dport 80", true),
        ("-p tcp -m tcp --dport 81:90", false),
        ("-p tcp -m tcp ! --dport 80", false), ("-p tcp -m tcp --sport 1024:65535", true),
        ("-p tcp -m tcp --sport 0:1023", false), ("-p tcp -m tcp --syn", true), ("-p tcp -m tcp ! --syn", false),
        ("-p tcp -m tcp --tcp-flags ACK ACK", false), ("-p tcp -m tcp --tcp-flags ALL SYN", true),
        ("-p tcp -m multiport --dports 22,80", true), ("-p tcp -m multiport --dports 22,70:90", true),
        ("-p tcp -m multiport ! --dports 22,80", false), ("-p tcp -m multiport --sports 80", false),
        ("-p tcp -m multiport --ports 40000", true), ("-p icmp -m icmp --icmp-type any", false),
        ("-m mark --mark 0x0", true), ("-m mark ! --mark 0x0", false), ("-m mark --mark 0x4000/0x4000", false),
        ("-m connmark --mark 0x0", true), ("-m conntrack --ctstate NEW", true),
        ("-m conntrack ! --ctstate NEW", false), ("-m conntrack --ctstate RELATED,ESTABLISHED", false),
        ("-m conntrack --ctstate DNAT", false), ("-m state --state NEW", true),
        ("-m conntrack --ctorigsrc 10.0.0.9", true), ("-m conntrack --ctorigdst 10.0.0.9", false),
        ("-m conntrack ! --ctorigdst 10.0.0.9", true), ("-m conntrack --ctreplsrc 10.1.0.1", true),
        ("-m conntrack --ctrepldst 10.0.0.9", true), ("-m conntrack --ctproto 6", true),
        ("-m conntrack --ctproto 17", false), ("-m conntrack --ctorigdstport 80", true),
        ("-m conntrack --ctdir ORIGINAL", true), ("-m conntrack --ctdir REPLY", false),
        ("-m conntrack --ctstatus ASSURED", false), ("-m conntrack --ctstatus NONE", false),
        ("-m addrtype --dst-type LOCAL", false), ("-m addrtype ! --dst-type LOCAL", true),
        ("-m addrtype --dst-type UNICAST", true), ("-m addrtype --src-type LOCAL,UNICAST", true),
        ("-m addrtype --dst-type MULTICAST,BROADCAST", false),
        ("-m addrtype --src-type UNICAST --dst-type LOCAL", false),
        ("-m statistic --mode random --probability 0", false), ("-m statistic --mode random --probability 1", true),
        ("-m statistic --mode nth --every 1 --packet 0", true), ("-m nfacct --nfacct-name x", true),
        ("-m recent --set --name x", true), ("-m recent ! --set --name x", false),
    ])
    func matches(_ rule: String, _ fits: Bool) throws {
        let outcomes = try Self.outcomes("filter FORWARD \(rule) -j DROP") { query in
            query.sourcePort = 40000
            query.inInterface = "eth0"
            query.outInterface = "eth1"
        }
        #expect(outcomes.map(Self.words) == [fits ? Self.dropped : Self.passes])
    }

    /// A range from the higher to the lower port holds none.
    @Test func descendingPorts() throws {
        let outcomes = try Self.outcomes("filter FORWARD -p udp -m udp --sport 90:80 -j DROP") { $0.transport = .udp }
        #expect(outcomes.map(Self.words) == [Self.passes])
    }

    /// For IPv6 an address can be of several types (`match_type6` of xt_addrtype).
    @Test(arguments: [
        ("--dst-type LOCAL", true), ("--dst-type UNICAST", true), ("--dst-type UNICAST,LOCAL", true),
        ("--dst-type MULTICAST", false), ("--src-type LOCAL", false), ("--src-type UNICAST", true),
    ])
    func typesOfIPv6(_ options: String, _ fits: Bool) throws {
        let (client, node) = (try #require(IPAddress("fd00::9")), try #require(IPAddress("fd00::2")))
        let outcomes = try Self.outcomes("filter INPUT -m addrtype \(options) -j DROP") { query in
            query.source = client
            query.destination = node
            query.hostAddresses = [node]
        }
        #expect(outcomes.map(Self.words) == [(fits ? "drop" : "accept") + " fd00::2:80 from fd00::9"])
    }

    @Test(arguments: [
        // Before connection tracking nothing is NEW.
        Case("raw PREROUTING -m conntrack --ctstate NEW -j DROP", passes),
        Case("raw PREROUTING -j CT --notrack\nfilter FORWARD -m conntrack --ctstate UNTRACKED -j DROP", dropped),
        Case("raw PREROUTING -j CT --notrack\nnat PREROUTING -j DNAT --to-destination 10.2.0.1", passes),
        Case("raw PREROUTING -j CT --notrack\nfilter FORWARD -m connmark --mark 0 -j DROP", passes),
        Case("filter FORWARD -m conntrack --ctstate INVALID -j DROP", dropped) { $0.state = .invalid },
        Case("nat PREROUTING -j DNAT --to-destination 10.2.0.1", passes) { $0.state = .invalid },
        Case("nat PREROUTING -j DNAT --to-destination 10.2.0.1", "accept 10.2.0.1:80 from 10.0.0.9") {
            $0.state = .established
        },
        Case("filter FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\nfilter FORWARD -j DROP", passes) {
            $0.state = .established
        },
        Case("filter FORWARD -m conntrack --ctstate RELATED -j DROP", dropped) { $0.state = .related },
        Case(
            "nat PREROUTING -j DNAT --to-destination 10.2.0.1\nfilter FORWARD -m conntrack --ctstate DNAT -j DROP",
            "drop 10.2.0.1:80 from 10.0.0.9"),
        // What DNAT leaves as it was is not DNAT.
        Case(
            "nat PREROUTING -j DNAT --to-destination 10.1.0.1\nfilter FORWARD -m conntrack --ctstate DNAT -j DROP",
            passes),
    ])
    func connectionTracking(_ row: Case) throws { try check(row) }

    // MARK: Targets

    @Test(
        arguments: [
            Case(
                "mangle PREROUTING -j MARK --set-xmark 0x5/0xf\nmangle PREROUTING -j CONNMARK --save-mark --nfmask 0x1 --ctmask 0xf\n"
                    + "mangle PREROUTING -j MARK --set-mark 0\nfilter FORWARD -m connmark --mark 0x1 -j DROP", dropped),
            Case(
                "mangle PREROUTING -j CONNMARK --set-xmark 0x6/0xff\nmangle PREROUTING -j CONNMARK --restore-mark --nfmask 0xf --ctmask 0x3\n"
                    + "filter FORWARD -m mark --mark 0x2 -j DROP", dropped),
            Case(
                "mangle PREROUTING -j MARK --or-mark 0x4000\nfilter FORWARD -m mark --mark 0x4000/0x4000 -j DROP",
                dropped),
            Case("nat PREROUTING -p tcp -j DNAT --to-destination :8080", "accept 10.1.0.1:8080 from 10.0.0.9"),
            Case(
                "nat PREROUTING -p tcp -j DNAT --to-destination 10.2.0.1:8000-8009/80",
                "accept 10.2.0.1:8000 from 10.0.0.9"),
            Case("nat PREROUTING -p tcp -j DNAT --to-destination 10.2.0.1:70-90", "accept 10.2.0.1:80 from 10.0.0.9"),
            Case(
                "nat PREROUTING -p tcp -j DNAT --to-destination 10.2.0.1:90-99", "accept 10.2.0.1:90-99 from 10.0.0.9"),
            Case(
                "nat PREROUTING -j DNAT --to-destination 10.2.0.1-10.2.0.3\nfilter FORWARD -d 10.2.0.0/24 -j DROP",
                "drop 10.2.0.1-10.2.0.3:80 from 10.0.0.9"),
            Case(
                "nat PREROUTING -p tcp -j REDIRECT --to-ports 8080\nfilter INPUT -j ACCEPT",
                "accept one of the host's addresses:8080 from 10.0.0.9"),
            Case("nat OUTPUT -p tcp -j REDIRECT --to-ports 8080", "accept 127.0.0.1:8080 from 192.168.0.2", fromNode),
            Case("nat POSTROUTING -j SNAT --to-source 10.9.0.1", "accept 10.1.0.1:80 from 10.9.0.1"),
            Case("nat POSTROUTING -j MASQUERADE", "accept 10.1.0.1:80 from one of the host's addresses"),
            // Packets for the host do not come by POSTROUTING.
            Case("nat POSTROUTING -j MASQUERADE", "accept 192.168.0.2:80 from 10.0.0.9", toNode),
            Case("nat INPUT -j SNAT --to-source 10.9.0.1", "accept 192.168.0.2:80 from 10.9.0.1", toNode),
        ])
    func targets(_ row: Case) throws { try check(row) }

    /// The answer: translated back, without the nat table, by way of the other hooks.
    @Test(arguments: [
        Case(
            "nat PREROUTING -p tcp -j DNAT --to-destination 10.2.0.1:8080\nnat POSTROUTING -j MASQUERADE\n"
                + "mangle PREROUTING -s 10.2.0.1 -d 192.168.0.2 -p tcp -m tcp --sport 8080 -j MARK --set-mark 7\n"
                + "filter FORWARD -s 10.2.0.1 -d 10.0.0.9 -m mark --mark 7 -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j ACCEPT\n"
                + "filter FORWARD -m conntrack --ctstate ESTABLISHED -j DROP", "accept 10.0.0.9:40000 from 10.1.0.1"),
        Case("filter FORWARD -p tcp -m tcp --sport 80 -j DROP", "drop 10.0.0.9:40000 from 10.1.0.1"),
        Case("filter FORWARD -p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK -j DROP", "drop 10.0.0.9:40000 from 10.1.0.1"),
        Case("filter FORWARD -i eth1 -o eth0 -j DROP", "drop 10.0.0.9:40000 from 10.1.0.1"),
        Case(
            "filter FORWARD -p tcp -m tcp --dport 80 -j REJECT",
            "reject icmp-port-unreachable 10.1.0.1:80 from 10.0.0.9"),
        Case("filter OUTPUT -j DROP", "drop 10.0.0.9:40000 from 192.168.0.2", toNode),
        Case(
            "filter INPUT -m conntrack --ctstate ESTABLISHED -j DROP", "drop 192.168.0.2:40000 from 10.1.0.1", fromNode),
        Case(
            "mangle PREROUTING -m conntrack --ctstate NEW -j CONNMARK --set-mark 9\n"
                + "filter FORWARD -m conntrack --ctstate ESTABLISHED -m connmark --mark 9 -m mark --mark 0 -j DROP",
            "drop 10.0.0.9:40000 from 10.1.0.1"),
        // The answer to what was not tracked is of no connection.
        Case(
            "raw PREROUTING -s 10.0.0.9 -j CT --notrack\nfilter FORWARD -m conntrack --ctstate INVALID -j DROP",
            "drop 10.0.0.9:40000 from 10.1.0.1"),
    ])
    func answers(_ row: Case) throws {
        let traced = try Self.outcomes(row.rules) { query in
            query.sourcePort = 40000
            query.isReply = true
            query.inInterface = "eth0"
            query.outInterface = "eth1"
            row.change(&query)
        }
        #expect(traced.map(Self.words) == [row.expected])
    }
}
