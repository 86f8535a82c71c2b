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
        ("ipvs-and-hosts/lbnode.json", ["--proxy-mode", "ipvs"], "ipvs-node-address", "192.168.1.1 is Node n1's"),
        ("ipvs-and-hosts/extnode.json", ["--proxy-mode", "ipvs"], "ipvs-node-address", "192.168.1.2 is Node n2's"),
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
        ("01-portname/noname.json", [], "port-without-slice"), ("01-portname/noname.json", [], "no-endpoints"),
        ("ipvs-and-hosts/base.json", ["--proxy-mode", "ipvs"], "ipvs-node-address"),
        ("ipvs-and-hosts/lbnode.json", [], "ipvs-node-address"),
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
        #expect(result.errorText.contains(name == "table-kind" ? "this is a Table" : "no Services"))
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

    // MARK: trace

    private static func trace(_ arguments: [String]) throws -> String {
        let result = try Tool.run(["trace"] + arguments)
        #expect(result.ending == .exit(0), "\(result.errorText)")
        return result.outputText + result.errorText
    }

    private static func headings(_ report: String) -> [String] {
        report.split(separator: "\n").filter { $0.hasPrefix("100%") }.map { String($0.dropFirst(6)) }
    }

    private static let packet = ["--from", "192.0.2.9", "--node-address", "10.20.0.11"]

    /// What sets do to marks and to other sets is not overlooked, and a refusal can be lost.
    @Test(arguments: [
        (
            "set1", "10.20.0.11:81",
            ["accepted, for this host: 10.20.0.11:81", "rejected on the way to 10.20.0.11:81, with tcp-reset"]
        ),
        ("set2", "10.20.0.11:81", ["rejected on the way to 10.20.0.11:81, with tcp-reset"]),
        (
            "reject-output-drop", "10.20.0.11:81",
            ["rejected on the way to 10.20.0.11:81, but the refusal is dropped on its way to the client"]
        ),
        (
            "reject-output-drop", "10.20.0.11:82",
            ["rejected on the way to 10.20.0.11:82, but the refusal is dropped on its way to the client"]
        ),
        (
            "reject-output-drop", "10.20.0.12:83",
            ["rejected on the way to 10.20.0.12:83, but the refusal is dropped on its way to the client"]
        ),
        ("reject-output-drop", "10.20.0.11:84", ["accepted, for this host: 10.20.0.11:84"]),
    ])
    func sideEffects(_ dump: String, _ to: String, _ expected: [String]) throws {
        let report = try Self.trace(Self.packet + ["--to", to, Self.folder + "dumps/\(dump).txt"])
        #expect(Self.headings(report) == expected, "\(report)")
        if expected[0].hasSuffix("the client") { #expect(report.contains("times out: the refusal is dropped")) }
    }

    /// Targets without options are written as jumps to chains that are not there.
    @Test(arguments: ["FULLCONENAT", "TARPIT"])
    func targetWithoutOptions(_ target: String) throws {
        let dump = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 81 -j \(target)\nCOMMIT\n"
        let result = try Tool.run(["trace"] + Self.packet + ["--to", "10.20.0.11:81", "-"], input: Array(dump.utf8))
        #expect(result.ending == .exit(0), "\(result.errorText)")
        #expect(
            Self.headings(result.outputText).contains {
                $0.hasPrefix("unknown, at a target that is not modelled")
            })
        #expect(result.outputText.contains("\(target) lets the packet go on unchanged"), "\(result.outputText)")
    }

    /// Calico and Weave ask hundreds of sets: what differs in nothing is one outcome, and a set that is named decides.
    @Test(arguments: [false, true])
    func manySets(_ isDeep: Bool) throws {
        var (chains, rules) = ("*filter\n:FORWARD ACCEPT [0:0]\n", "")
        for index in 0..<240 {
            // 80 policies, each in a chain that the one before jumps to, with three sets.
            let chain = isDeep && index >= 3 ? "policy\(index / 3)" : "FORWARD"
            if isDeep, index >= 3, index % 3 == 0 {
                chains += ":\(chain) - [0:0]\n"
                rules += "-A \(index == 3 ? "FORWARD" : "policy\(index / 3 - 1)") -j \(chain)\n"
            }
            rules +=
                "-A \(chain) -m set --match-set set\(index) src -j "
                + ["DROP\n", "ACCEPT\n", "MARK --set-xmark 0x1/0x1\n"][index % 3]
        }
        let dump = Array((chains + rules + "-A FORWARD -m mark --mark 0x1/0x1 -j DROP\nCOMMIT\n").utf8)
        func headings(_ options: [String]) throws -> [String] {
            let arguments = ["trace"] + Self.packet + ["--to", "10.30.0.1:81"] + options + ["-"]
            let result = try Tool.run(arguments, input: dump)
            #expect(result.ending == .exit(0), "\(result.errorText)")
            return Self.headings(result.outputText)
        }
        let accepted = "accepted, sent on to 10.30.0.1:81"
        let dropped = "dropped on the way to 10.30.0.1:81"
        // Accepted with the mark and without, dropped with it and without.
        #expect(try headings([]).sorted() == [accepted, accepted, dropped, dropped])
        #expect(try headings(["--in-set", ""]) == [accepted])
        #expect(try headings(["--in-set", "set1"]) == [accepted])
        #expect(try headings(["--in-set", "set2"]) == [dropped])
        #expect(try headings(["--in-set", "set237"]) == [dropped])
    }

    /// Chains that kernels take.
    @Test func deepChains() throws {
        var dump = "*filter\n:INPUT ACCEPT [0:0]\n"
        for depth in 0...120 { dump += ":x\(depth) - [0:0]\n" }
        dump += "-A INPUT -j x0\n"
        for depth in 0..<120 { dump += "-A x\(depth) -j x\(depth + 1)\n" }
        dump += "-A x120 -j DROP\nCOMMIT\n"
        let result = try Tool.run(["trace"] + Self.packet + ["--to", "10.20.0.11:81", "-"], input: Array(dump.utf8))
        #expect(result.outputText.contains("100%  dropped"), "\(result.errorText)")
    }

    /// The mark and the sets that hold the client are given; the mark in the end is printed.
    @Test func marksAndSets() throws {
        let dump =
            "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m set --match-set s src -m mark --mark 0x10 -j DROP\n"
            + "-A INPUT -j MARK --set-xmark 0x4/0x4\nCOMMIT\n"
        func run(_ options: [String]) throws -> String {
            try Tool.run(
                ["trace"] + Self.packet + ["--to", "10.20.0.11:81"] + options + ["-"], input: Array(dump.utf8)
            )
            .outputText
        }
        #expect(try run(["--mark", "16", "--in-set", "s"]).contains("100%  dropped"))
        #expect(try run(["--mark", "0x10", "--in-set", "t"]).contains("mark         0x14"))
        #expect(try Self.headings(run(["--mark", "0x10"])).count == 2)
        #expect(try run([]).contains("mark         0x4"))
    }

    /// A dump that is given with a snapshot takes the node's addresses from it.
    @Test func dumpWithSnapshot() throws {
        let files = ["--live", Self.folder + "16-stale-local/live.txt", Self.folder + "16-stale-local/cluster.json"]
        let report = try Self.trace(["--node", "worker-1", "--from", "192.0.2.9", "--to", "10.20.0.11:31880"] + files)
        #expect(!report.contains("--node-address") && !report.contains("address of this host"), "\(report)")
        #expect(report.contains("dropped on the way to 10.20.0.11:31880"), "\(report)")
    }

    /// `trace` says of a snapshot what `explain` says.
    @Test(arguments: [
        ("24-fqdn", "10.96.40.24:81", "10.96.40.24 is the cluster IP of default/po, which has no port 81"),
        (
            "41-proxy-name", "10.96.41.9:80",
            "10.96.41.9 is the cluster IP of default/web: kube-proxy skips it: the label"
        ),
        ("35-localhost", "10.20.0.99:30081", "10.20.0.99 is no address of this node that is known"),
    ])
    func unserved(_ name: String, _ to: String, _ words: String) throws {
        let file = Self.folder + "\(name)/cluster.json"
        let traced = try Tool.run(["trace"] + Self.options + ["--from", "10.244.1.9", "--to", to, file])
        #expect(traced.errorText.contains(words), "\(traced.errorText)")
        let explained = try Tool.run(["explain"] + Self.options + [to, file])
        #expect((explained.errorText + explained.outputText).contains(words.split(separator: ",")[0].prefix(40)))
    }

    /// A pod of another node gets no answer from an endpoint of a third one.
    @Test func podOfAnotherNode() throws {
        let report = try Self.trace([
            "--node", "worker-2", "--cluster-cidr", "10.244.0.0/16", "--from", "10.244.1.9", "--to", "10.20.0.12:30500",
            Self.folder + "61-pod-other-node-np/cluster.json",
        ])
        #expect(report.contains("times out: the client is a pod of worker-1"), "\(report)")
    }

    // MARK: explain

    /// What was skipped is named with its reason.
    @Test(arguments: [
        ("35-localhost", "[::1]:30081", 2, "node ports never answer on ::1"),
        ("35-localhost", "127.0.0.1:30081", 0, "127.0.0.1:30081 is the node port of default/np"),
        ("35-localhost", "30081", 0, "30081 is the node port of default/np"),
        ("35-localhost", "np", 0, "node port 30081"), ("35-localhost", "np:80", 0, "node port 30081"),
        ("35-localhost", "30082", 2, "no Service of the snapshot has the node port 30082"),
        ("40-terminating", "32534", 0, "kube-proxy itself answers 503"),
        ("24-fqdn", "po", 0, "1 endpoint of slice po-eps: its addressType is neither IPv4 nor IPv6"),
        ("05-edited-endpoints", "default/web", 0, "10.99.0.200 of the Endpoints object"),
        ("05-edited-endpoints", "10.99.0.200", 2, "kube-proxy does not read: it reads EndpointSlices"),
        ("50-old", "KUBE-MARK-DROP", 2, "up to 1.26 kubelet marked packets there"),
    ])
    func explain(_ name: String, _ target: String, _ code: Int32, _ words: String) throws {
        let result = try Tool.run(["explain"] + Self.options + [target, Self.folder + "\(name)/cluster.json"])
        #expect(result.ending == .exit(code), "\(result.errorText)")
        let text = (result.outputText + result.errorText).split { " \n│├└─".contains($0) }.joined(separator: " ")
        #expect(text.contains(words), "\(text)")
    }

    /// A chain of kube-proxy up to 1.23, by its hash.
    @Test func chainOfAnOlderVersion() throws {
        let file = Self.folder + "54-xlb/before.json"
        let text = try Tool.run(["explain"] + Self.options + ["KUBE-XLB-JSLCNGWSGB5JPS5Q", file]).outputText
        #expect(text.contains("KUBE-EXT-JSLCNGWSGB5JPS5Q is the chain of default/lb:http/tcp's traffic"), "\(text)")
    }

    /// All Service ports at a glance.
    @Test(arguments: [
        ("45-webhook", "cert-manager/cert-manager-webhook:https/tcp", "refused: 1 endpoint, none ready"),
        ("24-fqdn", "default/po:http/tcp", "refused: no endpoints that kube-proxy reads"),
        ("41-proxy-name", "default/web/tcp", "no rules: kube-proxy skips it: the label"),
        ("01-portname", "default/mariadb/tcp", "refused: 1 endpoint, none with this port"),
        ("35-localhost", "default/np/tcp", "served by 1 of 2 endpoints"),
    ])
    func list(_ name: String, _ servicePort: String, _ verdict: String) throws {
        let file = Self.folder + "\(name)/cluster.json"
        let text = try Tool.run(["explain", "--list"] + Self.options + [file]).outputText
        let lines = text.split(separator: "\n").filter { $0.hasPrefix(servicePort + " ") }
        #expect(lines.count == 1 && lines.allSatisfy { $0.contains("  " + verdict) }, "\(text)")
        let json = try Tool.run(["explain", "--list", "-o", "json"] + Self.options + [file]).outputText
        #expect(json.contains(verdict), "\(json)")
    }

    // MARK: Inputs

    /// Each is named for what it is.
    @Test(arguments: [
        ("utf16le.json", "UTF-16"), ("utf16le-nobom.json", "UTF-16"), ("cluster.json.gz", "gzip"),
        ("yaml.yaml", "this is YAML"),
        ("kubeproxy.yaml", "this is YAML"), ("warning-first.json", "Warning: v1 Endpoints is deprecated"),
        ("forbidden.txt", "Error from server (Forbidden): nodes is forbidden"),
        ("forbidden-after.json", "Error from server (Forbidden): nodes is forbidden"), ("watch.json", "ask without -w"),
        ("cluster-info-dump.txt", "cluster-info dump"), ("describe.txt", "kubectl describe"),
        ("table-kind.json", "Table"),
        ("truncated.json", "ends in the middle"),
    ])
    func shapes(_ name: String, _ words: String) throws {
        let result = try Self.run("render", Self.options, ["shapes/\(name)"])
        expect(result, 2, output: "")
        #expect(result.errorText.contains(words), "\(result.errorText)")
    }

    @Test func arrayOfObjects() throws {
        let base = try Self.run("render", Self.options, ["shapes/base.json"])
        let array = try Self.run("render", Self.options, ["shapes/array.json"])
        #expect(array.outputText == base.outputText && array.ending == .exit(0))
    }

    /// What kube-proxy's `/configz` prints is a configuration.
    @Test func configz() throws {
        let given = try Self.run(
            "render", ["--cluster-cidr", "10.244.0.0/16", "--node", "worker-1"], ["shapes/base.json"])
        let options = ["--node", "worker-1", "--config", Self.folder + "shapes/configz.json"]
        #expect(try Self.run("render", options, ["shapes/base.json"]).outputText == given.outputText)
        let yaml = ["--node", "worker-1", "--config", Self.folder + "shapes/configmap.json"]
        let refused = try Self.run("render", yaml, ["shapes/base.json"])
        expect(refused, 2, output: "")
        #expect(refused.errorText.contains("as YAML") && refused.errorText.contains("/configz"), "\(refused.errorText)")
    }

    /// Forms of rules that are not iptables-save's are named; a dump that was cut is.
    @Test(arguments: [
        ("70-dumps/both-S.txt", "'iptables -S'"), ("70-dumps/nat-S.txt", "'iptables -S'"),
        ("70-dumps/nat-L.txt", "'iptables -L'"),
        ("dumps/cut.txt", "the text is cut off"), ("shapes/utf16le.json", "UTF-16"),
    ])
    func formsOfRules(_ dump: String, _ words: String) throws {
        for arguments in [["audit"] + Self.options + ["--live"], ["trace"] + Self.packet + ["--to", "10.20.0.11:81"]] {
            let isAudit = arguments[0] == "audit"
            let result = try Tool.run(
                arguments + [Self.folder + dump] + (isAudit ? [Self.folder + "70-dumps/cluster.json"] : []))
            #expect(result.ending == .exit(2))
            #expect(result.errorText.contains(words), "\(result.errorText)")
        }
    }

    /// The line ends of Windows and a byte-order mark are no difference.
    @Test func lineEndsAndByteOrderMark() throws {
        let file = Self.folder + "70-dumps/save-c.txt"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        for other in ["\u{FEFF}" + text, text.replacing("\n", with: "\r\n")] {
            expect(try Tool.run(["diff", "--strict", file, "-"], input: Array(other.utf8)), 0)
        }
        #expect(try Self.run("diff", [], ["dumps/bom.txt", "dumps/bom.txt"]).ending == .exit(0))
    }
}
