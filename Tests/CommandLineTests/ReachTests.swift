import Foundation
import Testing

/// `reach`, `diff --flows`, `upgrade` and `check` of the demo cluster, whose Services are small enough to be known by heart.
@Suite struct ReachTests {
    private static let demo = "\(Package.fixtures)/demo/cluster.json"
    private static let node = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16", "--family", "ipv4"]

    private func flows(_ target: String, _ source: String) throws -> [[String: Any]] {
        let result = try Tool.run(["reach", "--to", target, "--from", source, "-o", "json"] + Self.node + [Self.demo])
        #expect(result.ending == .exit(0), "\(result.errorText)")
        let object = try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any]
        #expect(object?["schema"] as? String == "kubechains/reach/v1")
        let results = try #require(object?["results"] as? [[String: Any]])
        return try #require(results.first?["flows"] as? [[String: Any]])
    }

    /// A pod of worker-2 at worker-1's node port under the policy Local: only the endpoint on worker-1 answers it.
    @Test func podOfAnotherNodeAtALocalNodePort() throws {
        let flow = try #require(
            flows("ingress-nginx/ingress-nginx-controller:https", "10.244.2.9").first {
                ($0["to"] as? [String: Any])?["kind"] as? String == "nodePort"
            })
        #expect((flow["from"] as? [String: Any])?["origin"] as? String == "other-pod")
        let outcome = try #require(flow["outcome"] as? [String: Any])
        #expect(outcome["source"] as? String == "preserved")
        let endpoints = try #require(outcome["endpoints"] as? [[String: Any]])
        #expect(endpoints.count == 2 && endpoints.count { $0["answers"] as? Bool == false } == 1)
    }

    private static let hostNetwork = """
        {"apiVersion": "v1", "kind": "List", "items": [
          {"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "ingress", "name": "nginx"},
           "spec": {"type": "NodePort", "clusterIP": "10.96.0.5",
                    "ports": [{"name": "http", "port": 80, "protocol": "TCP", "nodePort": 30080}]}},
          {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
           "metadata": {"namespace": "ingress", "name": "nginx-1", "labels": {"kubernetes.io/service-name": "nginx"}},
           "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
           "endpoints": [{"addresses": ["192.168.0.2"], "nodeName": "a"}, {"addresses": ["192.168.0.3"], "nodeName": "b"}]},
          {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}, "spec": {"podCIDRs": ["10.244.1.0/24"]},
           "status": {"addresses": [{"type": "InternalIP", "address": "192.168.0.2"}]}},
          {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "b"}, "spec": {"podCIDRs": ["10.244.2.0/24"]},
           "status": {"addresses": [{"type": "InternalIP", "address": "192.168.0.3"}]}}
        ]}
        """

    /// What is for the node itself never goes through POSTROUTING: an endpoint with the node's own address sees its clients where the
    /// others see the node (`ReachKernelTests` sends such packets, the Service is `partly-on-the-node`).
    @Test(arguments: ["iptables", "nftables", "ipvs"])
    func endpointOnTheNodeItself(_ mode: String) throws {
        let options = ["--node", "a", "--cluster-cidr", "10.244.0.0/16", "--proxy-mode", mode, "-"]
        func run(_ words: [String]) throws -> Program.Result {
            try Tool.run(words + options, input: Array(Self.hostNetwork.utf8))
        }
        let asked = ["reach", "--to", "192.168.0.2:30080", "--from", "outside"]
        let object = try JSONSerialization.jsonObject(with: Data(run(asked + ["-o", "json"]).output)) as? [String: Any]
        let flows = try #require((object?["results"] as? [[String: Any]])?.first?["flows"] as? [[String: Any]])
        let outcome = try #require(flows.first?["outcome"] as? [String: Any])
        #expect(flows.count == 1 && outcome["source"] as? String == "rewritten")
        let endpoints = try #require(outcome["endpoints"] as? [[String: Any]])
        #expect(endpoints.map { $0["address"] as? String } == ["192.168.0.2", "192.168.0.3"])
        #expect(endpoints.map { $0["source"] as? String } == ["preserved", nil])
        #expect(try run(asked).outputText.contains("2 endpoints  partly rewritten  1/2"))

        let folder = try TemporaryFolder()
        let checks = try folder.write(
            "checks.json",
            """
            {"checks": [{"name": "hides clients", "from": "outside", "to": "192.168.0.2:30080", "nodes": "a", \
            "expect": "source-rewritten"}]}
            """)
        let result = try run(["check", checks])
        #expect(result.ending == .exit(1), "\(result.outputText)\(result.errorText)")
        #expect(result.outputText.contains("source IP partly rewritten, not for 192.168.0.2, the node itself"))
    }

    /// A table fits 80 columns with the longest of addresses too. Nothing is said of the family that no Service has.
    @Test func longAddresses() throws {
        let snapshot = """
            {"apiVersion": "v1", "kind": "List", "items": [
              {"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "web"},
               "spec": {"type": "LoadBalancer", "clusterIP": "2001:db8:1234:5678:9abc:def0:1234:5678",
                        "ports": [{"name": "http", "port": 8080, "nodePort": 30080}]},
               "status": {"loadBalancer": {"ingress": [{"ip": "2001:db8:ffff:5678:9abc:def0:1234:5678"}]}}},
              {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv6",
               "metadata": {"namespace": "shop", "name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
               "ports": [{"name": "http", "port": 80}],
               "endpoints": [{"addresses": ["fd00:1::2"], "nodeName": "a"}]},
              {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}, "spec": {"podCIDRs": ["fd00:1::/64"]},
               "status": {"addresses": [{"type": "InternalIP", "address": "fd00:9::1"}]}}
            ]}
            """
        let result = try Tool.run(["reach", "--cluster-cidr", "fd00:1::/64", "-"], input: Array(snapshot.utf8))
        #expect(result.ending == .exit(0) && result.errorText == "")
        #expect(result.outputText.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(result.outputText)")
        #expect(
            result.outputText.contains(
                """
                  [2001:db8:1234:5678:9abc:def0:1234:5678]:8080
                      1 endpoint  preserved  all    this node's pods

                """))
        let other = try Tool.run(["reach", "--family", "ipv4", "-"], input: Array(snapshot.utf8))
        #expect(other.errorText.contains("was --family ipv6 meant?"))
    }

    /// The nodes with an endpoint of ingress serve clients outside, the other one drops their packets.
    @Test func allNodes() throws {
        let asked = ["reach", "--all-nodes", "--to", "203.0.113.10:443", "--from", "outside", Self.demo]
        let result = try Tool.run(asked + ["-o", "json", "--cluster-cidr", "10.244.0.0/16"])
        #expect(result.ending == .exit(0), "\(result.errorText)")
        let object = try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any]
        let results = try #require(object?["results"] as? [[String: Any]])
        #expect(results.compactMap { $0["node"] as? String } == ["control-plane-1", "worker-1", "worker-2"])
        let verdicts = results.map { result in
            let outcomes = (result["flows"] as? [[String: Any]] ?? []).compactMap { $0["outcome"] as? [String: Any] }
            return outcomes.compactMap { $0["verdict"] as? String }
        }
        #expect(verdicts == [["timeout"], ["endpoints"], ["endpoints"]])
        #expect(try Tool.run(asked + ["--shard", "1/3"]).outputText.hasPrefix("IPv4 on node worker-1, "))
        #expect(try Tool.run(asked + ["--node", "worker-1"]).ending == .exit(64))
    }

    /// `--all-nodes` asks every Node although a configuration names one, and `--shard` some of them.
    @Test(arguments: [
        ([], "worker-1", "worker-1"), (["--all-nodes"], "all 3 nodes", "control-plane-1"),
        (["--all-nodes", "--shard", "2/3"], "worker-2", "worker-2"),
    ])
    func nodesOfUpgradeAndChecks(_ options: [String], _ changed: String, _ first: String) throws {
        let folder = try TemporaryFolder()
        let configuration = try folder.write(
            "config.json",
            """
            {"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", \
            "hostnameOverride": "worker-1"}
            """)
        let checks = try folder.write(
            "checks.json",
            """
            {"checks": [{"name": "never", "from": "pods", "to": "shop/web:http", "expect": "refused"}]}
            """)
        let asked = options + ["--config", configuration]
        let upgrade = try Tool.run(["upgrade", "--to-mode", "nftables"] + asked + [Self.demo])
        #expect(upgrade.ending == .exit(1))
        #expect(upgrade.outputText.contains("from this node, on \(changed)\n"), "\(upgrade.outputText)")
        let check = try Tool.run(["check"] + asked + [checks, Self.demo])
        #expect(check.ending == .exit(1))
        #expect(check.outputText.contains("on \(first), from "), "\(check.outputText)")
    }

    /// Source ranges split a load balancer's clients.
    @Test func clientOutsideTheSourceRanges() throws {
        let verdicts = try ["198.51.100.9", "198.51.100.200"].map { client in
            let flow = try #require(flows("203.0.113.20:443", client).first)
            return (flow["outcome"] as? [String: Any])?["verdict"] as? String
        }
        #expect(verdicts == ["endpoints", "timeout"])
    }

    @Test func unknownServiceIsSuggested() throws {
        let result = try Tool.run(["reach", "--to", "shop/wbe"] + Self.node + [Self.demo])
        #expect(result.ending == .exit(2))
        #expect(
            result.errorText.contains("the snapshot has no Service shop/wbe") && result.errorText.contains("shop/web"))
    }

    /// A changed endpoint changes the flows of its Service and of no other.
    @Test func flowsOfOneService() throws {
        let text = try String(contentsOfFile: Self.demo, encoding: .utf8)
        let changed = Array(text.replacingOccurrences(of: "10.244.1.71", with: "10.244.1.99").utf8)
        let arguments = ["diff", "--flows", "-o", "json"] + Self.node
        let result = try Tool.run(arguments + [Self.demo, "-"], input: changed)
        #expect(result.ending == .exit(1), "\(result.errorText)")
        let object = try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any]
        let changes = try #require(object?["changes"] as? [[String: Any]])
        let services = Set(changes.compactMap { ($0["to"] as? [String: Any])?["servicePort"] as? String })
        #expect(services == ["shop/web:http"])
        expect(try Tool.run(["diff", "--flows"] + Self.node + [Self.demo, Self.demo]), 0, output: "")
    }

    /// Only connections to Services that are asked for are compared, and `-q` writes nothing.
    @Test(
        arguments: [
            (["-n", "shop"], ["shop/catalog:http", "shop/web:http"]), (["--service", "web"], ["shop/web:http"]),
            (["-l", "app.kubernetes.io/name=catalog"], ["shop/catalog:http"]), (["-n", "data"], []),
        ] as [([String], Set<String>)])
    func flowsAreNarrowed(_ options: [String], _ services: Set<String>) throws {
        let code: Int32 = services.isEmpty ? 0 : 1
        var text = try String(contentsOfFile: Self.demo, encoding: .utf8)
        for address in ["10.244.1.71", "10.244.1.48"] {
            text = text.replacingOccurrences(of: address, with: "10.244.1.99")
        }
        let arguments = ["diff", "--flows", "-o", "json"] + options + Self.node
        let result = try Tool.run(arguments + [Self.demo, "-"], input: Array(text.utf8))
        #expect(result.ending == .exit(code), "\(result.errorText)")
        expect(try Tool.run(arguments + ["-q", Self.demo, "-"], input: Array(text.utf8)), code, output: "")
        let object = try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any]
        let changes = try #require(object?["changes"] as? [[String: Any]])
        let found = Set(changes.compactMap { ($0["to"] as? [String: Any])?["servicePort"] as? String })
        #expect(found == services)
    }

    @Test(arguments: [["--brief"], ["--strict"], ["--stat"], ["--ignore", "endpoints"]])
    func flowsHaveNoRules(_ options: [String]) throws {
        let result = try Tool.run(["diff", "--flows"] + options + Self.node + [Self.demo, Self.demo])
        expect(
            result, 64, output: "",
            errors: [
                "error: --flows compares connections; leave --brief, --strict, --ignore and --stat out "
                    + "(see 'kubechains help diff')"
            ])
    }

    /// In both families and with a load balancer, the picture is XML.
    @Test(.enabled(if: Program.installed("xmllint") != nil, "Needs xmllint."))
    func pictureIsXML() throws {
        let options = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16", Self.demo]
        let result = try Tool.run(["reach", "--to", "shop/partner-api", "-o", "svg"] + options)
        #expect(result.outputText.contains("203.0.113.20:443/tcp"))
        expect(try Tool.shell("xmllint --noout -", input: result.output), 0, output: "", errors: [])
    }

    @Test func upgradeNamesVersionsAndLeftOvers() throws {
        let result = try Tool.run(
            ["upgrade", "--kube-proxy-version", "1.30", "--to", "1.37", "--to-mode", "nftables", "-o", "json"]
                + ["--cluster-cidr", "10.244.0.0/16", Self.demo])
        #expect(result.ending == .exit(1), "\(result.errorText)")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any])
        let reasons = Set((object["changes"] as? [[String: Any]] ?? []).compactMap { $0["reason"] as? String })
        // Of what 1.31 brings, hints change where connections go, not the counters or the word primary.
        #expect(reasons.contains("1.31 (#125838)"), "\(reasons)")
        #expect(reasons.contains("nftables mode (KEP-3866)"), "\(reasons)")
        let beside = try #require((object["unserved"] as? [[String: Any]])?.first)
        #expect(beside["kind"] as? String == "other-ports")
        let kinds = (object["modeChanges"] as? [[String: Any]] ?? []).compactMap { $0["kind"] as? String }
        #expect(kinds.contains("effect") && kinds.contains("left-over"))
    }

    @Test func upgradeSaysWhatComes() throws {
        let result = try Tool.run(["upgrade", "--to", "1.37", "--cluster-cidr", "10.244.0.0/16", Self.demo])
        #expect(result.ending == .exit(0), "\(result.outputText)\(result.errorText)")
        let warning = "kube-proxy warns if no mode is set; kubeadm sets iptables (#139957)"
        #expect(result.outputText.contains("from 1.37 on: \(warning)"))
        #expect(result.outputText.contains("1.40, planned: kube-proxy without a mode runs in nftables mode (KEP-5343)"))
        let newer = try Tool.run(["upgrade", "--to", "1.38", "--cluster-cidr", "10.244.0.0/16", Self.demo])
        #expect(newer.errorText.contains("warning: kube-proxy 1.38 is newer than all versions that are known here"))
    }

    /// A flag or a configuration that names the mode is not told that none is set.
    @Test(arguments: [["--proxy-mode", "iptables"], ["--config", "mode.json"]])
    func upgradeKnowsWhereTheModeIsSet(_ options: [String]) throws {
        let folder = try TemporaryFolder()
        let kind = #""apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration""#
        let file = try folder.write("mode.json", "{\(kind), \"mode\": \"iptables\"}")
        let arguments = options.map { $0 == "mode.json" ? file : $0 }
        let step = ["upgrade", "--to", "1.37", "--cluster-cidr", "10.244.0.0/16", Self.demo]
        let result = try Tool.run(step + arguments)
        #expect(result.ending == .exit(0), "\(result.outputText)\(result.errorText)")
        #expect(!result.outputText.contains("no mode is set") && !result.outputText.contains("without a mode"))
    }

    /// What packets met in IPVS mode in a kernel where they fare otherwise in iptables mode (`IPVSFlowTests`).
    @Test func diffToIPVSMode() throws {
        let cluster = "\(Package.root)/Tests/CommandLineTests/Support/ipvs-differences/cluster.json"
        let host = ["192.168.0.2", "10.244.1.1", "127.0.0.1"].flatMap { ["--node-address", $0] }
        let result = try Tool.run(
            ["diff", "--flows", "--right", "--proxy-mode ipvs", "--family", "ipv4", "-o", "json", cluster, cluster]
                + ["--node", "a", "--cluster-cidr", "10.244.0.0/16"] + host)
        #expect(result.ending == .exit(1), "\(result.errorText)")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any])
        let changes = try #require(object["changes"] as? [[String: Any]])
        func outcome(_ change: [String: Any], _ side: String) -> String {
            let outcome = change[side] as? [String: Any] ?? [:]
            let endpoints = outcome["endpoints"] as? [[String: Any]] ?? []
            let addresses = endpoints.compactMap { $0["address"] as? String }
            return addresses.isEmpty ? outcome["verdict"] as? String ?? "" : addresses.joined(separator: " ")
        }
        let (pod, both, far) = ("10.244.1.5", "10.244.1.5 10.244.2.6", "10.244.2.6")
        let expected = [
            ("pod", "192.168.0.77", 80, both, pod), ("node", "192.168.0.2", 30080, both, pod),
            ("pod", "10.96.0.31", 80, "timeout", "refused"), ("node", "10.96.0.31", 80, "timeout", "refused"),
            ("pod", "10.96.0.32", 80, "timeout", far), ("node", "10.96.0.32", 80, "timeout", far),
            ("node", "192.168.0.78", 80, far, "timeout"), ("node", "127.0.0.1", 30080, both, "refused"),
        ]
        for (origin, address, port, before, after) in expected {
            let found = changes.filter { change in
                let (from, to) = (change["from"] as? [String: Any], change["to"] as? [String: Any])
                return from?["origin"] as? String == origin && to?["address"] as? String == address
                    && to?["port"] as? Int == port
            }
            #expect(
                found.contains { outcome($0, "before") == before && outcome($0, "after") == after },
                "\(origin) to \(address):\(port): \(found)")
        }
        // These fare alike; the other node's pod, which is the only endpoint, is not the sender that was measured.
        for (address, port) in [("192.168.0.78", 80), ("10.96.0.33", 80)] {
            let found = changes.filter { change in
                let (from, to) = (change["from"] as? [String: Any], change["to"] as? [String: Any])
                return from?["origin"] as? String == "pod" && from?["ranges"] as? [String] != ["10.244.2.6/32"]
                    && to?["address"] as? String == address && to?["port"] as? Int == port
            }
            #expect(found.isEmpty, "\(address):\(port): \(found)")
        }
    }

    /// Packets that another node translates are not shown; they are counted.
    @Test func diffToNftablesMode() throws {
        let result = try Tool.run(
            ["diff", "--flows", "--right", "--proxy-mode nftables", "--family", "ipv4"] + Self.node
                + [Self.demo, Self.demo])
        #expect(result.ending == .exit(1))
        #expect(!result.outputText.contains("10.96.58.190:5672 from other nodes' pods"))
        // Such a pod that sends to a node port of this node comes here; one that is the endpoint is masqueraded in iptables
        // mode alone (SPEC-NFTABLES §16, 22).
        #expect(result.outputText.contains("node port 192.168.1.21:31080 from other nodes' pods"))
        #expect(result.outputText.contains("1 of 2 endpoints answer, times out to itself (10.244.1.46:80, "))
        #expect(result.outputText.contains("not shown: ") && result.outputText.contains("node port 127.0.0.1:30080"))
    }

    /// A Service port that is not there is no expectation that fails.
    @Test(arguments: [
        ("shop/search:htp", "error: x: the Service shop/search has no port htp; did you mean 'http'?"),
        ("shop/search:81", "error: x: the Service shop/search has no port 81\n"),
        ("shop/serach", "error: x: the snapshot has no Service shop/serach; did you mean 'shop/search'?"),
    ])
    func checksOfWhatIsNotThere(_ target: String, _ message: String) throws {
        let folder = try TemporaryFolder()
        let check = "{\"name\": \"x\", \"from\": \"pods\", \"to\": \"\(target)\", \"expect\": \"blocked\"}"
        let result = try Tool.run(["check", folder.write("checks.json", "{\"checks\": [\(check)]}"), Self.demo])
        #expect(result.ending == .exit(2) && result.errorText.contains(message), "\(result.errorText)")
    }

    @Test func checksHoldOrShowAPacket() throws {
        let folder = try TemporaryFolder()
        let checks = try folder.write(
            "checks.json",
            """
            {"checks": [
              {"name": "pods reach search", "from": "pods", "to": "shop/search", "expect": "reaches"},
              {"name": "nobody reaches web", "from": "outside", "to": "shop/web", "expect": "blocked"}
            ]}
            """)
        let result = try Tool.run(["check", checks, "-o", "json"] + Self.node + [Self.demo])
        #expect(result.ending == .exit(1), "\(result.errorText)")
        let object = try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any]
        let results = try #require(object?["checks"] as? [[String: Any]])
        #expect(results.map { $0["name"] as? String } == ["pods reach search", "nobody reaches web"])
        #expect(results[1]["holds"] as? Bool == false)
        let example = try #require(results[1]["counterexample"] as? [String: Any])
        #expect(example["node"] as? String == "worker-1" && example["to"] as? String == "10.96.45.11:80")
    }

    /// Two checks of one name would be one test case.
    @Test func checksHaveNamesOfTheirOwn() throws {
        let check = #"{"name": "x", "from": "pods", "to": "shop/web", "expect": "reaches"}"#
        let folder = try TemporaryFolder()
        let file = try folder.write("checks.json", "{\"checks\": [\(check),\n\(check)]}")
        let result = try Tool.run(["check", file, Self.demo])
        #expect(result.ending == .exit(2))
        #expect(result.errorText.contains(":2:1: error: "), "\(result.errorText)")
        #expect(result.errorText.contains("two checks have the name \"x\""), "\(result.errorText)")
    }

    /// What the schema refuses, the program refuses, and neither refuses the checks of the documentation.
    @Test(arguments: faultyChecks)
    func faultyChecksAreRefused(_ text: String, _ message: String) throws {
        let folder = try TemporaryFolder()
        let result = try Tool.run(["check", folder.write("checks.json", text), Self.demo])
        #expect(result.ending == .exit(2))
        #expect(result.errorText.contains(message), "\(result.errorText)")
    }

    static let faultyChecks = [
        (#"{"checks": [{"from": "pods", "to": "a/b", "expect": "reach"}]}"#, ":1:53: error: "),
        (#"{"checks": [{"from": "pod", "to": "a/b", "expect": "reaches"}]}"#, ":1:22: error: "),
        (#"{"checks": [{"name": "x", "to": "a/b", "expect": "reaches"}]}"#, "has no 'from'"),
        (#"{"checks": [{"from": "pods", "to": "a/b", "expect": "reaches"}]}"#, "has no 'name'"),
        (
            #"{"checks": [{"name": "x", "from": "pods", "to": ["a/b"], "expect": "reaches"}]}"#,
            "to is an array; expected a string"
        ),
        (
            #"{"checks": [{"name": "x", "from": "pods", "to": "a/b", "expect": "reaches-only"}]}"#,
            "give both or neither"
        ),
        (
            #"{"checks": [{"name": "x", "from": "pods", "to": "a/b", "expect": "refused", "only": "n"}]}"#,
            "give both or neither"
        ),
        (#"{"checks": [{"form": "pods"}]}"#, "has no member \"form\""), (#"{}"#, "has no 'checks'"),
        ("[]", ":1:1: error: "),
    ]
}
