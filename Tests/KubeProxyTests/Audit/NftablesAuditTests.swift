import Foundation
import Iptables
import KubeObjects
import KubeProxy
import NetAddress
import Nftables
import TestSupport
import Testing

/// What an audit finds in a node's table of nftables mode, and that it finds nothing in a healthy one.
@Suite struct NftablesAuditTests {
    private static let snapshot = (try? String(contentsOfFile: fixtures + "/demo/cluster.json", encoding: .utf8)) ?? ""
    private static let listing =
        (try? String(contentsOfFile: fixtures + "/demo/nftables/ipv4.save", encoding: .utf8)) ?? ""

    private static func audit(
        _ text: String, given: Set<AuditSetting> = [], _ options: [String] = [], beside iptables: [Ruleset] = []
    ) throws -> NftablesAudit {
        let known = try plan([snapshot], ["--node", "worker-1", "--proxy-mode", "nftables"] + options)
        return NftablesAudit(
            given: given, try NftablesPlan(known), try NftTable.tables(fromListing: Array(text.utf8)),
            iptables: iptables)
    }

    private static func damaged(_ old: String, _ new: String) throws -> NftablesAudit {
        let range = try #require(listing.range(of: old), "\(old)")
        return try audit(listing.replacingCharacters(in: range, with: new))
    }

    private static func identifiers(_ audit: NftablesAudit) -> [String] {
        audit.findings.filter { $0.severity > .info }.map(\.id.rawValue).sorted()
    }

    // MARK: Healthy nodes

    /// Each recorded table is what an audit expects that is told nothing but the host's addresses, which no rule shows.
    @Test(arguments: TestSize.current.sample(VersionedCase.names(in: VersionedCase.nftables), full: 34, brief: 8))
    func recordedCase(_ name: String) throws {
        let recorded = try VersionedCase(name, in: VersionedCase.nftables)
        let family = recorded.options.contains("ipv6") ? ["--family", "ipv6"] : []
        var host: [String] = []
        for (option, value) in zip(recorded.options, recorded.options.dropFirst()) where option == "--node-address" {
            host += [option, value]
        }
        for text in recorded.texts where text.form == "state" {
            let cluster = recorded.cluster(minor: text.minors.upperBound)
            guard !cluster.services.isEmpty, let first = cluster.nodes.first else { continue }
            let known = try plan(
                [recorded.snapshot], ["--proxy-mode", "nftables", "--node", first.name] + family + host)
            let tables = try NftTable.tables(fromCommands: Array(text.expected.utf8))
            let audit = NftablesAudit(given: [.hostAddresses], try NftablesPlan(known), tables)
            let isEmpty = tables[0][set: "nodeport-ips"]?.elements.isEmpty == true
            let isKnown = cluster.nodes.contains { $0.name == cluster.settings.node }
            let findings = audit.findings.filter { finding in
                // Where node ports answer nowhere, that is said; a node name that no Node has too.
                if isEmpty, finding.evidence is NftablesEvidence.WrongNodePortAddress { return false }
                if !isKnown, finding.id == .settingsDiffer { return false }
                return finding.severity > .info
            }
            #expect(
                findings.isEmpty, "1.\(text.minors.upperBound): \(findings.map { "\($0.id.rawValue) \($0.effect)" })")
        }
    }

    /// What a healthy host's listing may have besides, or otherwise.
    @Test(arguments: [
        ("10.96.0.1, 10.96.0.10,", "10.96.0.10, 10.96.0.1,"),
        ("table ip kube-proxy {", "# Warning: a remark\n\ntable ip kube-proxy { # handle 3"),
        ("\tchain services {", "\tchain endpoint-AAAAAAAA-a/b/tcp/c__10.0.0.1/80 {\n\t}\n\n\tchain services {"),
        ("\tchain services {", "\tchain service-AAAAAAAA-a/b/tcp/c {\n\t}\n\n\tchain services {"),
        ("ct state new jump firewall-check\n", "ct state new jump firewall-check # handle 9\n"),
        ("hook input priority filter;", "hook input priority 0;"),
        ("timeout 10m", "timeout 600s"),
        ("\t\tflags dynamic,timeout\n", "\t\tflags timeout,dynamic\n"),
        (
            "\t\ttimeout 10m\n\t}",
            "\t\ttimeout 10m\n\t\telements = { 10.0.0.1 expires 9m59s, 10.0.0.2 expires 5s10ms }\n\t}"
        ),
        ("\n}\n", "\n}\ntable inet firewalld {\n\tchain x {\n\t\tct state { established, related } accept\n\t}\n}\n"),
        ("comment \"rules for kube-proxy\"", "comment \"mine\""),
        ("0x00004000 comment \"masquerade\"", "0x00004000"),
        ("203.0.113.20 }", "203.0.113.20/32 }"),
        ("192.0.2.64/27, 192.168.1.0/24", "192.168.1.0-192.168.1.255, 192.0.2.64-192.0.2.95"),
    ])
    func harmlessChanges(_ old: String, _ new: String) throws {
        #expect(Self.identifiers(try Self.damaged(old, new)) == [], "\(old)")
    }

    // MARK: Damage

    /// What is replaced in the listing and by what, the identifiers of the findings, and the Service port that they name.
    @Test(
        arguments: [
            // Elements.
            (
                "10.96.118.212 . tcp . 80 : goto service-", "10.96.118.212 . tcp . 80 : goto external-",
                ["wrong-address"], "shop/catalog:http"
            ),
            (
                "10.96.118.212 . tcp . 80 : goto service-N3ITGKYC-shop/catalog/tcp/http,", "", ["wrong-address"],
                "shop/catalog:http"
            ),
            (
                "10.96.118.212 . tcp . 80 :", "10.96.118.213 . tcp . 80 :", ["wrong-address", "wrong-address"],
                "shop/catalog:http"
            ),
            (
                "10.96.118.212 . tcp . 80 : goto service-N3ITGKYC-shop/catalog/tcp/http",
                "10.96.118.212 . tcp . 80 : goto service-D7ZZMFTE-shop/orders/tcp/http", ["wrong-address"],
                "shop/catalog:http"
            ),
            ("tcp . 30080 : goto external-N3ITGKYC-shop/catalog/tcp/http,", "", ["wrong-address"], "shop/catalog:http"),
            (
                "10.96.86.201 . tcp . 24224 : goto local-", "10.96.86.201 . tcp . 24224 : goto service-",
                ["wrong-policy"], "logging/fluent-bit:forward"
            ),
            ("10.96.9.77, ", "", ["wrong-masquerade"], "shop/cart:http"),
            ("goto reject-chain,", "drop,", ["wrong-verdict"], "shop/inventory:grpc"),
            (
                "10.96.20.94 . tcp . 80 comment \"shop/recommendations:http\" : goto reject-chain,", "",
                ["missing-service"], "shop/recommendations:http"
            ),
            (
                "elements = { tcp . 30443 comment \"shop/admin:https\" : drop }", "", ["wrong-verdict"],
                "shop/admin:https"
            ),
            (
                "elements = { 203.0.113.20 . tcp . 443 : goto firewall-CDSVAGMF-shop/partner-api/tcp/https }", "",
                ["wrong-source-range"], "shop/partner-api:https"
            ),
            ("elements = { 192.168.1.21 }", "", ["wrong-address"], nil),
            // Chains of Service ports.
            ("numgen random mod 3 vmap", "numgen random mod 4 vmap", ["wrong-weight"], "games/voice:media"),
            ("numgen random mod 3 vmap", "numgen random mod 2 vmap", ["missing-endpoint"], "games/voice:media"),
            (
                "dnat to 10.244.1.34:7000", "dnat to 10.244.1.35:7000", ["missing-endpoint", "stale-endpoint"],
                "games/voice:media"
            ),
            (
                "0 : 10.244.1.46 . 80,", "0 : 10.244.1.47 . 80,", ["missing-endpoint", "stale-endpoint"],
                "ingress-nginx/ingress-nginx-controller:http"
            ),
            (
                "mod 2 map { 0 : 10.244.1.46 . 80, 1 : 10.244.2.36 . 80 }", "mod 1 map { 0 : 10.244.1.46 . 80 }",
                ["missing-endpoint"], "ingress-nginx/ingress-nginx-controller:http"
            ),
            (
                "mod 2 map { 0 : 10.244.1.46 . 80, 1 : 10.244.2.36 . 80 }",
                "mod 3 map { 0 : 10.244.1.46 . 80, 1 : 10.244.2.36 . 80, 2 : 10.244.1.46 . 80 }",
                ["wrong-weight", "wrong-weight"], "ingress-nginx/ingress-nginx-controller:http"
            ),
            ("timeout 10m", "timeout 11m", ["wrong-affinity"], "games/voice:media"),
            (
                "\t\tupdate @affinity-4NPBQWQO-games/voice/udp/media__10.244.1.34/7000 { ip saddr }\n", "",
                ["wrong-affinity", "wrong-affinity"], "games/voice:media"
            ),
            (
                "\t\tip saddr @affinity-4NPBQWQO-games/voice/udp/media__10.244.1.34/7000 goto endpoint-4NPBQWQO-games/voice/udp/media__10.244.1.34/7000\n",
                "", ["wrong-affinity"], "games/voice:media"
            ),
            ("192.0.2.64/27, ", "", ["wrong-source-range"], "shop/partner-api:https"),
            (
                "\t\tip saddr != { 192.0.2.64/27, 192.168.1.0/24, 198.51.100.0/25, 203.0.113.20 } drop\n", "",
                ["wrong-source-range"], "shop/partner-api:https"
            ),
            (
                "\t\tfib saddr type local meta mark set meta mark | 0x00004000 comment \"masquerade local traffic\"\n",
                "", ["wrong-masquerade"], "ingress-nginx/ingress-nginx-controller:http"
            ),
            (
                "\t\tgoto local-TAO5FKKM-ingress-nginx/ingress-nginx-controller/tcp/http\n", "", ["wrong-policy"],
                "ingress-nginx/ingress-nginx-controller:http"
            ),
            (
                "meta mark set meta mark | 0x00004000 comment \"masquerade\"", "meta mark set meta mark | 0x00008000",
                ["wrong-mark"], "games/voice:media"
            ),
            (
                "\tchain services {",
                "\tchain service-AAAAAAAA-a/b/tcp/c {\n\t\tmeta l4proto tcp dnat to 10.0.0.1:80\n\t}\n\n\tchain services {",
                ["orphaned-chain"], "a/b:c"
            ),
            (
                "10.96.118.212 . tcp . 80 :",
                "10.96.200.1 . tcp . 80 : goto service-AAAAAAAA-a/b/tcp/c, 10.96.118.212 . tcp . 80 :",
                ["extra-service"], "a/b:c"
            ),
            // What belongs to no Service port.
            (
                "ip saddr != 10.244.0.0/16 meta mark set meta mark | 0x00004000",
                "ip saddr != 10.244.0.0/16 meta mark set meta mark | 0x00008000", ["wrong-mark"], nil
            ),
            (
                "meta mark & 0x00004000 != 0x00000000 meta mark set meta mark ^ 0x00004000",
                "meta mark & 0x00008000 != 0x00000000 meta mark set meta mark ^ 0x00008000", ["wrong-mark"], nil
            ),
            ("masquerade fully-random", "masquerade", ["wrong-masquerade"], nil),
            (
                "\t\tct status dnat ip saddr . ip daddr . meta l4proto . th dport @hairpin-connections masquerade fully-random\n",
                "", ["wrong-masquerade"], nil
            ),
            ("hook input priority filter", "hook input priority filter + 1", ["wrong-hook"], nil),
            (
                "hook forward priority filter; policy accept", "hook forward priority filter; policy drop",
                ["wrong-hook"], nil
            ),
            ("\t\ttype nat hook output priority -100; policy accept;\n", "", ["wrong-hook"], nil),
            ("\t\tct state new jump firewall-check\n", "", ["missing-jump"], nil),
            ("\t\tjump services\n", "", ["missing-jump"], nil),
            (
                "\tchain nat-postrouting {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n\t\tjump masquerading\n\t}\n",
                "", ["missing-chain"], nil
            ),
            (
                "type inet_proto . inet_service : verdict", "type inet_service . inet_proto : verdict", ["wrong-set"],
                nil
            ),
            (
                "\t\tip daddr . meta l4proto . th dport vmap @service-ips\n\t\tip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports\n",
                "\t\tip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports\n\t\tip daddr . meta l4proto . th dport vmap @service-ips\n",
                ["wrong-order"], nil
            ),
            ("\t\tip daddr . meta l4proto . th dport vmap @firewall-ips\n", "", ["missing-rule"], nil),
            ("\t\treject\n", "\t\treject\n\t\tdrop\n", ["unexpected-rule"], nil),
            (
                "\tchain reject-chain {", "\tchain mine {\n\t\tdrop\n\t}\n\n\tchain reject-chain {",
                ["unexpected-rule"], nil
            ),
            ("table ip kube-proxy {\n", "table ip kube-proxy {\n\tflags dormant\n", ["table-flags"], nil),
            ("table ip kube-proxy {\n", "table ip kube-proxy { # progname x\n\tflags owner\n", ["table-flags"], nil),
            (
                "\n}\n",
                "\n}\ntable ip nat {\n\tchain KUBE-SERVICES {\n\t}\n\tchain KUBE-SVC-AAAAAAAAAAAAAAAA {\n\t}\n}\n",
                ["left-over"], nil
            ),
        ] as [(String, String, [String], String?)])
    func damage(_ old: String, _ new: String, _ expected: [String], _ servicePort: String?) throws {
        let audit = try Self.damaged(old, new)
        #expect(Self.identifiers(audit) == expected, "\(old): \(audit.findings.map(\.effect))")
        #expect(audit.findings.allSatisfy { $0.label?.servicePort == servicePort }, "\(old)")
        #expect(audit.findings.allSatisfy { !$0.effect.isEmpty && !$0.remedy.isEmpty })
    }

    /// A finding names the line of what is there.
    @Test func lines() throws {
        let audit = try Self.damaged("numgen random mod 3 vmap", "numgen random mod 4 vmap")
        let finding = try #require(audit.findings.first)
        let line = Self.listing.components(separatedBy: "\n").firstIndex {
            $0.hasPrefix("\t\tnumgen random mod 3 vmap")
        }
        #expect(finding.line == (line ?? 0) + 1)
        #expect(finding.rule?.hasPrefix("add rule ip kube-proxy service-A64TA45I-games/voice/udp/media numgen") == true)
    }

    /// Rules that are right for other endpoints may just be older than the snapshot.
    @Test func age() throws {
        let audit = try Self.damaged(
            "mod 2 map { 0 : 10.244.1.46 . 80, 1 : 10.244.2.36 . 80 }", "mod 1 map { 0 : 10.244.1.46 . 80 }")
        #expect(audit.findings.compactMap { $0.evidence as? MissingEndpoint }.map(\.isOfOtherAge) == [true])
    }

    /// An element without a key, as no nft writes it.
    @Test(arguments: [
        "{ 192.168.1.21 }", "{ 203.0.113.20 . tcp . 443 : goto firewall-CDSVAGMF-shop/partner-api/tcp/https }",
    ])
    func elementWithoutKey(_ elements: String) throws {
        #expect(!Self.identifiers(try Self.damaged(elements, "{ : drop }")).isEmpty)
    }

    /// A listing from which words are missing is audited all the same, if it can be read.
    @Test func missingWords() throws {
        let known = try NftablesPlan(
            try plan([Self.snapshot], ["--node", "worker-1", "--proxy-mode", "nftables"]))
        let words = Self.listing.split(separator: " ", omittingEmptySubsequences: false)
        for start in 0..<TestSize.current.count(full: 400, brief: 6) {
            var words = words
            for place in stride(from: start, to: words.count, by: 400).reversed() { words.remove(at: place) }
            guard let tables = try? NftTable.tables(fromListing: Array(words.joined(separator: " ").utf8)) else {
                continue
            }
            let audit = NftablesAudit(given: [], known, tables)
            #expect(audit.findings.contains { $0.severity > .info }, "\(start)")
        }
    }

    // MARK: Settings

    /// Settings with which the table is made, with which it is audited, and the only finding.
    @Test(arguments: [
        (["--masquerade-all"], [String](), AuditSetting.localTraffic, "--masquerade-all"),
        (["--nftables-masquerade-bit", "20"], ["--nftables-masquerade-bit", "7"], .nftablesMasqueradeBit, "bit 20"),
        (["--node", "worker-2"], [], .node, "node worker-2"),
        (["--kube-proxy-version", "1.33"], ["--kube-proxy-version", "1.36"], .version, "1.33"),
        (["--nodeport-addresses", "0.0.0.0/0"], ["--nodeport-addresses", "primary"], .nodePortAddresses, "0.0.0.0/0"),
        (
            ["--kube-proxy-version", "1.37", "--feature-gates", "KubeProxyNFTablesLocalhostNodePorts=true"],
            ["--kube-proxy-version", "1.37"], .localhostNodePortsInNftables, "KubeProxyNFTablesLocalhostNodePorts=true"
        ),
    ])
    func contradictedSettings(_ made: [String], _ known: [String], _ given: AuditSetting, _ words: String) throws {
        let base = ["--node", "worker-1", "--proxy-mode", "nftables", "--cluster-cidr", "10.244.0.0/16"]
        let text = try NftablesPlan(try plan([Self.snapshot], base + made)).text(.save)
        let audit = try Self.audit(text, given: [given], ["--cluster-cidr", "10.244.0.0/16"] + known)
        #expect(Self.identifiers(audit) == ["settings-differ"], "\(audit.findings.map(\.effect))")
        #expect(audit.findings.first?.effect.contains(words) == true, "\(audit.findings.map(\.effect))")
        // Not given, it is inferred.
        let other = try Self.audit(text, ["--cluster-cidr", "10.244.0.0/16"] + (given == .version ? [] : known))
        #expect(Self.identifiers(other) == [], "\(other.findings.map(\.effect))")
    }

    // MARK: Beside the table

    @Test func leftOversOfVersions() throws {
        let audit = try Self.damaged(
            "\tchain services {",
            "\tchain mark-for-masquerade {\n\t\tmeta mark set meta mark | 0x00004000\n\t}\n\n\tchain services {")
        #expect(audit.findings.map(\.id) == [.leftOver] && audit.findings.map(\.severity) == [.info])
    }

    @Test func leftOversOfIptablesMode() throws {
        let rules = IptablesPlan(try plan([Self.snapshot], ["--node", "worker-1"])).hostRules
        let audit = try Self.audit(Self.listing, beside: [rules])
        #expect(audit.findings.map(\.id) == [.leftOver] && audit.findings.map(\.severity) == [.error])
    }

    @Test(arguments: [
        ("", NftablesEvidence.NothingToCompare.Problem.empty),
        ("table ip filter {\n}\n", .noTable(hasIptablesChains: false, hasOtherFamily: false)),
        ("table ip nat {\n\tchain KUBE-SERVICES {\n\t}\n}\n", .noTable(hasIptablesChains: true, hasOtherFamily: false)),
        ("table ip6 kube-proxy {\n\tchain a {\n\t}\n}\n", .noTable(hasIptablesChains: false, hasOtherFamily: true)),
        ("table ip kube-proxy {\n}\n", .emptyTable),
    ])
    func nothingToCompare(_ text: String, _ problem: NftablesEvidence.NothingToCompare.Problem) throws {
        let audit = try Self.audit(text)
        #expect(audit.problem == problem && audit.findings.count == 1 && audit.expected == nil)
    }
}
