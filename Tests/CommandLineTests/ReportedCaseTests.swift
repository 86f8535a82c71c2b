import Foundation
import Testing

/// Cases that people reported (`Fixtures/reports`), tried with the commands that look at a snapshot or at rules.
@Suite struct ReportedCaseTests {
    private static let folder = "\(Package.fixtures)/reports/"
    private static let options = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16"]

    private static func run(_ command: String, _ arguments: [String], _ files: [String]) throws -> Program.Result {
        try Tool.run([command] + arguments + files.map { folder + $0 })
    }

    /// `lint` names the cause.
    @Test(arguments: [
        (
            "04-endpoints-only/cluster.json", [], "endpoints-without-slice",
            "has no EndpointSlice; kube-proxy does not read it"
        ),
        ("04-endpoints-only/skip-mirror.json", [], "endpoints-without-slice", "skip-mirror"),
        ("05-edited-endpoints/cluster.json", [], "endpoints-not-read", "10.99.0.200"),
        ("24-fqdn/cluster.json", [], "slice-of-names", "its endpoint gets no connections"),
        ("06-stale-mirror/cluster.json", [], "slice-managers", "endpointslicemirroring-controller.k8s.io (web-zz7rt)"),
        (
            "09-source-ranges-pods/cluster.json", ["--cluster-cidr", "10.244.0.0/16"], "source-ranges-without-pod",
            "10.244.0.0/16"
        ),
        ("11-mitm/cluster.json", [], "external-ip-of-others", "198.51.100.77:443"),
        ("12-lb-hijack/cluster.json", [], "load-balancer-bypassed", "203.0.113.12"),
        ("17-hints/cluster.json", [], "hints-missing", "no endpoint has a hint"),
        ("22-ports-null/cluster.json", [], "slice-without-ports", "1 endpoint and no port"),
        (
            "39-wrong-cidr/cluster.json", ["--cluster-cidr", "10.42.0.0/16"], "pods-outside-cluster-cidr",
            "10.42.0.0/16"
        ),
        ("41-proxy-name/cluster.json", [], "other-proxy", "service-proxy-name"),
        ("65-ranges-annotation/cluster.json", [], "source-ranges-in-annotation", "203.0.113.80"),
    ])
    func lint(_ file: String, _ options: [String], _ name: String, _ words: String) throws {
        let output = try Self.run("lint", options, [file]).outputText
        let lines = output.split(separator: "\n").filter { $0.hasSuffix("[\(name)]") }
        #expect(lines.contains { $0.contains(words) }, "\(output)")
    }

    /// Nearest cases in which there is no such cause.
    @Test(arguments: [
        ("04-endpoints-only/real.json", [], "endpoints-without-slice"),
        ("12-lb-hijack/proxy.json", [], "load-balancer-bypassed"),
        ("17-hints/full.json", [], "hints-missing"),
        ("39-wrong-cidr/cluster.json", ["--cluster-cidr", "10.244.0.0/16"], "pods-outside-cluster-cidr"),
        ("22-ports-null/all-null.json", [], "slice-without-ports"),
    ])
    func lintIsSilent(_ file: String, _ options: [String], _ name: String) throws {
        let output = try Self.run("lint", options, [file]).outputText
        #expect(!output.contains("[\(name)]"), "\(output)")
    }

    /// A health-check node port is kube-proxy's own.
    @Test func healthCheckNodePort() throws {
        let result = try Tool.run(
            ["explain", "--node", "worker-1", "10.20.0.11:32534", Self.folder + "40-terminating/cluster.json"])
        expect(result, 0)
        let words = result.outputText.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
        #expect(words.contains("kube-proxy itself answers 503: no endpoint of this node is ready"))
    }

    /// Without Services there is nothing to look at.
    @Test(arguments: ["pods", "configmap", "table-kind", "no-services", "single-slice"])
    func lintOfNothing(_ name: String) throws {
        let result = try Self.run("lint", [], ["shapes/\(name).json"])
        expect(result, 2, output: "")
        #expect(result.errorText.contains("no Services"))
    }

    /// A snapshot without slices is one fault, not one for each Service.
    @Test(arguments: ["get-all", "no-slices"])
    func lintWithoutSlices(_ name: String) throws {
        let result = try Self.run("lint", [], ["shapes/\(name).json"])
        #expect(!result.outputText.contains("[no-endpoints]"), "\(result.outputText)")
        #expect(result.errorText.contains("no EndpointSlice"))
    }

    /// Endpoints beside slices of others are not read, as kube-proxy does not read them.
    @Test func endpointsBesideSlices() throws {
        let text = try Self.run("render", Self.options, ["04-endpoints-only/cluster.json"]).outputText
        #expect(
            text.contains("\"default/external has no endpoints\" -m tcp -p tcp -d 10.96.40.4 --dport 443 -j REJECT"))
        #expect(!text.contains("192.168.60.1"))
    }

    /// Slices of `discovery.k8s.io/v1beta1` are converted, and one that comes in both versions counts once.
    @Test func slicesOfV1Beta1() throws {
        let base = try Self.run("render", Self.options, ["shapes/base.json"])
        let old = try Self.run("render", Self.options, ["shapes/v119.json"])
        let mixed = try Self.run("render", Self.options, ["shapes/mixed-v1beta1.json"])
        for result in [old, mixed] {
            #expect(result.ending == .exit(0), "\(result.errorText)")
            #expect(result.errorText.isEmpty, "\(result.errorText)")
            #expect(result.outputText.contains("KUBE-SEP-"))
            #expect(!result.outputText.contains("has no endpoints"), "\(result.outputText)")
        }
        #expect(mixed.outputText == base.outputText)
    }

    /// A port without a name has the empty name, by the API server's defaults.
    @Test func portWithoutName() throws {
        let text = try Self.run("render", Self.options, ["01-portname/noname.json"]).outputText
        #expect(text.contains("--to-destination ") && !text.contains("has no endpoints"), "\(text)")
    }

    /// What does nothing to packets is no difference.
    @Test(arguments: ["b", "c", "d"])
    func emptyChains(_ other: String) throws {
        let files = ["dumps/empty-builtins-a.txt", "dumps/empty-builtins-\(other).txt"]
        for pair in [files, files.reversed()] { expect(try Self.run("diff", [], pair), 0) }
    }

    /// The nearest chains that do something.
    @Test(arguments: [
        ":INPUT DROP [0:0]", ":FOO - [0:0]\n-A PREROUTING -j FOO", ":FOO - [0:0]\n-A FOO -j ACCEPT",
    ])
    func chainsWithEffect(_ lines: String) throws {
        let dump = "*nat\n:PREROUTING ACCEPT [0:0]\n\(lines)\nCOMMIT\n"
        let other = Self.folder + "dumps/empty-builtins-c.txt"
        let result = try Tool.run(["diff", "-", other], input: Array(dump.utf8))
        #expect(result.ending == .exit(1))
    }

    /// A target that is not modelled and has no options is no missing chain; what sets do to marks and to other sets makes
    /// the outcome unknown.
    @Test(arguments: [
        "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 81 -j TARPIT\nCOMMIT\n", "dumps/set1.txt",
        "dumps/set2.txt",
    ])
    func unmodelledTargets(_ dump: String) throws {
        let text =
            dump.hasPrefix("*") ? dump : try String(contentsOfFile: Self.folder + dump, encoding: .utf8)
        let result = try Tool.run(
            ["trace", "--from", "192.0.2.9", "--to", "10.20.0.11:81", "--node-address", "10.20.0.11", "-"],
            input: Array(text.utf8))
        #expect(result.ending != .exit(2) && result.ending != .exit(64), "\(result.errorText)")
        #expect(result.outputText.contains("lets the packet go on unchanged"), "\(result.outputText)")
    }
}
