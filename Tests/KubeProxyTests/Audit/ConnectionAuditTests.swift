import Conntrack
import KubeObjects
import KubeProxy
import NetAddress
import Testing

@testable import KubeChainsJSON

/// Which connections of a node are found to be stale, and the nearest that are not.
@Suite struct ConnectionAuditTests {
    /// A connection in few words: protocol, client, destination, target, each with its port, and state or flags.
    private static func line(_ words: String) -> String {
        let parts = words.split(separator: " ").map(String.init)
        func ends(_ text: String) -> (String, String) {
            let colon = text.lastIndex(of: ":")!
            return (String(text[..<colon]), String(text[text.index(after: colon)...]))
        }
        let (client, clientPort) = ends(parts[1])
        let (destination, port) = ends(parts[2])
        let (target, targetPort) = ends(parts[3])
        let numbers = ["tcp": "6", "udp": "17", "sctp": "132"]
        let state = parts.dropFirst(4).joined(separator: " ")
        return
            "\(parts[0]) \(numbers[parts[0]]!) 29 \(state) src=\(client) dst=\(destination) sport=\(clientPort) dport=\(port) "
            + "src=\(target) dst=\(client) sport=\(targetPort) dport=\(clientPort) mark=0 use=1"
    }

    private static func audit(
        _ objects: [String], _ options: [String], _ connections: [String]
    ) throws -> [AuditFinding] {
        let text = connections.map(line).joined(separator: "\n")
        let list = try ConntrackList(parsing: Array(text.utf8).span)
        return try plan(objects, ["--node", "a", "--kube-proxy-version", "1.36"] + options).audit(list).findings
    }

    private static func summary(_ findings: [AuditFinding]) -> [String] {
        findings.map {
            "\($0.severity.rawValue) \($0.id.rawValue) \($0.label.map { "\($0.servicePort)/\($0.transport)" } ?? "-")"
        }
    }

    private static let nodes = [
        node("a", "192.168.1.1", podCIDRs: #""10.0.1.0/24","fd00:1::/64""#),
        node("b", "192.168.1.2", podCIDRs: #""10.0.2.0/24","fd00:2::/64""#),
    ]
    private static let both = [endpoint("10.0.1.1"), endpoint("10.0.2.1", on: "b")]
    private static let udp = #"{"name":"http","port":53,"protocol":"UDP","nodePort":30053}"#
    private static let udpSlicePorts = #"{"name":"http","port":5353,"protocol":"UDP"}"#

    private static func web(_ spec: String = "", _ endpoints: [String] = both) -> [String] {
        nodes + [
            service(
                ports: #"{"name":"http","port":80,"nodePort":30080}"#, ingress: #"{"ip":"203.0.113.1"}"#,
                #""type":"LoadBalancer","externalIPs":["198.51.100.1"]"# + (spec.isEmpty ? "" : "," + spec)),
            slice("web", endpoints),
        ]
    }

    private static func dns(_ endpoints: [String] = both) -> [String] {
        nodes + [
            service("dns", at: "10.96.0.10", ports: udp, #""type":"NodePort""#),
            slice("dns", endpoints, ports: udpSlicePorts),
        ]
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let objects: [String]
        var options: [String] = []
        /// The mode where it is so; nil: it is so in all.
        var mode: ProxyMode?
        let connections: [String]
        let expected: [String]
        var testDescription: String { name }

        init(
            _ name: String, _ objects: [String], options: [String] = [], in mode: ProxyMode? = nil,
            _ connections: [String], _ expected: [String] = []
        ) {
            self.mode = mode
            (self.name, self.objects, self.options) = (name, objects, options)
            (self.connections, self.expected) = (connections, expected)
        }
    }

    private static let onlyB = [endpoint("10.0.2.1", on: "b")]
    private static let open = "ESTABLISHED"
    private static let endpointCases: [Case] = [
        Case(
            "all frontends lead to endpoints", web(),
            [
                "tcp 10.0.1.9:4000 10.96.0.1:80 10.0.1.1:8080 \(open)",
                "tcp 10.0.1.9:4001 10.96.0.1:80 10.0.2.1:8080 \(open)",
                "tcp 192.0.2.9:4000 203.0.113.1:80 10.0.1.1:8080 \(open)",
                "tcp 192.0.2.9:4000 198.51.100.1:80 10.0.1.1:8080 \(open)",
                "tcp 192.0.2.9:4000 192.168.1.1:30080 10.0.1.1:8080 \(open)",
                "tcp 127.0.0.1:4000 127.0.0.1:30080 10.0.1.1:8080 \(open)",
            ]),
        Case(
            "an endpoint is gone, for all frontends", web("", onlyB),
            [
                "tcp 10.0.1.9:4000 10.96.0.1:80 10.0.1.1:8080 \(open)",
                "tcp 192.0.2.9:4000 203.0.113.1:80 10.0.1.1:8080 \(open)",
                "tcp 192.0.2.9:4000 198.51.100.1:80 10.0.1.1:8080 \(open)",
                "tcp 192.0.2.9:4000 192.168.1.1:30080 10.0.1.1:8080 \(open)",
                // An address of the node that the snapshot does not have, such as a bridge's.
                "tcp 10.0.1.9:4000 10.0.1.254:30080 10.0.1.1:8080 \(open)",
                "tcp 10.0.1.9:4009 10.96.0.1:80 10.0.2.1:8080 \(open)",
            ], Array(repeating: "warning stale-connection shop/web:http/tcp", count: 5)),
        Case(
            "UDP to an endpoint that is gone", dns(onlyB),
            ["udp 10.0.1.9:4000 10.96.0.10:53 10.0.1.1:5353 [UNREPLIED]"],
            ["error stale-connection shop/dns:http/udp"]),
        Case(
            "UDP through a node port", dns(onlyB), ["udp 192.0.2.9:4000 192.168.1.1:30053 10.0.1.1:5353"],
            ["error stale-connection shop/dns:http/udp"]),
        Case(
            "another port of an endpoint", web(), ["tcp 10.0.1.9:4000 10.96.0.1:80 10.0.1.1:8081 \(open)"],
            ["warning stale-connection shop/web:http/tcp"]),
        Case(
            "connections that end", web("", onlyB),
            ["FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE"].map {
                "tcp 10.0.1.9:4000 10.96.0.1:80 10.0.1.1:8080 \($0)"
            }),
        Case(
            "TCP without an answer", web("", onlyB),
            ["tcp 10.0.1.9:4000 10.96.0.1:80 10.0.1.1:8080 SYN_SENT [UNREPLIED]"],
            ["warning stale-connection shop/web:http/tcp"]),
        Case(
            "TCP to an endpoint that terminates", web("", [endpoint("10.0.1.1", conditions: terminating)] + onlyB),
            ["tcp 10.0.1.9:4000 10.96.0.1:80 10.0.1.1:8080 \(open)"]),
        Case(
            "TCP to an endpoint that terminates and does not serve",
            web("", [endpoint("10.0.1.1", conditions: notReady + #","terminating":true"#)] + onlyB),
            ["tcp 10.0.1.9:4000 10.96.0.1:80 10.0.1.1:8080 \(open)"]),
        Case(
            "TCP to an endpoint that is not ready", web("", [endpoint("10.0.1.1", conditions: notReady)] + onlyB),
            ["tcp 10.0.1.9:4000 10.96.0.1:80 10.0.1.1:8080 \(open)"], ["info stale-connection shop/web:http/tcp"]),
        Case(
            "UDP to an endpoint that terminates and serves",
            dns([endpoint("10.0.1.1", conditions: terminating)] + onlyB),
            ["udp 10.0.1.9:4000 10.96.0.10:53 10.0.1.1:5353"]),
        Case(
            "UDP to an endpoint that terminates and does not serve",
            dns([endpoint("10.0.1.1", conditions: notReady + #","terminating":true"#)] + onlyB),
            ["udp 10.0.1.9:4000 10.96.0.10:53 10.0.1.1:5353"], ["error stale-connection shop/dns:http/udp"]),
        Case(
            "no endpoint serves", dns([]), ["udp 10.0.1.9:4000 10.96.0.10:53 10.0.1.1:5353"],
            ["error stale-connection shop/dns:http/udp"]),
        Case(
            "not translated", dns([]),
            ["udp 10.0.1.9:4000 10.96.0.10:53 10.96.0.10:53", "udp 10.0.1.9:4000 10.0.1.1:5353 10.0.1.1:5353"]),
        Case(
            "the other family", dns([]),
            ["udp [fd00:1::9]:4000 10.96.0.10:53 10.0.1.1:5353"].map { _ in
                "udp fd00:1::9:4000 fd00:96::10:53 fd00:1::1:5353"
            }),
        Case(
            "SCTP",
            nodes + [
                service(ports: #"{"name":"http","port":2905,"protocol":"SCTP"}"#),
                slice("web", onlyB, ports: #"{"name":"http","port":2906,"protocol":"SCTP"}"#),
            ],
            [
                "sctp 10.0.1.9:4000 10.96.0.1:2905 10.0.1.1:2906 \(open)",
                "sctp 10.0.1.9:4000 10.96.0.1:2905 10.0.1.1:2906 SHUTDOWN_SENT",
            ],
            ["warning stale-connection shop/web:http/sctp"]),
        Case(
            "IPv6", nodes + [dualStack(), slice("web", [endpoint("fd00:1::1")], type: "IPv6")],
            options: ["--family", "ipv6"],
            [
                "tcp fd00:1::9:4000 fd00::1:80 fd00:1::7:8080 \(open)",
                "tcp fd00:1::9:4000 fd00::1:80 fd00:1::1:8080 \(open)",
            ],
            ["warning stale-connection shop/web:http/tcp"]),
    ]

    private static let cidr =
        #"{"apiVersion":"networking.k8s.io/v1","kind":"ServiceCIDR","metadata":{"name":"kubernetes"},"spec":{"cidrs":["10.96.0.0/12"]}}"#
    private static let orphanCases: [Case] = [
        Case(
            "a cluster IP of a ServiceCIDR", web() + [cidr], ["tcp 10.0.1.9:4000 10.97.0.1:80 10.9.9.9:80 \(open)"],
            ["warning orphaned-connection -"]),
        Case(
            "an address among the cluster IPs", web(), ["udp 10.0.1.9:4000 10.96.0.77:53 10.0.2.77:53"],
            ["warning orphaned-connection -"]),
        Case("such an address that leads to no pod", web(), ["udp 10.0.1.9:4000 10.96.0.77:53 172.17.0.2:53"]),
        Case(
            "a port that a Service does not have", web(), ["tcp 10.0.1.9:4000 10.96.0.1:81 10.0.2.77:53 \(open)"],
            ["warning orphaned-connection shop/web/tcp"]),
        Case(
            "a protocol that a Service does not have", web(), ["udp 10.0.1.9:4000 10.96.0.1:80 10.0.1.1:8080"],
            ["warning orphaned-connection shop/web/udp"]),
        Case(
            "a node port that no Service has", web(), ["tcp 192.0.2.9:4000 192.168.1.1:30081 10.0.2.77:53 \(open)"],
            ["warning orphaned-connection -"]),
        Case("a hostPort", web(), ["tcp 192.0.2.9:4000 192.168.1.1:443 10.0.1.1:8080 \(open)"]),
        Case(
            "a port of a container outside the pods' ranges", web(),
            ["tcp 192.0.2.9:4000 192.168.1.1:30081 172.17.0.2:80 \(open)"]),
        Case(
            "another address that leads to an endpoint", web(),
            ["tcp 192.0.2.9:4000 203.0.113.77:80 10.0.1.1:8080 \(open)"],
            ["info orphaned-connection -"]),
        Case(
            "another address that leads to a pod", web(), ["tcp 192.0.2.9:4000 203.0.113.77:80 10.0.1.77:8080 \(open)"]),
        Case(
            "a slice that is left", web() + [slice("old", [endpoint("10.0.1.50")])],
            ["tcp 192.0.2.9:4000 203.0.113.77:80 10.0.1.50:8080 \(open)"], ["info orphaned-connection shop/old/tcp"]),
        Case("connections that end", web() + [cidr], ["tcp 10.0.1.9:4000 10.97.0.1:80 10.9.9.9:80 TIME_WAIT"]),
    ]

    private static let policyCases: [Case] = [
        Case(
            "internalTrafficPolicy Local", web(#""internalTrafficPolicy":"Local""#),
            [
                "tcp 10.0.1.9:4000 10.96.0.1:80 10.0.2.1:8080 \(open)",
                "tcp 10.0.1.9:4001 10.96.0.1:80 10.0.1.1:8080 \(open)",
                "tcp 192.0.2.9:4000 203.0.113.1:80 10.0.2.1:8080 \(open)",
            ], ["info connection-past-policy shop/web:http/tcp"]),
        // IPVS mode then uses the endpoints of other nodes.
        Case(
            "internalTrafficPolicy Local without an endpoint, in IPVS mode",
            web(#""internalTrafficPolicy":"Local""#, onlyB), in: .ipvs,
            ["tcp 10.0.1.9:4000 10.96.0.1:80 10.0.2.1:8080 \(open)"]),
        Case(
            "internalTrafficPolicy Local without an endpoint", web(#""internalTrafficPolicy":"Local""#, onlyB),
            in: .iptables, ["tcp 10.0.1.9:4000 10.96.0.1:80 10.0.2.1:8080 \(open)"],
            ["info connection-past-policy shop/web:http/tcp"]),
        Case(
            "externalTrafficPolicy Local", web(#""externalTrafficPolicy":"Local""#),
            options: ["--cluster-cidr", "10.0.0.0/16"],
            [
                "tcp 192.0.2.9:4000 203.0.113.1:80 10.0.2.1:8080 \(open)",
                "tcp 192.0.2.9:4000 192.168.1.1:30080 10.0.2.1:8080 \(open)",
                "tcp 10.0.1.9:4000 10.96.0.1:80 10.0.2.1:8080 \(open)",
                // Pods and the node itself reach every endpoint at external addresses too.
                "tcp 10.0.1.9:4000 203.0.113.1:80 10.0.2.1:8080 \(open)",
                "tcp 192.168.1.1:4000 203.0.113.1:80 10.0.2.1:8080 \(open)",
            ], Array(repeating: "info connection-past-policy shop/web:http/tcp", count: 2)),
        Case(
            "source ranges", web(#""loadBalancerSourceRanges":["192.0.2.0/24"]"#),
            [
                "tcp 192.0.2.9:4000 203.0.113.1:80 10.0.2.1:8080 \(open)",
                "tcp 198.51.100.9:4000 203.0.113.1:80 10.0.2.1:8080 \(open)",
                "tcp 198.51.100.9:4000 198.51.100.1:80 10.0.2.1:8080 \(open)",
                "tcp 198.51.100.9:4000 192.168.1.1:30080 10.0.2.1:8080 \(open)",
            ], ["warning connection-past-policy shop/web:http/tcp"]),
        Case(
            "affinity", web(#""sessionAffinity":"ClientIP""#),
            [
                "tcp 10.0.1.9:4000 10.96.0.1:80 10.0.2.1:8080 \(open)",
                "tcp 10.0.1.9:4001 10.96.0.1:80 10.0.1.1:8080 \(open)",
                "tcp 10.0.1.8:4000 10.96.0.1:80 10.0.2.1:8080 \(open)",
                "tcp 10.0.1.8:4001 203.0.113.1:80 10.0.2.1:8080 \(open)",
                "tcp 10.0.1.7:4000 10.96.0.1:80 10.0.2.1:8080 \(open)",
                "tcp 10.0.1.7:4001 10.96.0.1:80 10.0.1.1:8080 TIME_WAIT",
            ], Array(repeating: "info connection-past-policy shop/web:http/tcp", count: 2)),
        Case(
            "an endpoint that terminates while others are ready",
            web("", [endpoint("10.0.1.1", conditions: terminating)] + onlyB),
            ["tcp 10.0.1.9:4000 10.96.0.1:80 10.0.1.1:8080 \(open)"]),
        Case(
            "an endpoint of another zone",
            [
                node("a", "192.168.1.1", zone: "x"), node("b", "192.168.1.2", zone: "y"), service(),
                slice([endpoint("10.0.1.1", zones: ["x"]), endpoint("10.0.2.1", on: "b", zones: ["y"])]),
            ],
            ["tcp 10.0.1.9:4000 10.96.0.1:80 10.0.2.1:8080 \(open)"]),
    ]

    private static let modes: [ProxyMode] = [.iptables, .nftables, .ipvs]
    private static let cases: [Case] = endpointCases + orphanCases + policyCases

    @Test(arguments: cases, modes)
    func found(_ test: Case, _ mode: ProxyMode) throws {
        if let own = test.mode, own != mode { return }
        let options = test.options + ["--proxy-mode", mode.rawValue]
        let findings = try Self.audit(test.objects, options, test.connections)
        #expect(Self.summary(findings) == test.expected, "\(findings.map(\.effect))")
        for finding in findings {
            #expect(!finding.commands.isEmpty && finding.commands.allSatisfy { $0.hasPrefix("conntrack -D -f ip") })
            #expect(finding.entry != nil && finding.line > 0 && finding.rule == nil)
        }
    }

    /// Which versions are blamed.
    @Test(arguments: [
        ("1.31", "kube-proxy 1.32 to 1.36 leaves such UDP flows (kubernetes#139628, #139629); 1.31 removes them"),
        ("1.34", "kube-proxy 1.32 to 1.36 leaves such UDP flows (kubernetes#139628, #139629); this is 1.34"),
        ("1.37", "kube-proxy 1.32 to 1.36 leaves such UDP flows (kubernetes#139628, #139629); 1.37 removes them"),
    ])
    func versionsOfEmptyService(_ version: String, _ sentence: String) throws {
        let findings = try Self.audit(
            Self.dns([]), ["--kube-proxy-version", version],
            ["udp 10.0.1.9:4000 10.96.0.10:53 10.0.1.1:5353", "udp 10.0.1.8:4000 10.96.0.10:53 10.0.1.1:5353"])
        #expect(
            findings.map(\.effect) == [
                "2 UDP connections to 10.96.0.10:53 still go to 10.0.1.1:5353, and the Service has no endpoint that serves; \(sentence)"
            ])
        #expect(
            findings.map(\.commands) == [
                [
                    "conntrack -D -f ipv4 -p udp --orig-dst 10.96.0.10 --orig-port-dst 53 --reply-src 10.0.1.1 --reply-port-src 5353"
                ]
            ])
    }

    /// The versions that leave each kind, as kube-proxy's code and its pull requests say.
    @Test(arguments: [
        (LeftConnections.ofEmptyService, 32...36), (.atDeletedClusterIP, 32...37), (.atDeletedAddress, 24...37),
        (.toChangedPort, 32...32), (.notUDP, 24...40), (.pastPolicy, 24...40),
    ])
    func versions(_ left: LeftConnections, _ minors: ClosedRange<Int>) {
        for minor in 24...40 {
            #expect(left.isLeft(by: ProxyVersion(minor: minor)) == minors.contains(minor), "1.\(minor)")
        }
        #expect(!left.summary.isEmpty && left.summary.last != ".")
    }

    /// Of connections that are translated alike, only the wrong ones are deleted.
    @Test func commandsSpareOthers() throws {
        let ranges = Self.web(#""loadBalancerSourceRanges":["192.0.2.0/24"]"#)
        let findings = try Self.audit(
            ranges, [],
            [
                "tcp 192.0.2.9:4000 203.0.113.1:80 10.0.2.1:8080 ESTABLISHED",
                "tcp 198.51.100.9:4001 203.0.113.1:80 10.0.2.1:8080 ESTABLISHED",
                "tcp 198.51.100.9:4002 203.0.113.1:80 10.0.2.1:8080 ESTABLISHED",
                "tcp 198.51.100.8:4001 203.0.113.1:80 10.0.2.1:8080 ESTABLISHED",
                "tcp 198.51.100.8:4002 203.0.113.1:80 10.0.2.1:8080 TIME_WAIT",
            ])
        let rest = "--orig-dst 203.0.113.1 --orig-port-dst 80 --reply-src 10.0.2.1 --reply-port-src 8080"
        let command = "conntrack -D -f ipv4 -p tcp --orig-src 198.51.100"
        #expect(
            findings.map(\.commands) == [
                ["\(command).9 \(rest)", "\(command).8 --orig-port-src 4001 \(rest)"]
            ])
        #expect(findings.map(\.line) == [2])
    }

    /// Where two Service ports answer at one address, a connection to an endpoint of either is right.
    @Test func sharedFrontend() throws {
        let objects =
            Self.web("", Self.onlyB) + [
                service("other", at: "10.96.0.2", #""externalIPs":["198.51.100.1"]"#),
                slice("other", [endpoint("10.0.1.50")]),
            ]
        let connections = ["10.0.1.50", "10.0.2.1", "10.0.1.1"].map {
            "tcp 192.0.2.9:4000 198.51.100.1:80 \($0):8080 ESTABLISHED"
        }
        let findings = try Self.audit(objects, [], connections)
        #expect(findings.map(\.line) == [3])
    }
}
