import Foundation
import TestSupport
import Testing

/// `diff` in nftables mode: which changes of a table are found, and whose they are.
@Suite struct NftablesDiffTests {
    private static let cluster = "\(Package.fixtures)/demo/cluster.json"
    private static let options = Package.lines(of: "demo/options") ?? []
    private static func golden(_ form: String) -> String {
        (try? String(contentsOfFile: "\(Package.fixtures)/demo/nftables/ipv4.\(form)", encoding: .utf8)) ?? ""
    }

    private func diff(_ actual: String, _ options: [String] = []) throws -> Program.Result {
        let folder = try TemporaryFolder()
        let file = try folder.write("actual", actual)
        return try Tool.run(["diff"] + Self.options + options + [Self.cluster, file])
    }

    /// Every text of the table is the snapshot's, with and without the mode's option.
    @Test(arguments: ["restore", "state", "save"])
    func textsAreTheSnapshots(_ form: String) throws {
        expect(try diff(Self.golden(form)), 0, output: "")
        expect(try diff(Self.golden(form), ["--proxy-mode", "nftables"]), 0, output: "")
    }

    /// What is replaced in the listing, by what, and the first line of the report.
    @Test(arguments: [
        (
            "10.96.118.212 . tcp . 80 : goto service-", "10.96.118.212 . tcp . 80 : goto external-",
            "shop/catalog:http/tcp: changed"
        ),
        ("10.96.118.212 . tcp . 80 :", "10.96.118.213 . tcp . 80 :", "shop/catalog:http/tcp: changed"),
        ("numgen random mod 3 vmap", "numgen random mod 4 vmap", "games/voice:media/udp: changed"),
        ("dnat to 10.244.1.34:7000", "dnat to 10.244.1.35:7000", "games/voice:media/udp: changed"),
        ("timeout 10m", "timeout 11m", "games/voice:media/udp: changed"),
        ("meta mark set meta mark | 0x00004000", "meta mark set meta mark | 0x00008000", "rules of no Service:"),
        ("hook input priority filter", "hook input priority filter + 1", "rules of no Service:"),
        (
            "hook forward priority filter; policy accept", "hook forward priority filter; policy drop",
            "rules of no Service:"
        ),
        ("ct state new jump firewall-check", "ct state established jump firewall-check", "rules of no Service:"),
        ("10.96.9.77, ", "", "rules of no Service:"),
        ("192.168.1.21 }", "192.168.1.22 }", "rules of no Service:"),
        (
            "type inet_proto . inet_service : verdict", "type inet_service . inet_proto : verdict",
            "rules of no Service:"
        ),
        ("chain reject-chain {", "chain reject-chains {", "rules of no Service:"),
        ("masquerade fully-random", "masquerade", "rules of no Service:"),
        ("comment \"rules for kube-proxy\"", "comment \"mine\"", "rules of no Service:"),
    ])
    func damageIsFound(_ old: String, _ new: String, _ first: String) throws {
        let listing = Self.golden("save")
        let range = try #require(listing.range(of: old), "\(old)")
        let result = try diff(listing.replacingCharacters(in: range, with: new))
        #expect(result.ending == .exit(1), "\(result.errorText)")
        #expect(result.outputText.hasPrefix(first + "\n"), "\(result.outputText)")
        let brief = try diff(listing.replacingCharacters(in: range, with: new), ["--brief"])
        #expect(brief.ending == .exit(1))
        let json = try diff(listing.replacingCharacters(in: range, with: new), ["-o", "json"])
        #expect(json.outputText.contains("\"same\": false"))
    }

    /// What `--ignore endpoints` leaves out, and what it does not: the first line of the report, if there is one. Up to 1.35
    /// each endpoint has a chain; from 1.36 on only those with affinity.
    @Test(arguments: ["1.33", "1.36"], [EndpointChange.churn, .affinity, .policy])
    func endpointsAreIgnored(_ version: String, _ change: EndpointChange) throws {
        let text = try String(contentsOfFile: Self.cluster, encoding: .utf8)
        var list = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        list["items"] = (list["items"] as? [[String: Any]] ?? []).map(change.applied)
        let changed = String(decoding: try JSONSerialization.data(withJSONObject: list), as: UTF8.self)
        let options = ["--proxy-mode", "nftables", "--kube-proxy-version", version]
        #expect(try diff(changed, options).ending == .exit(1))
        let result = try diff(changed, options + ["--ignore", "endpoints"])
        expect(result, change == .churn ? 0 : 1)
        #expect(result.outputText.hasPrefix(change.report), "\(result.outputText)")
        #expect(!result.outputText.contains("10.244.9.") && !result.outputText.contains("random mod 3"))
    }

    enum EndpointChange {
        /// The first endpoint of each Service is another one, and some have one more.
        case churn
        /// The same, and all endpoints of a Service are others, which gets affinity.
        case affinity
        /// The same, and a Service gets the local policy.
        case policy

        var report: String {
            switch self {
            case .churn: ""
            case .affinity: "shop/web:http/tcp: changed\n"
            case .policy: "shop/catalog:http/tcp: changed\n"
            }
        }

        func applied(_ object: [String: Any]) -> [String: Any] {
            var object = object
            let metadata = object["metadata"] as? [String: Any]
            let name = metadata?["name"] as? String
            if object["kind"] as? String == "Service", var spec = object["spec"] as? [String: Any] {
                if self == .affinity, name == "web" { spec["sessionAffinity"] = "ClientIP" }
                if self == .policy, name == "catalog" { spec["externalTrafficPolicy"] = "Local" }
                object["spec"] = spec
            }
            let service = (metadata?["labels"] as? [String: Any])?["kubernetes.io/service-name"] as? String
            let count = ["web": self == .affinity ? 9 : 1, "cart": 1, "voice": 1, "images": 1][service ?? ""]
            if let count, object["addressType"] as? String == "IPv4",
                var endpoints = object["endpoints"] as? [[String: Any]]
            {
                for index in endpoints.indices.prefix(count) {
                    endpoints[index]["addresses"] = ["10.244.9.\(index + 1)"]
                }
                if service == "images" { endpoints.append(endpoints[0].merging(["addresses": ["10.244.9.99"]]) { $1 }) }
                object["endpoints"] = endpoints
            }
            return object
        }
    }

    /// What a healthy host's listing may have besides, or otherwise.
    @Test(arguments: [
        ("10.96.0.1, 10.96.0.10,", "10.96.0.10, 10.96.0.1,"),
        ("table ip kube-proxy {", "# Warning: a remark\n\ntable ip kube-proxy { # handle 3"),
        ("\tchain services {", "\tchain endpoint-AAAAAAAA-a/b/tcp/c__10.0.0.1/80 {\n\t}\n\n\tchain services {"),
        ("ct state new jump firewall-check\n", "ct state new jump firewall-check # handle 9\n"),
        ("hook input priority filter;", "hook input priority 0;"),
        ("timeout 10m", "timeout 600s"),
        ("\t\tflags dynamic,timeout\n", "\t\tflags timeout,dynamic\n"),
        (
            "\t\ttimeout 10m\n\t}",
            "\t\ttimeout 10m\n\t\telements = { 10.0.0.1 expires 9m59s, 10.0.0.2 expires 5s10ms }\n\t}"
        ),
        ("\n}\n", "\n}\ntable inet firewalld {\n\tchain x {\n\t\tct state { established, related } accept\n\t}\n}\n"),
        (" comment \"", " comment \""),
    ])
    func harmlessChangesAreNot(_ old: String, _ new: String) throws {
        let listing = Self.golden("save")
        let range = try #require(listing.range(of: old), "\(old)")
        expect(try diff(listing.replacingCharacters(in: range, with: new)), 0, output: "")
    }

    @Test(arguments: [
        ("table ip other {\n}\n", "error: there is no table ip kube-proxy"),
        ("table ip kube-proxy {\n", ":2: error: expected '}'"),
        ("add rule ip kube-proxy a drop\n", ":1: error: the table 'ip kube-proxy' is not there"),
        ("{\"nftables\": [}", "error: "), ("{\"nftables\": []}", "error: there is no table ip kube-proxy"),
    ])
    func unreadableTexts(_ text: String, _ message: String) throws {
        let result = try diff(text)
        #expect(result.ending == .exit(2))
        #expect(result.errorText.contains(message), "\(result.errorText)")
    }

    @Test func otherForms() throws {
        let result = try diff(Self.golden("save"), ["-o", "unified"])
        #expect(result.ending == .exit(64) && result.errorText.contains("-o unified is not for nftables mode"))
        let rules = try diff("*nat\nCOMMIT\n", ["--proxy-mode", "nftables"])
        #expect(rules.ending == .exit(2) && rules.errorText.contains("these are no rules of nftables"))
    }
}

/// The kernel takes what `render` writes in nftables mode, and nft then lists what `-o save` says.
@Suite struct NftablesKernelTests {
    private static let cases = TestSize.current.sample(VersionedCase.names(in: VersionedCase.nftables), brief: 12)

    /// The version of nft on this machine whose listing is known; nil: there is none.
    private static let version: String? = {
        guard Isolation.obstacle == nil, Program.installed("nft") != nil,
            let result = try? Program(executable: "/usr/bin/env", arguments: ["nft", "--version"]).run()
        else {
            print("Skipped: nft loads nothing, for root, unshare and nft are needed.")
            return nil
        }
        return result.outputText.contains(" v1.0.") ? "1.0" : "1.1"
    }()

    @Test(.enabled(if: version != nil, "Needs root, unshare and nft."), arguments: cases)
    func recordedCase(_ name: String) throws {
        let recorded = try VersionedCase(name, in: VersionedCase.nftables)
        let version = try #require(Self.version)
        let family = recorded.options.contains("ipv6") ? "ip6" : "ip"
        let minors = Set(recorded.texts.filter { $0.form == "restore" }.flatMap { Array($0.minors) }).sorted()
        // Up to 1.36 comments may be longer than nft takes, and 1.31 needs the interface.
        for minor in minors where minor == 37 || name != "new-011" {
            let arguments =
                recorded.options + [
                    "--kube-proxy-version", "1.\(minor)",
                    "\(Package.fixtures)/conformance-nftables/\(name)/snapshot.json",
                ]
            func render(_ form: String) throws -> [UInt8] {
                try Tool.run(["render", "-o", form, "--nft-version", version] + arguments).output
            }
            let folder = try TemporaryFolder()
            let saved = String(decoding: try render("save"), as: UTF8.self)
            let savedFile = try folder.write("saved", saved)
            /// Nothing differs from the snapshot or, where it lacks what is compared, from the text that is rendered all the same.
            func expectEqual(_ listing: String) throws {
                let file = try folder.write("listing", listing)
                let result = try Tool.run(["diff"] + arguments + [file])
                let lacks = ["has no Node", "has no Services"].contains { result.errorText.contains($0) }
                expect(lacks ? try Tool.run(["diff", savedFile, file]) : result, 0, output: "")
            }
            let script = """
                nft -f - && nft list table \(family) kube-proxy && echo SECOND && nft -j list table \(family) kube-proxy
                """
            let result = try Isolation.run(script, input: try render("restore"))
            #expect(result.ending == .exit(0), "1.\(minor): \(result.errorText)")
            let parts = result.outputText.components(separatedBy: "SECOND\n")
            try #require(parts.count == 2)
            let lines = (listed: parts[0].split(separator: "\n"), saved: saved.split(separator: "\n"))
            let different = zip(lines.listed, lines.saved).first { $0 != $1 }
            #expect(different == nil && lines.listed.count == lines.saved.count, "1.\(minor)")
            for part in parts {
                try expectEqual(part)
                // Nothing is wrong either, as far as the snapshot can be audited.
                guard minor == minors.last else { continue }
                let file = try folder.write("listing", part)
                let audit = try Tool.run(["audit"] + arguments + ["--live", file])
                #expect(
                    audit.ending == .exit(0) || audit.errorText.contains("has no Services")
                        || audit.errorText.contains("has no Node"), "1.\(minor): \(audit.outputText)")
            }
            // What the state's commands make is the same.
            let state = try Isolation.run("nft -f - && nft list table \(family) kube-proxy", input: try render("state"))
            try expectEqual(state.outputText)
        }
    }
}
