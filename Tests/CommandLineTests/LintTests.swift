import Foundation
import Testing

/// The command `lint`: its reports, options and exit codes.
@Suite struct LintTests {
    private static let options = ["--cluster-cidr", "10.244.0.0/16,fd00:10:244::/56"]
    private static let cluster = "Fixtures/demo/cluster.json"

    private func lint(_ arguments: [String], input: String = "") throws -> Program.Result {
        try Tool.run(["lint"] + arguments, input: Array(input.utf8), in: Package.root)
    }

    private func golden(_ file: String) throws -> String {
        try String(contentsOfFile: "\(Package.fixtures)/demo/\(file)", encoding: .utf8)
    }

    /// The findings' names in a text report, in order.
    private func names(_ report: String) -> [String] {
        report.split(separator: "\n").compactMap { line in
            line.hasSuffix("]") ? line.split(separator: "[").last.map { String($0.dropLast()) } : nil
        }
    }

    @Test func demo() throws {
        let text = try lint(Self.options + [Self.cluster])
        let closing = "27 Services checked on 3 nodes: 8 warnings, 9 for information"
        expect(text, 1, output: try golden("lint.txt"), errors: [closing])
        let json = try lint(Self.options + ["-o", "json", Self.cluster])
        expect(json, 1, output: try golden("lint.json"), errors: [closing])
        // Both say the same.
        let object = try #require(JSONSerialization.jsonObject(with: Data(json.output)) as? [String: Any])
        let findings = try #require(object["findings"] as? [[String: Any]])
        #expect(findings.map { $0["id"] as? String } == names(text.outputText))
        for finding in findings {
            let message = try #require(finding["message"] as? String)
            #expect(text.outputText.contains("\(message) ["))
            #expect(["error", "warning", "info"].contains(finding["severity"] as? String ?? ""))
            if let line = finding["line"] as? Int {
                #expect(text.outputText.contains("\n\(Self.cluster):\(line): ") || line == findings[0]["line"] as? Int)
                #expect(finding["file"] as? String == Self.cluster)
            }
        }
    }

    @Test func demoInNftablesMode() throws {
        let arguments = Self.options + ["--proxy-mode", "nftables"]
        let closing = ["27 Services checked on 3 nodes: 8 warnings, 7 for information"]
        expect(try lint(arguments + [Self.cluster]), 1, output: try golden("lint-nftables.txt"), errors: closing)
        expect(
            try lint(arguments + ["-o", "json", Self.cluster]), 1, output: try golden("lint-nftables.json"),
            errors: closing)
    }

    /// What a reader of the demo cluster's objects finds by hand, as the tests of rules do not look at it.
    @Test func demoByHand() throws {
        let report = try lint(Self.options + [Self.cluster]).outputText
        for (subject, name) in [
            // One pod on worker-2, and a policy that keeps to the node.
            ("monitoring/statsd:statsd/udp", "no-local-endpoint-internal"),
            ("monitoring/statsd:metrics/tcp", "no-local-endpoint-internal"),
            ("shop/admin:https/tcp", "no-local-endpoint-external"),
            // Pods on the workers only.
            ("shop/images:http/tcp", "no-local-endpoint-external"),
            ("ingress-nginx/ingress-nginx-controller:http/tcp", "no-local-endpoint-external"),
            ("ingress-nginx/ingress-nginx-controller:https/tcp", "no-local-endpoint-external"),
            ("shop/inventory:grpc/tcp", "no-endpoints"), ("shop/recommendations:http/tcp", "no-endpoints"),
            ("shop/orders:http/tcp", "only-terminating-endpoints"),
            ("shop/partner-api:https/tcp", "node-port-ignores-source-ranges"),
            ("Service games/voice", "affinity-memory"), ("Service shop/cart", "affinity-memory"),
            // 10.244.2.82 stands in both slices.
            ("monitoring/prometheus:web/tcp", "duplicate-endpoint"),
            ("monitoring/prometheus:reloader-web/tcp", "duplicate-endpoint"),
            // It has the label service.kubernetes.io/service-proxy-name: mesh-proxy.
            ("Service data/memcached", "other-proxy"),
        ] {
            let lines = report.split(separator: "\n").filter { $0.contains(": \(subject): ") }
            #expect(lines.map { $0.hasSuffix("[\(name)]") } == [true], "\(subject)")
        }
        #expect(report.contains("\n17 findings; rules of kube-proxy v"), "15 of Services, and a budget for each family")
    }

    @Test func oneNodeAndFamily() throws {
        let worker2 = try lint(Self.options + ["--node", "worker-2", Self.cluster])
        #expect(!worker2.outputText.contains("no-local-endpoint"))
        let control = try lint(Self.options + ["--node", "control-plane-1", "--family", "ipv6", Self.cluster])
        expect(control, 0, errors: ["27 Services checked on 1 node: 4 for information"])
        #expect(
            names(control.outputText) == [
                "rule-budget", "other-proxy", "no-local-endpoint-external", "no-local-endpoint-external",
            ])
        #expect(control.outputText.contains("on node control-plane-1 there are "))
    }

    @Test func severityAndDisable() throws {
        let all = names(try lint(Self.options + [Self.cluster]).outputText)
        let severe = try lint(Self.options + ["--severity", "warning", Self.cluster])
        expect(severe, 1)
        #expect(severe.outputText.contains("\n8 findings; rules of kube-proxy v1.36.2 ("))
        #expect(!severe.outputText.contains(" info: "))
        expect(
            try lint(Self.options + ["--severity", "error", Self.cluster]), 0,
            output: "no findings; rules of kube-proxy v1.36.2 (the Node's kubeletVersion)\n")

        let some = try lint(
            Self.options + ["--disable", "rule-budget,affinity-memory", "--disable=duplicate-endpoint", Self.cluster])
        expect(some, 1)
        let left = all.filter { !["rule-budget", "affinity-memory", "duplicate-endpoint"].contains($0) }
        #expect(names(some.outputText) == left && left.count == 11)
        expect(try lint(Self.options + ["--disable", Set(all).joined(separator: ","), Self.cluster]), 0)
    }

    /// Information alone is no reason to fail.
    @Test func informationIsSuccess() throws {
        let result = try lint(Self.options + ["--node", "worker-2", "--family", "ipv6", Self.cluster])
        expect(result, 0, errors: ["27 Services checked on 1 node: 2 for information"])
        #expect(names(result.outputText) == ["rule-budget", "other-proxy"])
    }

    @Test func outputFile() throws {
        let folder = try TemporaryFolder()
        let result = try lint(Self.options + ["--output-file", "\(folder.path)/report", Self.cluster])
        expect(
            result, 1, output: "", errors: ["27 Services checked on 3 nodes: 8 warnings, 9 for information"])
        #expect(String(decoding: try folder.read("report"), as: UTF8.self) == (try golden("lint.txt")))
    }

    /// Places name the input and the line of the object, in whichever of several inputs it is.
    @Test func places() throws {
        let folder = try TemporaryFolder()
        let service = #"{"apiVersion":"v1","kind":"Service","metadata":{"namespace":"n","name":"NAME"},"#
        let spec = "\"spec\":{\"clusterIP\":\"ADDRESS\",\"ports\":[{\"port\":80}]}}\n"
        func text(_ name: String, _ address: String) -> String {
            (service + spec).replacingOccurrences(of: "NAME", with: name).replacingOccurrences(
                of: "ADDRESS", with: address)
        }
        try folder.write("one.json", text("a", "10.96.0.1") + text("b", "10.96.0.2"))
        // Where there is no slice at all, the snapshot is at fault, not its Services.
        let slice =
            #"{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","endpoints":[],"#
            + #""metadata":{"namespace":"n","name":"a-1","labels":{"kubernetes.io/service-name":"a"}}}"#
        try folder.write("two.json", "\n\n" + text("c", "10.96.0.3") + slice)
        let result = try Tool.run(
            ["lint", "--disable", "missing-cluster-cidr,rule-budget", "one.json", "two.json"], in: folder.path)
        #expect(result.ending == .exit(1))
        let starts = result.outputText.split(separator: "\n").filter { $0.hasSuffix("[no-endpoints]") }
            .map { $0.split(separator: ": ").prefix(3).joined(separator: " ") }
        #expect(
            starts == [
                "one.json:1 warning n/a/tcp", "one.json:2 warning n/b/tcp", "two.json:3 warning n/c/tcp",
            ])
    }

    @Test func listOfRules() throws {
        let result = try lint(["--list-rules"])
        expect(result, 0, errors: [])
        #expect(result.outputText.contains("\nrule-budget (info, in iptables mode)\n    How much "))
        #expect(result.outputText.contains("\n    remedy: "))
        for line in result.outputText.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
        // The article lists the same rules.
        let article = try String(
            contentsOfFile: "\(Package.root)/\(DocumentationTests.catalogue)/LintingSnapshots.md", encoding: .utf8)
        for line in result.outputText.split(separator: "\n") where line.hasSuffix(")") && !line.hasPrefix(" ") {
            let (name, severity) = (line.split(separator: " ")[0], line.split(separator: " ")[1].dropFirst().dropLast())
            #expect(article.contains("\n| `\(name)` | \(severity) | "), "\(name)")
        }
    }

    @Test(arguments: [
        (["--disable", "rule-bugdet", "x"], "--disable: there is no rule 'rule-bugdet'; did you mean 'rule-budget'?"),
        (["--disable", "rule-budget,zebra", "x"], "--disable: there is no rule 'zebra'"),
        (["--severity", "bad", "x"], "--severity: invalid severity 'bad': expected error, warning or info"),
        ([], "lint needs a SNAPSHOT: a file, or '-' for standard input"),
        (["-", "-"], "standard input can be read only once, but '-' is given several times"),
    ])
    func usage(_ arguments: [String], _ message: String) throws {
        expect(
            try lint(arguments), 64, output: "", errors: ["error: \(message) (see 'kubechains help lint')"])
    }

    @Test func badInput() throws {
        expect(
            try lint(["no.json"]), 2, output: "", errors: ["no.json: error: cannot be read: no such file or directory"]
        )
        expect(try lint(["-"], input: "{"), 2, output: "")
    }
}
