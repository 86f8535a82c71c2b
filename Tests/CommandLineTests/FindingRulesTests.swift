import Foundation
import Testing

/// What limits and changes the findings of `lint`, `audit` and `diff`.
@Suite struct FindingRulesTests {
    private static let demo = "\(Package.fixtures)/demo/cluster.json"

    private func lint(_ arguments: [String], rules: String? = nil) throws -> Program.Result {
        let folder = try TemporaryFolder()
        var options: [String] = []
        if let rules { options = ["--rules", try folder.write("rules.json", rules)] }
        let result = try Tool.run(["lint"] + options + arguments)
        return Program.Result(
            output: result.output, errors: Array(result.errorText.replacing(folder.path + "/", with: "").utf8),
            ending: result.ending)
    }

    private func entry(_ members: String) -> String { "{\"rules\": [{\(members)}]}" }

    @Test func severitiesAreChanged() throws {
        let plain = try lint(["--service", "shop/inventory", Self.demo])
        #expect(plain.outputText.contains(": warning: shop/inventory:grpc/tcp: none of its 2 endpoints is ready"))
        let rules = entry(#""rule": "no-endpoints", "severity": "error""#)
        let changed = try lint(["--service", "shop/inventory", "--severity", "error", Self.demo], rules: rules)
        #expect(changed.outputText.contains(": error: shop/inventory:grpc/tcp: none of its 2 endpoints is ready"))
        #expect(changed.errorLines.last == "1 Service checked on 3 nodes: 1 error")
    }

    /// Of a key that is given twice the last value counts; a byte-order mark does not.
    @Test(arguments: [
        "\u{FEFF}" + #"{"rules": [{"rule": "*", "severity": "off", "reason": "known"}]}"#,
        #"{"rules": [{"rule": "*", "severity": "error", "severity": "off", "reason": "known"}]}"#,
        #"{"rules": [{"rule": "*", "severity": "error"}], "rules": [{"rule": "*", "severity": "off", "reason": "known"}]}"#,
    ])
    func lastValueCounts(_ rules: String) throws {
        let result = try lint(["--service", "shop/inventory", Self.demo], rules: rules)
        #expect(result.errorLines.last == "1 Service checked on 3 nodes: no findings, 1 ignored")
    }

    @Test(arguments: [
        #""rule": "*", "namespace": "shop""#, #""rule": "no-endpoints", "service": "shop/inventory""#,
        #""rule": "no-endpoints""#,
    ])
    func findingsAreIgnoredAndCounted(_ members: String) throws {
        let rules = entry(members + #", "severity": "off", "reason": "known""#)
        let result = try lint(["--service", "shop/inventory", "--severity", "warning", Self.demo], rules: rules)
        #expect(!result.outputText.contains("no-endpoints"))
        #expect(result.errorLines.last == "1 Service checked on 3 nodes: no findings, 1 ignored")
        let other = try lint(["--service", "web", Self.demo], rules: rules.replacing("shop", with: "other"))
        #expect(other.errorLines.last?.contains("ignored") == false)
    }

    @Test func annotationIgnores() throws {
        let text = try String(contentsOfFile: Self.demo, encoding: .utf8)
        let start = try #require(text.range(of: "\"name\": \"inventory\""))
        let marked = text.replacingCharacters(
            in: start, with: #""annotations": {"kubechains.io/ignore": "x, no-endpoints"}, "name": "inventory""#)
        let folder = try TemporaryFolder()
        let file = try folder.write("cluster.json", marked)
        let result = try lint(["--service", "shop/inventory", "--severity", "warning", file])
        expect(result, 0, output: "no findings; rules of kube-proxy v1.36.2 (the Node's kubeletVersion)\n")
        #expect(result.errorLines.last == "1 Service checked on 3 nodes: no findings, 1 ignored")
    }

    @Test(arguments: [
        (
            #"{"rules": [{"rule": "no-end", "severity": "off", "reason": "x"}]}"#,
            "rules.json:1:21: error: there is no rule \"no-end\"; did you mean 'no-endpoints'?"
        ),
        (
            #"{"rules": [{"rule": "*", "severity": "low"}]}"#,
            "rules.json:1:38: error: severity is \"low\"; expected error, warning, info or off"
        ),
        (
            #"{"rules": [{"rule": "*", "severity": "off"}]}"#,
            "rules.json:1:12: error: a rule that is off needs a reason"
        ),
        (#"{"rules": [{"severity": "info"}]}"#, "rules.json:1:12: error: rule is missing; expected an identifier or *"),
        (
            #"{"rules": [{"rule": "*"}]}"#,
            "rules.json:1:12: error: severity is missing; expected error, warning, info or off"
        ),
        (
            #"{"rules": [{"rule": "*", "sevrity": "off"}]}"#,
            "rules.json:1:26: error: unknown key \"sevrity\"; expected rule, severity, namespace, service or reason"
        ),
        (#"{"rule": []}"#, "rules.json:1:2: error: unknown key \"rule\"; expected \"rules\""),
        (
            #"{"rules": [{"rule": "*", "service": "web", "severity": "info"}]}"#,
            "rules.json:1:37: error: service is \"web\"; expected NAMESPACE/NAME"
        ),
        (
            #"{"rules": [{"rule": "*", "namespace": "a", "service": "b/web", "severity": "info"}]}"#,
            "rules.json:1:12: error: namespace and service are both given; a service has its namespace in its name"
        ),
    ])
    func invalidFile(_ text: String, _ message: String) throws {
        expect(try lint([Self.demo], rules: text), 2, output: "", errors: [message])
    }

    // MARK: Which Services

    @Test(arguments: [
        (["lint"], ["-n", "shpo"], "error: there is no Service in a namespace 'shpo'; did you mean 'shop'?"),
        (["lint"], ["--service", "shop/wbe"], "error: there is no Service 'shop/wbe'; did you mean 'shop/web'?"),
        (
            ["lint"], ["-n", "shop", "--service", "wbe"],
            "error: there is no Service 'shop/wbe'; did you mean 'shop/web'?"
        ),
        (
            ["lint"], ["-n", "shop", "--service", "data/redis"],
            "error: Service 'data/redis' is not in the namespace 'shop'"
        ), (["lint"], ["-l", "no=such"], "error: no Service matches the selector"),
        (
            ["lint"], ["-n", "data", "-l", "app.kubernetes.io/part-of=shop"],
            "error: no Service of those that are named matches the selector"
        ),
        (
            ["audit", "--live", "\(Package.fixtures)/demo/ipv4.save"], ["--service", "wbe"],
            "error: there is no Service 'wbe'; did you mean 'web'?"
        ),
        (
            ["diff", "\(Package.fixtures)/demo/ipv4.save"], ["-n", "shpo"],
            "error: there is no Service in a namespace 'shpo'; did you mean 'shop'?"
        ),
    ])
    func unknownNames(_ command: [String], _ options: [String], _ message: String) throws {
        let node = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16"]
        let result = try Tool.run(command + (command == ["lint"] ? [] : node) + options + [Self.demo])
        expect(result, 2, output: "")
        #expect(result.errorLines.last == message)
    }

    @Test func twoServices() throws {
        expect(
            try lint(["--service", "shop/web", "--service", "shop/cart", Self.demo]), 64, output: "",
            errors: [
                "error: --service: 'shop/web' and 'shop/cart' are given, but this names one Service; --namespace and "
                    + "--selector choose several (see 'kubechains help lint')"
            ])
    }

    @Test func selectorLimits() throws {
        let all = try lint(["-n", "shop", Self.demo]).outputText
        let selected = try lint(["-n", "shop", "-l", "app.kubernetes.io/name=inventory", Self.demo]).outputText
        for line in selected.split(separator: "\n") where line.contains(": warning: ") {
            #expect(line.contains("shop/inventory"), "\(line)")
        }
        #expect(selected.count < all.count)
    }

    @Test(arguments: [
        (["--ignore", "endpoints"], 0, ""), (["-q"], 1, ""), (["-n", "games"], 0, ""),
        (["--stat"], 1, "shop/web:http/tcp | changed, 2 differences\n1 Service port: 0 added, 0 removed, 1 changed\n"),
    ])
    func diffIsNarrowed(_ options: [String], _ code: Int32, _ output: String) throws {
        let save = try String(contentsOfFile: "\(Package.fixtures)/demo/ipv4.save", encoding: .utf8)
        let changed = save.replacing("10.244.1.71:8080\n", with: "10.244.1.99:8080\n")
        let arguments = ["diff", "--node", "worker-1", "--cluster-cidr", "10.244.0.0/16"] + options + [Self.demo, "-"]
        expect(try Tool.run(arguments, input: Array(changed.utf8)), code, output: output)
    }

    @Test(arguments: [["--stat", "-o", "json"], ["-n", "shop", "-o", "unified"], ["--ignore", "pods"]])
    func wrongOptionsOfDiff(_ options: [String]) throws {
        expect(try Tool.run(["diff"] + options + [Self.demo, Self.demo]), 64, output: "")
    }
}
