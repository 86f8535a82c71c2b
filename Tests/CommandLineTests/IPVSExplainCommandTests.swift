import Foundation
import Testing

/// `explain` and `lint` with `--proxy-mode ipvs`: what the forms say, targets, schedulers, and lint's goldens.
@Suite struct IPVSExplainCommandTests {
    private static let cluster = "\(Package.fixtures)/demo/cluster.json"
    private static let mode = ["--proxy-mode", "ipvs"]

    private func explain(_ target: String, _ more: [String] = []) throws -> Program.Result {
        let options = Package.lines(of: "demo/options") ?? []
        return try Tool.run(["explain", target] + options + Self.mode + more + [Self.cluster])
    }

    /// Both forms say the same, and the texts that `render` writes hold what is explained.
    @Test(arguments: ExplainGolden.ipvs)
    func formsAgree(_ golden: ExplainGolden) throws {
        func letters(_ text: String) -> String { text.filter { !" \n│├└─".contains($0) } }
        let text = letters(try golden.text("all"))
        let json = try golden.text("json")
        let object = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        let family = try #require(object["family"] as? String).lowercased()
        func render(_ form: String) throws -> Set<String> {
            let options = Package.lines(of: "demo/options") ?? []
            let arguments = ["render", "--family", family, "-o", form] + options + Self.mode + [Self.cluster]
            return Set(try Tool.run(arguments).outputText.split(separator: "\n").map(String.init))
        }
        let ipvsadm = try render("ipvsadm")
        let ipset = try render("ipset")
        let rules = try render("restore")
        var count = 0
        for service in try #require(object["services"] as? [[String: Any]]) {
            for server in service["virtualServers"] as? [[String: Any]] ?? [] {
                let line = try #require(server["ipvsadm"] as? String)
                #expect(ipvsadm.contains(line) && text.contains(letters(line)), "\(line)")
                let policy = try #require(server["policy"] as? String)
                #expect(text.contains(letters(policy)))
                count += 1
            }
            for set in service["sets"] as? [[String: Any]] ?? [] {
                for entry in set["entries"] as? [String] ?? [] {
                    #expect(ipset.contains("add \(set["name"] ?? "") \(entry)") && text.contains(letters(entry)))
                }
            }
            for rule in service["rules"] as? [[String: Any]] ?? [] {
                let line = try #require(rule["text"] as? String)
                #expect(rules.contains(line) && text.contains(letters(line)), "\(line)")
            }
            for difference in service["differences"] as? [[String: Any]] ?? [] {
                for side in ["who", "iptables", "ipvs"] {
                    #expect(text.contains(letters(try #require(difference[side] as? String))))
                }
            }
        }
        #expect(count > 0 || golden.target.hasPrefix("KUBE-") || golden.name == "external-name")
    }

    /// What a target names, and names cut short.
    @Test(arguments: [
        ("10.96.0.10:53/udp", "10.96.0.10:53 is the cluster IP of kube-system/kube-dns:dns/udp"),
        ("192.168.1.21:30080", "192.168.1.21:30080 is the node port of shop/catalog:http/tcp"),
        ("10.244.1.14:5432", "10.244.1.14 is an endpoint of data/postgres"),
        ("KUBE-CLUSTER-IP", "set KUBE-CLUSTER-IP, hash:ip,port: Kubernetes service cluster ip + port for masquerade"),
        ("KUBE-HEALTH", "set KUBE-HEALTH-CHECK-NODE-PORT, bitmap:port: "),
        ("KUBE-6-CLUSTER-IP", "set KUBE-6-CLUSTER-IP, hash:ip,port: "),
        ("KUBE-SERVICES", "KUBE-SERVICES in table nat: "), ("KUBE-IPVS-OUT", "KUBE-IPVS-OUT-FILTER in table filter: "),
    ])
    func targets(_ target: String, _ start: String) throws {
        let result = try explain(target)
        expect(result, 0, errors: [])
        #expect((inOneLine(result.outputText) + " ").hasPrefix(start), "\(result.outputText.prefix(200))")
    }

    @Test(arguments: [
        (
            "KUBE-SVC-67NZLRHBNDSAWJRO",
            "in IPVS mode Services and endpoints have no chains; --proxy-mode iptables explains KUBE-SVC-67NZLRHBNDSAWJRO"
        ),
        (
            "KUBE-CLUSTER-IPS",
            "IPVS mode has no set or chain KUBE-CLUSTER-IPS, or one whose name begins so; did you mean"
        ),
        ("KUBE-LOAD", "KUBE-LOAD begins 5 names: KUBE-LOAD-BALANCER, KUBE-LOAD-BALANCER-FW, "),
        (
            "127.0.0.1:30080",
            "30080 is the node port of shop/catalog:http, but in IPVS mode node ports do not answer on loopback addresses"
        ),
        ("shop/wbe", "the snapshot has no Service shop/wbe; did you mean 'shop/web'?"),
    ])
    func notThere(_ target: String, _ words: String) throws {
        let result = try explain(target)
        expect(result, 2, output: "")
        #expect(result.errorLines.count == 1 && result.errorText.hasPrefix("error: "))
        #expect(result.errorText.contains(words), "\(result.errorText)")
    }

    /// Each scheduler says what decides, and only those that take turns give shares.
    @Test(arguments: [
        ("rr", "take turns", true), ("wrr", "take turns", true), ("lc", "fewest connections", false),
        ("wlc", "fewest connections", false), ("sed", "fewest active connections", false),
        ("nq", "without active connections", false), ("lblc", "virtual address", false),
        ("lblcr", "virtual address", false), ("dh", "hash of the virtual address", false),
        ("sh", "hash of the client's address", false), ("mh", "client's address and port", false),
        ("fo", "highest weight", false), ("ovf", "are refused", false),
    ])
    func schedulers(_ scheduler: String, _ words: String, _ isShared: Bool) throws {
        let text = try explain("shop/web", ["--ipvs-scheduler", scheduler]).outputText
        #expect(text.contains("scheduler \(scheduler): ") && text.contains(words))
        #expect(text.contains("  weight 1  ") != isShared)
        #expect(text.contains(" -s \(scheduler)"))
    }

    /// A configuration decides as the flag does.
    @Test func configuration() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "config.json",
            #"{"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "ipvs"}"#)
        let options = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16,fd00:10:244::/56"]
        let result = try Tool.run(["explain", "shop/admin"] + options + ["--config", file, Self.cluster])
        let golden = try #require(ExplainGolden.ipvs.first { $0.name == "admin" })
        expect(result, 0, output: try golden.text("text"), errors: [])
    }

    // MARK: lint

    private static let lintOptions = ["--cluster-cidr", "10.244.0.0/16,fd00:10:244::/56"]

    @Test(arguments: [("text", "txt"), ("json", "json")])
    func lintGolden(_ form: String, _ suffix: String) throws {
        let arguments = ["lint", "-o", form] + Self.mode + Self.lintOptions + ["Fixtures/demo/cluster.json"]
        let golden = try String(contentsOfFile: "\(Package.fixtures)/demo/lint-ipvs.\(suffix)", encoding: .utf8)
        expect(
            try Tool.run(arguments, in: Package.root), 1, output: golden,
            errors: ["27 Services checked on 3 nodes: 8 warnings, 40 for information"])
    }

    /// What a reader of the demo cluster's objects finds by hand.
    @Test func lintByHand() throws {
        let report = try String(contentsOfFile: "\(Package.fixtures)/demo/lint-ipvs.txt", encoding: .utf8)
        func found(_ subject: String) -> [String] {
            report.split(separator: "\n").filter { $0.contains(": \(subject): ") && $0.hasSuffix("]") }
                .compactMap { $0.split(separator: "[").last.map { String($0.dropLast()) } }
        }
        // One pod on worker-2, policy Local, and nothing but the cluster IP.
        #expect(found("monitoring/statsd:statsd/udp") == ["ipvs-internal-refusal"])
        // One pod on worker-2, policy Local, and a node port; the pod is not everywhere.
        #expect(
            found("shop/admin:https/tcp") == ["ipvs-external-fallback", "ipvs-loopback-node-port", "ipvs-own-source"])
        // Pods on both workers.
        #expect(
            found("shop/images:http/tcp") == [
                "ipvs-external-fallback", "ipvs-local-only", "ipvs-loopback-node-port", "ipvs-own-source",
            ])
        // A load balancer's IP and source ranges.
        #expect(found("Service shop/partner-api") == ["ipvs-arp", "ipvs-other-ports", "ipvs-source-ranges"])
        #expect(found("Service shop/cart") == ["ipvs-affinity"])
        #expect(found("shop/web:http/tcp") == [])
    }
}
