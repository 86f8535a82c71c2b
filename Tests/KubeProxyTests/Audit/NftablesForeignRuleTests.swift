import Foundation
import Iptables
import KubeProxy
import NetAddress
import Nftables
import TestSupport
import Testing

/// What an audit says of other programs' tables and rules beside kube-proxy's table: that which takes packets to Services is
/// found, and what they do not meet is not. What is found is what becomes of such a packet in a trace.
@Suite struct NftablesForeignRuleTests {
    private static let snapshot = (try? String(contentsOfFile: fixtures + "/demo/cluster.json", encoding: .utf8)) ?? ""
    private static let listing =
        (try? String(contentsOfFile: fixtures + "/demo/nftables/ipv4.save", encoding: .utf8)) ?? ""

    private static func audit(_ tables: [NftTable], beside rules: [Ruleset] = []) throws -> NftablesAudit {
        let known = try plan([snapshot], ["--node", "worker-1", "--proxy-mode", "nftables"])
        return NftablesAudit(given: [], try NftablesPlan(known), tables, iptables: rules)
    }

    private static func tables(_ others: String) throws -> [NftTable] {
        try NftTable.tables(fromListing: Array((listing + others).utf8))
    }

    /// One table of another program, with one base chain and the chain `more`.
    private static func table(_ head: String, _ rules: String, _ more: String = "", family: String = "inet") -> String {
        """
        table \(family) other {
        \tset few { type ipv4_addr; elements = { 10.244.1.48, 10.244.2.66, 192.0.2.1 } }
        \tset ranges { type ipv4_addr; flags interval; elements = { 10.96.118.0/24, 192.0.2.0-192.0.2.9 } }
        \tset pairs { type ipv4_addr . inet_service; elements = { 10.96.118.212 . 80, 192.0.2.1 . 81 } }
        \tchain base {
        \t\ttype \(head);
        \t\t\(rules)
        \t}
        \tchain more {
        \t\t\(more)
        \t}
        }

        """
    }

    /// What takes packets to shop/catalog:http: 10.96.118.212:80 and node port 30080, to 10.244.1.48 or 10.244.2.66, port 8080. The
    /// part of a table, and what a finding says; nil: there is none.
    private static let cases: [(head: String, rules: String, more: String, words: String?)] = [
        // Before the translation: frontends.
        ("filter hook prerouting priority raw", "ip daddr 10.96.118.212 tcp dport 80 drop", "", "10.96.118.212:80"),
        ("filter hook prerouting priority mangle", "ip daddr @ranges counter drop", "", "10.96.118.212:80"),
        ("filter hook prerouting priority mangle", "ip daddr . tcp dport @pairs reject", "", "are refused"),
        ("filter hook prerouting priority mangle", "ip daddr vmap { 10.96.118.212 : drop }", "", "time out"),
        ("filter hook prerouting priority mangle", "ip daddr vmap { 10.96.118.212 : jump more }", "drop", "time out"),
        ("filter hook prerouting priority mangle", "ip daddr 10.96.118.212 jump more", "reject", "are refused"),
        ("filter hook prerouting priority mangle", "tcp dport 30080 goto more", "drop", "node port 30080"),
        ("filter hook prerouting priority mangle", "tcp dport { 30080, 30081 } drop", "", "node port 30080"),
        ("filter hook prerouting priority mangle", "tcp dport 30070-30090 drop", "", "node port 30080"),
        ("filter hook prerouting priority mangle", "tcp dport 31999 drop", "", nil),
        ("filter hook prerouting priority mangle", "udp dport 30080 drop", "", nil),
        ("filter hook prerouting priority mangle", "ip daddr 10.244.1.48 drop", "", nil),
        ("filter hook prerouting priority mangle", "ct state established ip daddr 10.96.118.212 drop", "", nil),
        ("filter hook prerouting priority mangle", "ip saddr 192.0.2.7 ip daddr 10.96.118.212 drop", "", nil),
        ("filter hook prerouting priority mangle", "ip saddr 10.244.0.0/16 ip daddr @ranges drop", "", "time out"),
        ("filter hook prerouting priority mangle", "ip daddr 10.96.118.212 accept\n\t\tdrop", "", "time out"),
        ("filter hook prerouting priority mangle", "iifname \"eth9\" ip daddr 10.96.118.212 drop", "", nil),
        ("nat hook prerouting priority dstnat - 1", "tcp dport 30080 redirect to :9", "", "asked before kube-proxy's"),
        ("nat hook prerouting priority dstnat - 1", "ip daddr 10.96.118.212 dnat ip to 192.0.2.1", "", "elsewhere"),
        ("nat hook prerouting priority dstnat - 1", "ip daddr 10.96.118.212 accept", "", nil),
        ("nat hook prerouting priority dstnat", "tcp dport 30080 redirect to :9", "", nil),
        ("nat hook prerouting priority dstnat + 1", "tcp dport 30080 redirect to :9", "", nil),
        // Behind it: endpoints.
        ("filter hook prerouting priority filter", "ip daddr 10.244.1.48 drop", "", "10.244.1.48:8080"),
        ("filter hook prerouting priority filter", "ip daddr 10.96.118.212 drop", "", nil),
        ("filter hook forward priority filter", "ip daddr @few tcp dport 8080 drop", "", "10.244.1.48:8080"),
        ("filter hook forward priority filter", "tcp dport 80 drop\n\t\ttcp dport 8080 jump more", "drop", "10.244"),
        ("filter hook forward priority filter", "ct status dnat accept\n\t\tdrop", "", nil),
        ("filter hook forward priority filter", "ct state new ct status dnat drop", "", "time out"),
        ("filter hook forward priority filter", "meta mark & 0x00010000 == 0x00010000 drop", "", nil),
        ("filter hook forward priority filter", "oifname \"docker0\" accept\n\t\tip daddr 10.244.1.48 drop", "", nil),
        ("filter hook forward priority filter", "limit rate 1/second accept\n\t\tip daddr 10.244.1.48 drop", "", nil),
        ("filter hook forward priority filter; policy drop", "ct state established accept", "", "the policy"),
        ("filter hook forward priority filter; policy drop", "ct status dnat accept", "", nil),
        ("filter hook forward priority filter; policy drop", "ip daddr 10.244.0.0/16 accept", "", "the policy"),
        ("filter hook forward priority filter; policy drop", "iifname \"cni0\" accept", "", nil),
        ("filter hook output priority mangle", "ip daddr 10.96.118.212 drop", "", "10.96.118.212:80"),
        ("filter hook output priority filter", "ip daddr 10.244.1.48 reject", "", "are refused"),
        // Nobody's packets to this Service come here.
        ("filter hook input priority filter; policy drop", "ct status dnat accept", "", nil),
        ("filter hook input priority filter", "ip daddr 10.244.1.48 drop", "", nil),
        ("filter hook postrouting priority filter", "ip daddr 10.244.1.48 drop", "", nil),
    ]

    @Test(arguments: cases.indices)
    func takenPackets(_ index: Int) throws {
        let (head, rules, more, words) = Self.cases[index]
        let tables = try Self.tables(Self.table(head, rules, more))
        let found = try Self.audit(tables).findings.filter { $0.severity > .info }
        #expect(found.allSatisfy { $0.id == .foreignRule }, "\(rules): \(found.map(\.effect))")
        #expect(found.isEmpty == (words == nil), "\(head) \(rules): \(found.map(\.effect))")
        if let words { #expect(found.contains { $0.effect.contains(words) }, "\(rules): \(found.map(\.effect))") }
        for finding in found where !head.contains("output") { try checkTrace(finding, tables) }
    }

    /// A pod's packet to the Service that a finding names reaches fewer of its endpoints than without the other tables.
    private func checkTrace(_ finding: AuditFinding, _ tables: [NftTable]) throws {
        let evidence = try #require(finding.evidence as? NftablesEvidence.ForeignRule)
        let known = try plan([Self.snapshot], ["--node", "worker-1", "--proxy-mode", "nftables"])
        let target: (address: IPAddress, port: UInt16, transport: TransportProtocol)
        switch evidence.taken {
        case .frontend(let frontend):
            target = (frontend.address ?? known.node.nodeIP, frontend.port, frontend.transport)
        case .endpoint(let endpoint, let number):
            let first = known.servicePorts.first { candidate in
                candidate.endpoints.contains { $0.address == endpoint && $0.port == number }
                    && finding.label.map { $0.servicePort == candidate.name.description } ?? true
            }
            let owner = try #require(first)
            target = (owner.clusterIP, owner.port, owner.name.transport)
        }
        let client = try #require(IPAddress("10.244.1.200"))
        var query = TraceQuery(from: client, to: target.address, port: target.port, target.transport)
        query.hostAddresses = known.node.hostAddresses
        (query.inInterface, query.outInterface) = ("veth0", "eth0")
        let before = try PacketTrace(query, through: TracedTables(Array(tables.prefix(1))))
        let after = try PacketTrace(query, through: TracedTables(tables))
        func reached(_ trace: PacketTrace) -> Double {
            trace.outcomes.filter { outcome in
                guard outcome.verdict == .accept, outcome.isTranslated,
                    case .exact(let server) = outcome.server.address
                else { return false }
                return known.servicePorts.contains { $0.endpoints.contains { $0.address == server } }
            }.reduce(0) { $0 + $1.probability }
        }
        #expect(reached(after) < reached(before) - 0.1, "\(finding.effect): \(after.outcomes.map(\.verdict))")
    }

    /// Tables that are not asked, or for packets of other kinds.
    @Test(arguments: ["bridge", "netdev", "arp", "ip6"])
    func otherFamily(_ family: String) throws {
        let tables = try Self.tables(Self.table("filter hook forward priority 0", "drop", family: family))
        #expect(try Self.audit(tables).findings.allSatisfy { $0.severity == .info })
    }

    @Test func dormantTable() throws {
        let text = Self.table("filter hook forward priority 0", "drop")
            .replacingOccurrences(of: "{\n\tset few", with: "{\n\tflags dormant\n\tset few")
        #expect(try Self.audit(try Self.tables(text)).findings.allSatisfy { $0.severity == .info })
    }

    /// firewalld's, Docker's and a CNI's tables as nft lists them, on a host where Services work.
    @Test(arguments: ["1.0.6", "1.1.3"])
    func workingHost(_ version: String) throws {
        let path = fixtures + "/nft-pairs/23-host-with-other-tables/printed-\(version).txt"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let others = try NftTable.tables(fromListing: Array(text.utf8)).filter { $0.name != "kube-proxy" }
        #expect(others.count > 3)
        let found = try Self.audit(try Self.tables("") + others).findings.filter { $0.severity > .info }
        #expect(found.isEmpty, "\(found.map { "\($0.effect) \($0.rule ?? "")" })")
    }

    // MARK: Marks

    /// A base chain, its rules, and what they do to kube-proxy's mark; nil: nothing that matters.
    @Test(
        arguments: [
            ("filter hook prerouting priority mangle", "meta mark set meta mark | 0x00004000", .sets),
            ("filter hook prerouting priority mangle", "meta mark set 0x0000ffff", .sets),
            ("filter hook prerouting priority mangle", "meta mark set 0x00000001", nil),
            ("filter hook prerouting priority mangle", "meta mark set meta mark | 0x00008000", nil),
            ("filter hook prerouting priority mangle", "meta mark set ct mark", nil),
            ("filter hook forward priority mangle", "meta mark set 0x00000001", .clears),
            ("filter hook forward priority mangle", "meta mark & 0x00004000 == 0x00000000 meta mark set 0x1", nil),
            ("filter hook forward priority mangle", "meta mark & 0x00004000 == 0x00004000 meta mark set 0x1", .clears),
            ("filter hook forward priority mangle", "jump more", .clears),
            ("filter hook postrouting priority mangle", "meta mark set 0x00000000", .clears),
            ("filter hook postrouting priority 300", "meta mark set 0x00000000", nil),
            ("filter hook input priority mangle", "meta mark set meta mark | 0x00004000", nil),
            ("filter hook forward priority mangle", "ct mark set 0x00000000", nil),
        ] as [(String, String, ForeignMark.Change?)])
    func marks(_ head: String, _ rules: String, _ change: ForeignMark.Change?) throws {
        let tables = try Self.tables(Self.table(head, rules, "meta mark set 0x00000000"))
        let found = try Self.audit(tables).findings.filter { $0.severity > .info }
        #expect(found.allSatisfy { $0.id == .foreignMark && $0.remedy.contains("--nftables-masquerade-bit") })
        #expect(
            found.compactMap { ($0.evidence as? NftablesEvidence.ForeignMark)?.change } == (change.map { [$0] } ?? []),
            "\(head) \(rules): \(found.map(\.effect))")
    }

    // MARK: Rules of iptables

    /// What iptables-save prints on the node, and the identifiers of what is found.
    @Test(
        arguments: [
            ("*filter\n:FORWARD DROP [0:0]\nCOMMIT\n", [.foreignRule]),
            ("*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -d 10.244.1.48/32 -j DROP\nCOMMIT\n", [.foreignRule]),
            ("*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 10.96.118.212/32 -j DROP\nCOMMIT\n", [.foreignRule]),
            ("*mangle\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j MARK --set-xmark 0x0/0x4000\nCOMMIT\n", [.foreignMark]),
            ("*filter\n:FORWARD DROP [0:0]\n-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT\nCOMMIT\n", []),
            ("*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\nCOMMIT\n", []),
            // Nothing says whether kube-proxy's chain is asked first.
            ("*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 10.96.118.212/32 -j ACCEPT\nCOMMIT\n", []),
        ] as [(String, [AuditFinding.Identifier])])
    func rulesOfIptables(_ text: String, _ identifiers: [AuditFinding.Identifier]) throws {
        let rules = try Ruleset(parsing: Array(text.utf8), family: .ipv4)
        let found = try Self.audit(try Self.tables(""), beside: [rules]).findings.filter { $0.severity > .info }
        #expect(found.map(\.id) == identifiers, "\(text): \(found.map(\.effect))")
    }

    /// What iptables-save prints is not judged again where nft lists the same rules.
    @Test func rulesOfIptablesAreListedTwice() throws {
        let listed = """
            table ip filter {
            \tchain FORWARD {
            \t\ttype filter hook forward priority filter; policy drop;
            \t}
            }

            """
        #expect(try Self.audit(try Self.tables(listed)).findings.map(\.id) == [.foreignRule])
        let rules = try Ruleset(parsing: Array("*filter\n:FORWARD DROP [0:0]\nCOMMIT\n".utf8), family: .ipv4)
        #expect(try Self.audit(try Self.tables(listed), beside: [rules]).findings.map(\.id) == [.foreignRule])
    }
}
