import Iptables
import NetAddress
import TestSupport
import Testing

@testable import Nftables

/// What statements mean for a packet: nft(8), and SPEC-NFTABLES §20.
@Suite struct TableTraceTests {
    /// What becomes of a packet from 192.0.2.9:40000 to 10.0.0.1:80/tcp, which the host forwards, in words.
    private func fates(
        _ listing: String, rules: String? = nil, interface: String? = nil, from source: String = "192.0.2.9"
    ) throws -> [String] {
        var query = TraceQuery(
            from: try #require(IPAddress(source)), sourcePort: 40000, to: try #require(IPAddress("10.0.0.1")), port: 80)
        query.hostAddresses = [try #require(IPAddress("192.0.2.1"))]
        query.inInterface = interface
        let tables = TracedTables(try NftTable.tables(fromListing: Array(listing.utf8)))
        let iptables = try rules.map { IndexedRules(try Ruleset(parsing: Array($0.utf8), family: .ipv4)) }
        return try PacketTrace(query, through: tables, and: iptables).outcomes.map { outcome in
            var words: [String]
            switch outcome.verdict {
            case .accept: words = ["accept"]
            case .drop: words = ["drop"]
            case .reject(let kind): words = ["reject \(kind.name)"]
            case .unknown: words = ["unknown"]
            }
            if outcome.isTranslated {
                words.append("to \(outcome.packet.destination.text):\(outcome.packet.destinationPort.first)")
            }
            if outcome.isMasqueraded { words.append("masqueraded") }
            if outcome.packet.mark != 0 { words.append("mark \(outcome.packet.mark)") }
            if outcome.probability < 1 { words.append("\(Int((outcome.probability * 100).rounded()))%") }
            words += outcome.assumptions.map { "\($0.isAssumed ? "if" : "if not") \($0.text)" }
            return words.joined(separator: ", ")
        }
    }

    /// Rules of a chain at forward, with a set and a chain beside them.
    private func forward(_ rules: String, policy: String = "accept") -> String {
        """
        table ip t {
            set clients { type ipv4_addr
                elements = { 192.0.2.9, 192.0.2.10 }
            }
            set ranges { type ipv4_addr . inet_service
                flags interval
                elements = { 192.0.2.0/24 . 80-90 }
            }
            map verdicts { type inet_proto . inet_service : verdict
                elements = { tcp . 80 : goto dropping, udp . 80 : accept }
            }
            chain dropping { drop
            }
            chain returning { return
            }
            chain c { type filter hook forward priority 0; policy \(policy);
                \(rules)
            }
        }
        """
    }

    @Test(arguments: [
        ("ip saddr 192.0.2.0/24 drop", ["drop"]), ("ip saddr != 192.0.2.0/24 drop", ["accept"]),
        ("ip saddr { 10.1.1.1, 192.0.2.8-192.0.2.9 } drop", ["drop"]), ("ip saddr @clients drop", ["drop"]),
        ("ip saddr != @clients drop", ["accept"]), ("ip saddr . tcp dport @ranges drop", ["drop"]),
        ("ip6 saddr != fd00::1 drop", ["accept"]), ("udp dport 80 drop", ["accept"]), ("th dport 80 drop", ["drop"]),
        ("tcp dport { 22, 80-81 } drop", ["drop"]), ("tcp sport 40000 drop", ["drop"]),
        ("meta l4proto { udp, sctp } drop", ["accept"]),
        ("ct state established,related accept\nct state new drop", ["drop"]), ("ct state invalid drop", ["accept"]),
        ("ct status dnat drop", ["accept"]), ("ct direction reply drop", ["accept"]),
        ("fib daddr type local drop", ["accept"]), ("fib saddr type local drop", ["accept"]),
        ("meta nfproto ipv4 drop", ["drop"]), ("iifname \"eth*\" drop", ["drop"]),
        ("iifname != \"eth0\" drop", ["accept"]),
        ("meta mark set 5\nmeta mark & 4 == 4 drop", ["drop, mark 5"]),
        ("meta mark set 0x0000000f\nmeta mark set meta mark & 0x000000fc ^ 0x00000002 accept", ["accept, mark 14"]),
        ("ct mark set 7\nmeta mark set ct mark", ["accept, mark 7"]),
        ("meta l4proto . th dport vmap @verdicts\naccept", ["drop"]),
        ("tcp dport vmap { 22 : accept, 80 : jump returning }\ndrop", ["drop"]),
        ("tcp dport vmap { 22 : drop }", ["accept"]), ("jump returning\ndrop", ["drop"]),
        ("goto returning\ndrop", ["accept"]), ("counter packets 1 bytes 40 log prefix \"x\" drop", ["drop"]),
        ("reject", ["reject icmp-port-unreachable"]),
        ("reject with icmp host-prohibited", ["reject icmp-host-prohibited"]),
        ("reject with icmpx admin-prohibited", ["reject icmp-admin-prohibited"]),
        ("reject with tcp reset", ["reject tcp-reset"]), ("numgen random mod 4 0 drop", ["drop, 25%", "accept, 75%"]),
        ("numgen inc mod 2 vmap { 0 : drop, 1 : accept }", ["drop, 50%", "accept, 50%"]),
        // What is not understood is not guessed.
        (
            "tcp flags syn / syn,ack drop",
            ["drop, if tcp flags syn / syn, ack", "accept, if not tcp flags syn / syn, ack"]
        ),
        ("limit rate 1/second log", ["accept"]),
        (
            "ip daddr set 10.9.9.9",
            [
                "unknown, if not 'ip daddr set 10.9.9.9' lets the packet go on unchanged",
                "accept, if 'ip daddr set 10.9.9.9' lets the packet go on unchanged",
            ]
        ),
        ("ip saddr 10.0.0.0/8 tproxy to :80", ["accept"]),
    ])
    func statements(_ rules: String, _ expected: [String]) throws {
        #expect(Set(try fates(forward(rules), interface: "eth0")) == Set(expected), "\(rules)")
    }

    @Test func openInterface() throws {
        #expect(
            Set(try fates(forward("iifname \"eth0\" drop")))
                == ["drop, if -i eth0", "accept, if not -i eth0"])
        #expect(try fates(forward("accept", policy: "drop")) == ["accept"])
        #expect(try fates(forward("return", policy: "drop")) == ["drop"])
    }

    /// A table with chains at hooks, each by its words and rule.
    private func table(_ name: String, _ chains: [(String, String)]) -> String {
        let texts = chains.enumerated().map { index, chain in
            "chain c\(index) { type \(chain.0); policy accept;\n\(chain.1)\n}"
        }
        return "table ip \(name) {\n\(texts.joined(separator: "\n"))\n}\n"
    }

    /// An accept ends one base chain, and no later one; a drop is final.
    @Test func verdictsAcrossChains() throws {
        let early = ("filter hook forward priority -10", "accept")
        let late = ("filter hook forward priority 10", "drop")
        #expect(try fates(table("a", [early]) + table("b", [late])) == ["drop"])
        #expect(try fates(table("a", [late, early])) == ["drop"])
        #expect(
            try fates(table("a", [early]), rules: "*filter\n:FORWARD DROP [0:0]\nCOMMIT\n") == ["drop"])
        #expect(
            try fates(table("a", [late]), rules: "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j ACCEPT\nCOMMIT\n")
                == ["drop"])
    }

    /// The first chain that rewrites a connection wins; of chains with the same priority it is not known which is asked first.
    @Test func translations() throws {
        func chain(_ priority: Int, _ pod: String) -> (String, String) {
            ("nat hook prerouting priority \(priority)", "tcp dport 80 dnat to \(pod):8080")
        }
        let (one, two) = ("to 10.1.0.1:8080", "to 10.1.0.2:8080")
        #expect(
            try fates(table("a", [chain(-100, "10.1.0.1")]) + table("b", [chain(-101, "10.1.0.2")]))
                == ["accept, \(two)"])
        #expect(
            try fates(table("a", [chain(-100, "10.1.0.1")]) + table("b", [chain(-99, "10.1.0.2")]))
                == ["accept, \(one)"])
        let order = "ip a c0 is asked before ip b c0"
        #expect(
            Set(try fates(table("a", [chain(-100, "10.1.0.1")]) + table("b", [chain(-100, "10.1.0.2")])))
                == ["accept, \(one), if \(order)", "accept, \(two), if not \(order)"])
        // Where it makes no difference, nothing is assumed.
        #expect(
            try fates(
                table("a", [chain(-100, "10.1.0.1")]) + table("b", [("nat hook prerouting priority -100", "accept")]))
                == ["accept, \(one)"])
        let rules = "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -j DNAT --to-destination 10.1.0.3:1\nCOMMIT\n"
        #expect(
            Set(try fates(table("a", [chain(-100, "10.1.0.1")]), rules: rules)) == [
                "accept, to 10.1.0.3:1, if iptables nat PREROUTING is asked before ip a c0",
                "accept, \(one), if not iptables nat PREROUTING is asked before ip a c0",
            ])
        #expect(try fates(table("a", [chain(-101, "10.1.0.1")]), rules: rules) == ["accept, \(one)"])
        // A map of addresses and ports; and what is masqueraded by a mark.
        let mapped = (
            "nat hook prerouting priority -100",
            "meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.1.0.1 . 8080, 1 : 10.1.0.2 . 8080 }"
        )
        let marked = ("filter hook forward priority 0", "meta mark set meta mark | 0x00004000")
        let masquerading = (
            "nat hook postrouting priority 100",
            "meta mark & 0x00004000 != 0x00000000 meta mark set meta mark ^ 0x00004000 masquerade fully-random"
        )
        #expect(
            try fates(table("a", [mapped, marked, masquerading]))
                == ["accept, \(one), masqueraded, 50%", "accept, \(two), masqueraded, 50%"])
        // What was translated before by anybody is known to connection tracking.
        let status = ("filter hook forward priority 0", "ct status dnat drop")
        #expect(try fates(table("a", [chain(-100, "10.1.0.1"), status])) == ["drop, \(one)"])
        let untracked = ("filter hook prerouting priority -300", "notrack")
        #expect(try fates(table("a", [chain(-100, "10.1.0.1"), untracked])) == ["accept"])
    }

    /// A set that rules fill holds whom the listing names, and whom a rule has added on the way.
    @Test func affinity() throws {
        func listing(_ elements: String) -> String {
            """
            table ip t {
                set seen { type ipv4_addr
                    size 65535
                    flags dynamic,timeout
                    timeout 3h
                    \(elements)
                }
                chain endpoint { update @seen { ip saddr }
                    meta l4proto tcp dnat to 10.1.0.1:8080
                }
                chain c { type nat hook prerouting priority dstnat; policy accept;
                    ip saddr @seen goto endpoint
                    meta l4proto tcp dnat to 10.1.0.2:8080
                }
            }
            """
        }
        #expect(try fates(listing("")) == ["accept, to 10.1.0.2:8080"])
        #expect(try fates(listing("elements = { 192.0.2.9 expires 1h2m }")) == ["accept, to 10.1.0.1:8080"])
        let tables = TracedTables(try NftTable.tables(fromListing: Array(listing("").utf8)))
        var query = TraceQuery(
            from: try #require(IPAddress("192.0.2.9")), to: try #require(IPAddress("10.0.0.1")), port: 80)
        query.affinity = (try #require(IPAddress("10.1.0.1")), 8080)
        query.hostAddresses = []
        let trace = try PacketTrace(query, through: tables)
        #expect(!trace.hasUnknownHistory)
        #expect(trace.outcomes.map(\.packet.destination.text) == ["10.1.0.1"])
        query.affinity = (try #require(IPAddress("10.1.0.9")), 8080)
        #expect(try PacketTrace(query, through: tables).hasUnknownHistory)
    }

    @Test func rulesThatNoKernelHas() throws {
        #expect(throws: TraceError.self) { try fates(forward("jump nowhere")) }
        let circle = """
            table ip t { chain a { jump b
            }
            chain b { jump a
            }
            chain c { type filter hook forward priority 0;
            jump a
            } }
            """
        #expect(throws: TraceError.self) { try fates(circle) }
    }
}
