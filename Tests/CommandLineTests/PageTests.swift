import Foundation
import TestSupport
import Testing

/// `report`: the page itself, and what a browser makes of it.
@Suite struct PageTests {
    private static let demo = "\(Package.fixtures)/demo/cluster.json"
    private static let node = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16,fd00:10:244::/56"]

    private static func page(_ arguments: [String], input: String = "") throws -> String {
        let result = try Tool.run(["report"] + arguments, input: Array(input.utf8))
        #expect(result.ending == .exit(0), "\(result.errorText)")
        return result.outputText
    }

    @Test(arguments: [
        ([], 64, "report needs a SNAPSHOT"), (["no-such.json"], 2, "no-such.json"),
        (["--node", "worker-9", demo], 2, "has no Node worker-9"),
        (["--proxy-mode", "ipvs", "--live", demo] + node + [demo], 64, "--live is for iptables and nftables mode"),
    ])
    func usage(_ arguments: [String], _ code: Int32, _ message: String) throws {
        let result = try Tool.run(["report"] + arguments)
        expect(result, code, output: "")
        #expect(result.errorText.contains(message), "\(result.errorText)")
    }

    /// A dump with which nothing can be compared is an input at fault, and the page says why.
    @Test func emptyDump() throws {
        let result = try Tool.run(["report", "--live", "-"] + Self.node + [Self.demo])
        #expect(result.ending == .exit(2))
        #expect(result.errorLines == ["<stdin>: error: the dump cannot be compared; nothing was audited"])
        #expect(result.outputText.contains(#""audit","error","nothing-to-compare""#))
    }

    /// In nftables mode a dump of iptables-save is of one family, and shows what is left over there.
    @Test func leftOversBesideTables() throws {
        let folder = try TemporaryFolder()
        let mode = ["--proxy-mode", "nftables"] + Self.node
        let listings = try ["ipv4", "ipv6"].map {
            try Tool.run(["render", "-o", "save", "--family", $0] + mode + [Self.demo]).outputText
        }
        let tables = try folder.write("tables.nft", listings.joined())
        let rules = "\(Package.fixtures)/demo/ipv4.save"
        let page = try Self.page(["--live", tables, "--live", rules] + mode + [Self.demo])
        #expect(page.contains(#""audit","error","left-over""#))
    }

    /// The policy names the hashes of what is in the page (computed here by another program than ours), and lets nothing else
    /// run; the data can end no element.
    @Test func policyNamesWhatIsThere() throws {
        let page = try Self.page(Self.node + [Self.demo])
        let policy = try #require(page.firstMatch(of: /http-equiv="Content-Security-Policy" content="([^"]*)"/)).1
        var allowed = ["default-src 'none'"]
        for (element, directive) in [("script", "script-src"), ("style", "style-src")] {
            let content = try #require(page.components(separatedBy: "<\(element)>").last)
            let text = try #require(content.components(separatedBy: "</\(element)>").first)
            let digits = try Tool.shell("sha256sum", input: Array(text.utf8)).outputText.prefix(64)
            let hash = Data(
                stride(from: 0, to: 64, by: 2).compactMap { UInt8(digits.dropFirst($0).prefix(2), radix: 16) })
            allowed.append("\(directive) 'sha256-\(hash.base64EncodedString())'")
        }
        #expect(policy == (allowed + ["base-uri 'none'", "form-action 'none'"]).joined(separator: "; "))
        let data = try #require(
            page.components(separatedBy: "id=\"data\">").last?.components(separatedBy: "</script>")[0])
        #expect(!data.contains("<") && !data.contains(">"))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any])
        #expect((object["services"] as? [[Any]])?.count == 27)
        // The same bytes in every run.
        #expect(try Self.page(Self.node + [Self.demo]) == page)
    }

    /// 1,000 Services with 10 endpoints, half of them with node ports, take less than 2 MB (fewer in a brief run, in proportion).
    @Test func size() throws {
        let count = TestSize.current.count(full: 1000, brief: 100)
        let page = try Self.page(["--node", "n0", "--cluster-cidr", "10.244.0.0/16", "-"], input: Self.services(count))
        #expect(page.utf8.count < 2_000_000 * count / 1000, "\(page.utf8.count) bytes")
    }

    private static func services(_ count: Int) -> String {
        let objects = (0..<count).map { index in
            let endpoints = (0..<10).map { endpoint in
                """
                {"addresses":["10.244.\(index * 10 / 250).\((index * 10 + endpoint) % 250 + 1)"],"nodeName":"n\(endpoint)"}
                """
            }
            return """
                {"kind":"Service","apiVersion":"v1","metadata":{"namespace":"team-\(index % 20)","name":"service-\(index)"},
                 "spec":{"type":"\(index % 2 == 0 ? "ClusterIP" : "NodePort")",
                  "clusterIP":"10.96.\(index / 250).\(index % 250 + 1)",
                  "ports":[{"name":"http","port":80\(index % 2 == 0 ? "" : ",\"nodePort\":\(30000 + index)")}]}},
                {"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","addressType":"IPv4",
                 "metadata":{"namespace":"team-\(index % 20)","name":"service-\(index)-x",
                  "labels":{"kubernetes.io/service-name":"service-\(index)"}},
                 "ports":[{"name":"http","port":8080}],"endpoints":[\(endpoints.joined(separator: ","))]}
                """
        }
        let node = #"{"kind":"Node","apiVersion":"v1","metadata":{"name":"n0"}}"#
        return "[\(node),\(objects.joined(separator: ","))]"
    }

    /// The page holds the very rules that `explain` lists, though it writes what they have in common once.
    @Test(arguments: TestSize.current.sample(["iptables", "nftables", "ipvs"], brief: 1))
    func rulesAreWhole(_ mode: String) throws {
        let arguments = Self.node + ["--proxy-mode", mode, "--family", "ipv4"]
        let page = try PageValues(try Self.page(arguments + [Self.demo]))
        for service in ["shop/partner-api", "data/rabbitmq", "shop/admin"] {
            let text = try Tool.run(["explain", service, "-o", "json"] + arguments + [Self.demo]).outputText
            let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            let ports = try #require(object?["services"] as? [[String: Any]])
            let expected = ports.flatMap { port in
                ["rules", "elements", "chains", "virtualServers"].flatMap { key in
                    (port[key] as? [[String: Any]] ?? []).flatMap { entry in
                        (entry["rules"] as? [[String: Any]] ?? [entry]).compactMap { $0["text"] ?? $0["line"] }
                    }
                }.compactMap { $0 as? String }
            }
            let found = try page.rules(of: service)
            #expect(!expected.isEmpty && Set(expected).subtracting(found) == [], "\(service)")
        }
    }

    // MARK: In a browser

    /// Why no browser looks at pages here; nil: one can.
    private static let obstacle: String? = {
        let lack =
            Program.installed("chromium") == nil
            ? "chromium is not installed"
            : (try? Tool.shell("python3 -c 'import websocket'"))?.ending != .exit(0)
                ? "python3 has no websocket-client" : nil
        if let lack { print("Skipped: no browser looks at pages, since \(lack).") }
        return lack
    }()

    private static func check(_ page: String, _ service: String, _ typed: [String]) throws {
        let folder = try TemporaryFolder()
        try folder.write("page.html", page)
        let arguments = ["\(Package.support)/page/check.py", "\(folder.path)/page.html", service] + typed
        expect(try Tool.shell("PYTHONDONTWRITEBYTECODE=1 python3 \"$@\"", arguments), 0, output: "", errors: [])
    }

    /// The demo with a dump in which an endpoint, a comment and a chain are not what they should be; in the other modes without.
    @Test(
        .enabled(if: obstacle == nil, "Needs chromium and PyPI's websocket-client."),
        arguments: TestSize.current.sample(["iptables", "nftables", "ipvs"], brief: 1))
    func demoInABrowser(_ mode: String) throws {
        var arguments = Self.node + ["--proxy-mode", mode]
        let folder = try TemporaryFolder()
        if mode == "iptables" {
            let save = try String(contentsOfFile: "\(Package.fixtures)/demo/ipv4.save", encoding: .utf8)
            try folder.write("node.save", save.replacing("10.244.1.71:8080\n", with: "10.244.1.99:8080\n"))
            arguments += ["--live", "\(folder.path)/node.save"]
        }
        let page = try Self.page(arguments + [Self.demo])
        #expect((mode == "iptables") == page.contains("stale-endpoint"))
        // Findings say where they are: in the snapshot, and in the dump.
        #expect(page.contains("\"\(Self.demo)\""))
        #expect((mode == "iptables") == page.contains("\"\(folder.path)/node.save\""))
        try Self.check(
            page, "shop/web",
            ["shop/=12", "203.0.113.20=1", "10.244.1.71:8080=1", "loadbalancer shop=2", "no such thing at all=0"])
    }

    /// Texts that would run, break out, or turn around what follows, wherever a snapshot and a dump take free text.
    @Test(.enabled(if: obstacle == nil, "Needs chromium and PyPI's websocket-client."))
    func hostileTexts() throws {
        let folder = try TemporaryFolder()
        let rule = "-A FORWARD -p tcp -m comment --comment \"\(Self.hostile("\\\"", ""))\" -j DROP\nCOMMIT"
        let save = try String(contentsOfFile: "\(Package.fixtures)/demo/ipv4.save", encoding: .utf8)
        let parts = save.components(separatedBy: "COMMIT")
        try folder.write("node.save", parts[0] + rule + parts.dropFirst().joined(separator: "COMMIT"))
        let text = try String(contentsOfFile: Self.demo, encoding: .utf8)
        var list = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        var items = try #require(list["items"] as? [[String: Any]])
        let evil = Self.hostile("\"", "\u{2028}\u{2029}\u{202E}\u{0007}\u{0000}\u{1F}")
        for (index, item) in items.enumerated() where item["kind"] as? String == "EndpointSlice" {
            var endpoints = item["endpoints"] as? [[String: Any]] ?? []
            for position in endpoints.indices {
                endpoints[position]["zone"] = evil
                endpoints[position]["hints"] = ["forZones": [["name": evil + "2"]]]
                if position > 1 { endpoints[position]["nodeName"] = evil }
            }
            items[index]["endpoints"] = endpoints
        }
        for (index, item) in items.enumerated() {
            var metadata = item["metadata"] as? [String: Any] ?? [:]
            metadata["annotations"] = ["service.kubernetes.io/topology-mode": evil, "kubechains.io/ignore": evil]
            items[index]["metadata"] = metadata
        }
        list["items"] = items
        let input = String(decoding: try JSONSerialization.data(withJSONObject: list), as: UTF8.self)
        let page = try Self.page(Self.node + ["--live", "\(folder.path)/node.save", "-"], input: input)
        #expect(page.components(separatedBy: "<script").count == 3 && !page.contains("<img"))
        #expect(page.unicodeScalars.allSatisfy { !["\u{2028}", "\u{202E}", "\u{0007}"].contains($0) })
        // Words are stored one by one, and none of them as a tag.
        #expect(page.contains(#"\u003cscript\u003ehostile"#))
        // Of 27 Services one is headless, one has no endpoint in the cluster, one an empty slice, one another proxy.
        try Self.check(page, "shop/web", ["shop/=12", "onerror=23"])
    }

    private static func hostile(_ quote: String, _ invisible: String) -> String {
        "'\(quote)></script></style><script>hostile = 1</script><img src=x onerror=\(quote)hostile = 1\(quote)><!--\(invisible)"
    }
}

/// The data of a page, with its texts put together as the page's script does.
private struct PageValues {
    private let object: [String: Any]

    init(_ page: String) throws {
        let text = try #require(
            page.components(separatedBy: "id=\"data\">").last?.components(separatedBy: "</script>")[0])
        object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    /// The texts of a Service's rules.
    func rules(of service: String) throws -> [String] {
        let services = try #require(object["services"] as? [[Any]])
        let found = try #require(services.first { "\($0[0])/\($0[1])" == service })
        let words = try #require(found[3] as? [String])
        return try (found[4] as? [[Any]] ?? []).flatMap { port in
            let numbers = try #require(port[3] as? [Int] ?? (port[3] as? Int).map { [$0] })
            let (shapes, shared) = (object["shapes"] as? [Any], object["shared"] as? [String])
            let rows = try #require(shapes?[numbers[0]] as? [[Any]])
            let own = numbers.dropFirst().map { $0 < 0 ? shared?[-1 - $0] ?? "" : words[$0] }
            return rows.map { text($0[1], own) }
        }
    }

    private func text(_ value: Any, _ words: [String]) -> String {
        let numbers = value as? [Int] ?? [value as? Int ?? 0]
        let parts = (object["templates"] as? [String] ?? [])[numbers[0]].components(separatedBy: "\u{1F}")
        return zip(parts, numbers.dropFirst().map { words[$0] } + [""]).map(+).joined()
    }
}
