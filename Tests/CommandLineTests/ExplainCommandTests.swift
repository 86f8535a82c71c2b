import Foundation
import Testing

/// How `explain` takes its target, and what it says where there is none.
@Suite struct ExplainCommandTests {
    private static let options = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16,fd00:10:244::/56"]
    private static let cluster = Package.fixtures + "/demo/cluster.json"

    private func explain(_ target: String, _ more: [String] = []) throws -> Program.Result {
        try Tool.run(["explain", target] + Self.options + more + [Self.cluster])
    }

    /// Other words for the same.
    @Test(arguments: [
        ("shop/web", "shop/web:http"), ("shop/web:80", "shop/web:http"), ("10.96.45.11:80", "10.96.45.11:80/tcp"),
        ("10.96.45.11:80", "10.96.45.11:80/TCP"), ("10.96.45.11:80", "10.96.45.11"),
        ("[fd00:10:96::6f2c]:443", "[FD00:10:96:0::6F2C]:443/tcp"), ("fd00:10:96::6f2c", "[fd00:10:96::6f2c]"),
    ])
    func spellings(_ left: String, _ right: String) throws {
        let expected = try explain(left)
        expect(expected, 0, errors: [])
        expect(try explain(right), 0, output: expected.outputText, errors: [])
    }

    /// What a target names.
    @Test(arguments: [
        ("10.96.0.10:53/udp", "10.96.0.10:53 is the cluster IP of kube-system/kube-dns:dns/udp"),
        ("203.0.113.20:443", "203.0.113.20:443 is a load balancer IP of shop/partner-api:https/tcp"),
        ("198.51.100.15:514/tcp", "198.51.100.15:514 is an external IP of logging/syslog:tcp/tcp"),
        ("203.0.113.25:25", "203.0.113.25:25 is a load balancer IP without rules (ipMode Proxy) of mail/mail:smtp/tcp"),
        ("192.168.1.21:30080", "192.168.1.21:30080 is the node port of shop/catalog:http/tcp"),
        ("127.0.0.1:30080", "127.0.0.1:30080 is the node port of shop/catalog:http/tcp"),
        ("10.244.1.71:8080", "10.244.1.71:8080 is an endpoint of shop/web:http/tcp"),
        ("10.244.1.14:5432", "10.244.1.14 is an endpoint of data/postgres"),
        ("KUBE-SVC-67NZ", "KUBE-SVC-67NZLRHBNDSAWJRO is the chain of shop/web:http/tcp's cluster policy"),
        ("KUBE-SERVICE", "KUBE-SERVICES in table filter: refuses traffic to cluster IPs"),
        ("KUBE-SVL-GTJZQLNV22BQ36AO", "KUBE-SVL-GTJZQLNV22BQ36AO is not written on this node"),
        ("KUBE-SEP-GQTJMFUI7DVX5PE7", "KUBE-SEP-GQTJMFUI7DVX5PE7 is not written on this node"),
    ])
    func remarks(_ target: String, _ remark: String) throws {
        let result = try explain(target)
        expect(result, 0, errors: [])
        #expect(inOneLine(result.outputText).hasPrefix(remark), "\(result.outputText.prefix(200))")
    }

    /// All Service ports at a glance, in each mode. In IPVS mode what is sent from outside to a node without an endpoint of the
    /// local policy goes to endpoints of other nodes, and a Service without endpoints is refused, where other modes drop.
    @Test(arguments: [
        (
            "iptables", "times out: 1 endpoint, none on this node",
            "served by its only endpoint; times out from outside at node port 30443"
        ),
        (
            "nftables", "times out: 1 endpoint, none on this node",
            "served by its only endpoint; times out from outside at node port 30443"
        ),
        ("ipvs", "refused: 1 endpoint, none on this node", "served by its only endpoint"),
    ])
    func listInEachMode(_ mode: String, _ unserved: String, _ external: String) throws {
        let options = ["explain", "--list", "--proxy-mode", mode] + Self.options + [Self.cluster]
        let text = try Tool.run(options)
        expect(text, 0, errors: [])
        let lines = text.outputText.split(separator: "\n")
        for (start, end) in [
            ("monitoring/statsd:statsd/udp  ", "  0/1        \(unserved)"),
            ("shop/admin:https/tcp  ", "  1/1        \(external)"),
            ("shop/search:http/tcp  ", "  2/3        served by 2 of 3 endpoints"),
            ("shop/payments  ", "there is no cluster IP"),
        ] {
            #expect(lines.count { $0.hasPrefix(start) && $0.hasSuffix(end) } == 1, "\(start): \(text.outputText)")
        }
        let json = try Tool.run(options + ["-o", "json", "-n", "shop"]).outputText
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(object["mode"] as? String == (mode == "iptables" ? nil : mode))
        #expect((object["services"] as? [Any])?.count == 12)
    }

    /// A Service that kube-proxy passes over is there, and has no rules.
    @Test(arguments: [
        ("shop/payments", "type ExternalName is a matter of DNS only"), ("data/postgres", "it is headless"),
        ("monitoring/blackbox-ipv6", "it has a cluster IP of the other family only"),
    ])
    func withoutRules(_ target: String, _ reason: String) throws {
        let result = try explain(target)
        expect(result, 0, errors: [])
        #expect(result.outputText.contains("└─ no rules\n") && inOneLine(result.outputText).contains(reason))
        #expect(
            try explain("monitoring/blackbox-ipv6", ["--family", "ipv6", "--all"]).outputText.contains("KUBE-SVC-"))
    }

    @Test(arguments: [
        ("shop/wbe", "the snapshot has no Service shop/wbe; did you mean 'shop/web'?"),
        ("shop/web:https", "the Service shop/web has no port https; it has http (80/tcp)"),
        ("shop/payments:http", "the Service shop/payments has no port http; it has none at all"),
        ("10.96.45.11:81", "10.96.45.11 is the cluster IP of shop/web, which has no port 81: it has http (80/tcp)"),
        (
            "10.96.45.11:80/udp",
            "10.96.45.11 is the cluster IP of shop/web, which has no port 80/udp: it has http (80/tcp)"
        ),
        ("10.255.255.1:80", "no Service, node port or endpoint of the snapshot has 10.255.255.1:80"),
        ("192.168.1.22:30080", "192.168.1.22 is an address of the node worker-2: give --node worker-2"),
        ("192.168.1.21:1", "no node port answers at 192.168.1.21:1"),
        ("192.168.1.99:30080", "30080 is the node port of shop/catalog:http"),
        ("KUBE-SERVICESS", "did you mean 'KUBE-SERVICES'?"),
        ("KUBE-SVC-67NZLRHBNDSAWJRU", "did you mean 'KUBE-SVC-67NZLRHBNDSAWJRO'?"),
        ("KUBE-SEP-C3", "begins the names of 2 chains: KUBE-SEP-C3LSN532TEZMSQEW, KUBE-SEP-C3INHA7DLRVDHSSD"),
    ])
    func near(_ target: String, _ words: String) throws {
        let result = try explain(target)
        expect(result, 2, output: "")
        #expect(result.errorLines.count == 1 && result.errorText.hasPrefix("error: "))
        #expect(result.errorText.contains(words), "\(result.errorText)")
    }

    @Test(arguments: [
        ["explain"], ["explain", "shop/web"], ["explain", "web_", "a"], ["explain", "shop/web:", "a"],
        ["explain", "1.2.3.4:0", "a"], ["explain", "1.2.3.4:80/icmp", "a"], ["explain", "a/b/c", "a"],
        ["explain", "shop/web", "-", "-"], ["explain", "shop/web", "-o", "unified", "a"],
        ["explain", "10.0.0.1:80", "--family", "ipv6", cluster],
    ])
    func usage(_ arguments: [String]) throws {
        let result = try Tool.run(arguments)
        expect(result, 64, output: "")
        #expect(result.errorLines.count == 1)
    }

    /// Names of nodes, zones and hints may be any text: nothing of it acts on a terminal or in a picture.
    @Test(arguments: ExplainGoldenTests.forms)
    func strangeNames(_ form: String) throws {
        let strange = #"<b>&\"\u001b[31m]]\u202e\\n"#
        let document = #"""
            {"kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
             "spec": {"clusterIP": "10.96.0.10", "type": "\#(strange)", "ports": [{"port": 80}]}}
            {"kind": "EndpointSlice", "addressType": "IPv4", "metadata": {"name": "web-1", "namespace": "shop",
             "labels": {"kubernetes.io/service-name": "web"}}, "ports": [{"name": "", "port": 8080}],
             "endpoints": [{"addresses": ["10.244.1.5"], "nodeName": "\#(strange)", "zone": "\#(strange)",
              "hints": {"forNodes": [{"name": "\#(strange)"}]}},
              {"addresses": ["10.244.1.6"], "hints": {"forNodes": [{"name": "n"}]}}]}
            {"kind": "Node", "metadata": {"name": "n"}}
            """#
        let output = form == "all" ? ["--all"] : ["-o", form]
        let result = try Tool.run(["explain", "shop/web"] + output + ["-"], input: Array(document.utf8))
        expect(result, 0, errors: [])
        #expect(!result.outputText.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{202E}" && form != "json" })
        // In dot's quotes and in JSON a bracket is a bracket.
        #expect(["text", "all", "json", "dot"].contains(form) || !result.outputText.contains("<b>"))
        switch form {
        case "json": _ = try ExplainedReport(result.outputText)
        case "svg": #expect(try SVGDocument(result.outputText).rootName == "svg")
        case "text", "all": #expect(result.outputText.contains(#"<b>&"\u{1b}[31m]]\u{202e}"#))
        default: break
        }
    }
}
