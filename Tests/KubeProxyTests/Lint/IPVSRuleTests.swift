import TestSupport
import Testing

/// The rules about what changes when a cluster leaves IPVS mode.
@Suite struct IPVSRuleTests {
    private static let mode = ["--proxy-mode", "ipvs"]
    private static let cidr = ["--cluster-cidr", "10.0.0.0/8"]
    private static let two = [node("a"), node("b", "192.168.1.2")]
    private static let nodePort = #"{"name":"http","port":80,"nodePort":30001}"#
    private static let ingress = #"{"ip":"203.0.113.1"}"#
    private static let local = #""type":"NodePort","externalTrafficPolicy":"Local""#
    private static let pair = slice([endpoint(), endpoint("10.0.1.2")])

    private func check(_ rule: String, _ example: LintCase) throws {
        #expect(try findings(of: rule, in: example.objects, Self.mode + example.options) == example.expected)
        // None of them is about iptables mode.
        #expect(try findings(of: rule, in: example.objects, example.options) == [])
    }

    // MARK: Traffic policies

    private static let internalLocal = #""internalTrafficPolicy":"Local""#

    @Test(arguments: [
        LintCase(
            "on one of two nodes", two + [service(ports: nodePort, internalLocal), slice([endpoint()])], [],
            [
                "warning shop/web:http/tcp: pods and the node itself, to the cluster IP: in IPVS mode sent to endpoints of "
                    + "other nodes; in iptables mode dropped: clients time out; so on b, which has no endpoint"
            ]),
        LintCase(
            "seen from the node without", two + [service(ports: nodePort, internalLocal), slice([endpoint()])],
            ["--node", "b"],
            [
                "warning shop/web:http/tcp: pods and the node itself, to the cluster IP: in IPVS mode sent to endpoints of "
                    + "other nodes; in iptables mode dropped: clients time out"
            ]),
        LintCase(
            "seen from the node with one", two + [service(ports: nodePort, internalLocal), slice([endpoint()])],
            ["--node", "a"]),
        LintCase("only the cluster IP leads here", two + [service("web", internalLocal), slice([endpoint()])]),
        LintCase("no endpoint anywhere", two + [service(ports: nodePort, internalLocal)]),
        LintCase("policy Cluster", two + [service(ports: nodePort), slice([endpoint()])]),
    ])
    func internalFallback(_ example: LintCase) throws { try check("ipvs-internal-fallback", example) }

    @Test(arguments: [
        LintCase(
            "only the cluster IP leads here", two + [service("web", internalLocal), slice([endpoint()])], [],
            [
                "info shop/web:http/tcp: pods and the node itself, to the cluster IP: in IPVS mode refused at once: there is "
                    + "no real server; in iptables mode dropped: clients time out; so on b, which has no endpoint"
            ]),
        LintCase("others lead here", two + [service(ports: nodePort, internalLocal), slice([endpoint()])]),
        LintCase("no endpoint anywhere", two + [service("web", internalLocal)]),
    ])
    func internalRefusal(_ example: LintCase) throws { try check("ipvs-internal-refusal", example) }

    @Test(arguments: [
        LintCase(
            "on one of two nodes", two + [service(ports: nodePort, local), slice([endpoint()])], [],
            [
                "info shop/web:http/tcp: clients outside, to node port 30001: in IPVS mode sent to endpoints of other nodes, "
                    + "whose answers come from their own addresses, so that clients discard them and wait as well; in iptables "
                    + "mode dropped: clients time out; so on b, which has no endpoint"
            ]),
        LintCase(
            "everywhere", two + [service(ports: nodePort, local), slice([endpoint(), endpoint("10.0.1.2", on: "b")])]),
        LintCase("policy Cluster", two + [service(ports: nodePort), slice([endpoint()])]),
        LintCase("nothing leads in", two + [service("web", local), slice([endpoint()])]),
    ])
    func externalFallback(_ example: LintCase) throws { try check("ipvs-external-fallback", example) }

    @Test(arguments: [
        LintCase(
            "no cluster CIDR", two + [service(ports: nodePort, local), slice([endpoint()])], [],
            [
                "warning shop/web:http/tcp: pods, to node port 30001: in IPVS mode sent to endpoints of other nodes, which "
                    + "pods can use; in iptables mode dropped like all others: pods cannot be detected; so on b, which has "
                    + "no endpoint"
            ]),
        LintCase("pods are known", two + [service(ports: nodePort, local), slice([endpoint()])], cidr),
    ])
    func podFallback(_ example: LintCase) throws { try check("ipvs-pod-fallback", example) }

    @Test(arguments: [
        LintCase(
            "two nodes have endpoints",
            two + [service(ports: nodePort, local), slice([endpoint(), endpoint("10.0.1.2", on: "b")])], cidr,
            [
                "info shop/web:http/tcp: pods and the node itself, to node port 30001: in IPVS mode sent to the node's own "
                    + "endpoints only; in iptables mode sent to endpoints of all nodes: they are not outside"
            ]),
        LintCase(
            "pods cannot be told",
            two + [service(ports: nodePort, local), slice([endpoint(), endpoint("10.0.1.2", on: "b")])], [],
            [
                "info shop/web:http/tcp: the node itself, to node port 30001: in IPVS mode sent to the node's own "
                    + "endpoints only; in iptables mode sent to endpoints of all nodes: they are not outside"
            ]),
        LintCase("one node has all", two + [service(ports: nodePort, local), pair], cidr),
    ])
    func localOnly(_ example: LintCase) throws { try check("ipvs-local-only", example) }

    @Test(arguments: [
        LintCase(
            "node port", two[..<1] + [service(ports: nodePort, local), slice([endpoint()])], cidr,
            [
                "info shop/web:http/tcp: the node itself, to node port 30001: in IPVS mode not masqueraded: endpoints see "
                    + "the address that the node sends from; in iptables mode masqueraded: endpoints see an address by which "
                    + "they reach the node"
            ]),
        LintCase(
            "load balancer, no endpoint on one node",
            two + [
                service(ingress: ingress, #""type":"LoadBalancer","externalTrafficPolicy":"Local""#),
                slice([endpoint()]),
            ], cidr,
            [
                "info shop/web:http/tcp: the node itself, to the load balancer's address: in IPVS mode not masqueraded: "
                    + "endpoints see the address that the node sends from, for 203.0.113.1 that address itself; endpoints of "
                    + "other nodes cannot answer there, and the node times out; in iptables mode masqueraded: "
                    + "endpoints see an address by which they reach the node; so on b, which has no endpoint"
            ]),
        LintCase(
            "the node counts as a pod", two[..<1] + [service(ports: nodePort, local), slice([endpoint()])],
            ["--cluster-cidr", "192.168.0.0/16"]),
        LintCase("policy Cluster", two + [service(ports: nodePort), slice([endpoint()])], cidr),
    ])
    func ownSource(_ example: LintCase) throws { try check("ipvs-own-source", example) }

    // MARK: Addresses

    @Test(arguments: [
        LintCase(
            "node port", [node("a"), service(ports: nodePort), slice([endpoint()])], [],
            [
                "info shop/web:http/tcp: the node itself, to 127.0.0.1:30001: in IPVS mode refused: node ports do not listen "
                    + "on loopback addresses; in iptables mode reaches the Service"
            ]),
        LintCase(
            "kept from it", [node("a"), service(ports: nodePort), slice([endpoint()])],
            ["--iptables-localhost-nodeports=false"]),
        LintCase(
            "other addresses", [node("a"), service(ports: nodePort), slice([endpoint()])],
            ["--nodeport-addresses", "192.168.0.0/16"]),
        LintCase("refused in both", [node("a"), service(ports: nodePort)]),
    ])
    func loopbackNodePort(_ example: LintCase) throws { try check("ipvs-loopback-node-port", example) }

    private static let dual = [
        node("a"),
        dualStack("web", #""type":"NodePort""#).replacing(#""port":80"#, with: #""port":80,"nodePort":30001"#),
        slice("web", [endpoint("fd00::2")], type: "IPv6"),
    ]

    @Test(arguments: [
        LintCase(
            "IPv6", dual, [],
            [
                "info cluster: IPv6: neighbours, to node ports of link-local addresses: in IPVS mode refused: node ports do "
                    + "not listen there; in iptables mode reach the Service"
            ]),
        LintCase("other addresses", dual, ["--nodeport-addresses", "2001:db8::/32"]),
        LintCase("IPv4", [node("a"), service(ports: nodePort), slice([endpoint()])]),
    ])
    func linkLocalNodePort(_ example: LintCase) throws { try check("ipvs-link-local-node-port", example) }

    @Test(arguments: [
        LintCase(
            "external IP and load balancer", [service(ingress: ingress, #""externalIPs":["198.51.100.1"]"#)], [],
            [
                "warning Service shop/web: hosts of the node's network segment that ask who has 198.51.100.1 and 203.0.113.1: "
                    + "in IPVS mode the node answers, as every node does, since strictARP is off; in iptables mode the node is "
                    + "silent: something else must answer, or route there"
            ]),
        LintCase("strictARP", [service(ingress: ingress)], ["--ipvs-strict-arp"]),
        LintCase(
            "the node's own address", [service("web", #""externalIPs":["192.168.1.1"]"#)],
            ["--node-address", "192.168.1.1"]),
        LintCase("only a cluster IP", [service()]),
        LintCase("ipMode Proxy", [service(ingress: #"{"ip":"203.0.113.1","ipMode":"Proxy"}"#)]),
    ])
    func arp(_ example: LintCase) throws { try check("ipvs-arp", example) }

    @Test(arguments: [
        LintCase(
            "load balancer", [service(ingress: ingress)], [],
            [
                "info Service shop/web: pods and the node itself, to the cluster IP and 203.0.113.1: pings, and ports that no "
                    + "Service has there: in IPVS mode rejected: the node has the addresses itself, on kube-ipvs0; in iptables "
                    + "mode left alone: they go where routes lead, outside addresses to whoever has them"
            ]),
        LintCase("only a cluster IP", [service()]),
    ])
    func otherPorts(_ example: LintCase) throws { try check("ipvs-other-ports", example) }

    private static let rivals = [
        service("a", #""externalIPs":["203.0.113.1"]"#), service("b", at: "10.96.0.2", ingress: ingress),
        slice("a", [endpoint()]), slice("b", [endpoint("10.0.1.2")]),
    ]

    @Test(arguments: [
        LintCase(
            "two Services", rivals, [],
            ["a", "b"].map {
                "warning shop/\($0):http/tcp: everybody, to 203.0.113.1:80/tcp: in IPVS mode gets shop/b:http/tcp, which "
                    + "kube-proxy programs last; in iptables mode gets shop/a:http/tcp, whose rules come first"
            }),
        LintCase("the first has no endpoint, so that the other has it in both", [rivals[0], rivals[1], rivals[3]]),
        LintCase(
            "twice in one Service", [service(ingress: ingress, #""externalIPs":["203.0.113.1"]"#), slice([endpoint()])]),
    ])
    func claimedTwice(_ example: LintCase) throws { try check("ipvs-claimed-twice", example) }

    // MARK: Connections

    private static let ranges = #""type":"LoadBalancer","loadBalancerSourceRanges":["198.51.100.0/24"]"#

    @Test(arguments: [
        LintCase(
            "ranges", [service(ingress: ingress, ranges)], [],
            [
                "info Service shop/web: clients that are taken out of loadBalancerSourceRanges: in IPVS mode their connections "
                    + "stop too: every packet is checked against the ranges; in iptables mode their connections go on; new ones "
                    + "are dropped"
            ]),
        LintCase("no load balancer's address", [service("web", ranges)]),
        LintCase("no ranges", [service(ingress: ingress)]),
    ])
    func sourceRanges(_ example: LintCase) throws { try check("ipvs-source-ranges", example) }

    /// A range of a single address is taken out and put in again.
    @Test func singleAddress() throws {
        let single = Self.ranges.replacing("198.51.100.0/24", with: "198.51.100.7/32")
        let found = try findings(
            of: "ipvs-source-ranges", in: [service(ingress: Self.ingress, single)], Self.mode)
        #expect(found.count == 2)
        #expect(
            found.contains { $0.hasPrefix("info Service shop/web: clients in 198.51.100.7/32: in IPVS mode with each") }
        )
    }

    private static let affine =
        #""sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":60}}"#

    @Test(arguments: [
        LintCase(
            "ClientIP", [service("web", affine), pair], [],
            [
                "info Service shop/web: clients with an endpoint by sessionAffinity: in IPVS mode one for each address and port "
                    + "by itself, for 60 s from the client's last new connection and as long as any is open; in iptables mode "
                    + "one for all addresses and ports that lead here, for 60 s from the client's last new connection; the last "
                    + "100 clients of each endpoint are known"
            ]),
        LintCase("one endpoint", [service("web", affine), slice([endpoint()])]),
        LintCase("None", [service("web", #""sessionAffinity":"None""#), pair]),
    ])
    func affinity(_ example: LintCase) throws { try check("ipvs-affinity", example) }

    @Test(arguments: [
        LintCase(
            "sh", [service(), pair], ["--ipvs-scheduler", "sh"],
            [
                "warning cluster: new connections, unless affinity decides: in IPVS mode scheduler sh: the hash of the client's "
                    + "address: a client always gets the same real server; in iptables mode get an endpoint at random, each "
                    + "with the same chance"
            ]),
        LintCase("rr", [service(), pair]),
        LintCase("wrr", [service(), pair], ["--ipvs-scheduler", "wrr"]),
        LintCase("one endpoint", [service(), slice([endpoint()])], ["--ipvs-scheduler", "sh"]),
    ])
    func scheduler(_ example: LintCase) throws { try check("ipvs-scheduler", example) }

    @Test(arguments: [
        LintCase(
            "TCP, the kernel's",
            [service(), service("b", at: "10.96.0.2"), slice([endpoint()]), slice("b", [endpoint()])],
            [],
            [
                "info cluster: clients with connections that are long silent: in IPVS mode known for 900 s; the next packet is "
                    + "answered with a reset; in iptables mode known for conntrack.tcpEstablishedTimeout of kube-proxy's "
                    + "configuration, 24 h by default"
            ]),
        LintCase(
            "UDP, set",
            [
                service(ports: #"{"name":"http","port":80,"protocol":"UDP"}"#),
                slice("web", [endpoint()], ports: #"{"name":"http","port":80,"protocol":"UDP"}"#),
            ], ["--ipvs-udp-timeout", "1m30s"],
            [
                "info cluster: clients that go on from the same port after a pause: in IPVS mode the same endpoint for 90 s of "
                    + "silence; in iptables mode the same endpoint for 30 s of silence, 120 s once both have talked"
            ]),
        LintCase("no endpoint", [service()]),
    ])
    func idleTimeout(_ example: LintCase) throws { try check("ipvs-idle-timeout", example) }

    private static let samePort = [service(), slice("web", [endpoint()], ports: #"{"name":"http","port":80}"#)]

    @Test(arguments: [
        LintCase(
            "direct routing", samePort, ["--ipvs-forwarding", "gatewaying"],
            [
                "warning cluster: everybody: in IPVS mode gatewaying: packets keep their destination, and endpoints answer past "
                    + "the node; in iptables mode the destination is rewritten, and answers come back through the node"
            ]),
        LintCase("masquerading", samePort),
    ])
    func forwarding(_ example: LintCase) throws {
        #expect(
            try findings(of: "ipvs-forwarding", in: example.objects, Self.mode + example.options) == example.expected)
    }

    @Test(arguments: [
        LintCase(
            "another node's, of a load balancer with two ports",
            two + [
                service(ports: #"{"name":"a","port":80},{"name":"b","port":81}"#, ingress: #"{"ip":"192.168.1.2"}"#)
            ], [],
            [
                "error shop/web:a/tcp: the load balancer IP 192.168.1.2 is Node b's address: in IPVS mode all other nodes "
                    + "take what is sent to that node for their own, its kubelet and API server included"
            ]),
        LintCase(
            "another node's, external", two + [service("web", #""externalIPs":["192.168.1.2"]"#)], ["--node", "a"],
            [
                "error shop/web:http/tcp: the external IP 192.168.1.2 is Node b's address: in IPVS mode all other nodes "
                    + "take what is sent to that node for their own, its kubelet and API server included"
            ]),
        LintCase("its own", two + [service("web", #""externalIPs":["192.168.1.2"]"#)], ["--node", "b"]),
        LintCase("the only node's", [node("b", "192.168.1.2"), service("web", #""externalIPs":["192.168.1.2"]"#)]),
        LintCase("nobody's", two + [service(ingress: ingress)]),
        LintCase(
            "the API server's", two + apiServer("192.168.1.100") + [service(ingress: #"{"ip":"192.168.1.100"}"#)], [],
            [
                "error shop/web:http/tcp: the load balancer IP 192.168.1.100 is the API server's address: in IPVS mode all nodes "
                    + "take what is sent there for their own, and reach the API server no more"
            ]),
        LintCase(
            "the API server's, on the only node",
            [node("b", "192.168.1.2")] + apiServer("192.168.1.2")
                + [service(ingress: #"{"ip":"192.168.1.2"}"#)]),
        LintCase("ipMode Proxy", two + [service(ingress: #"{"ip":"192.168.1.2","ipMode":"Proxy"}"#)]),
    ])
    func nodeAddress(_ example: LintCase) throws { try check("ipvs-node-address", example) }

    /// The Service of the API server, with the endpoint that each cluster has.
    private static func apiServer(_ address: String) -> [String] {
        [service("kubernetes", at: "10.96.0.100"), slice("kubernetes", [endpoint(address, on: nil)])].map {
            $0.replacing(#""namespace":"shop""#, with: #""namespace":"default""#)
        }
    }

    /// One external IP more than a set takes, and just as many; the same address twice is one entry.
    @Test(
        arguments: TestSize.current.sample([(65_537, 0, true), (65_536, 0, false), (65_536, 1, false)], brief: 1))
    func setLimit(_ count: Int, _ again: Int, _ isFound: Bool) throws {
        let addresses = (0..<count + again).map { position in
            let number = position % count
            return "\"203.\(number >> 16).\((number >> 8) & 255).\(number & 255)\""
        }
        let service = service("web", #""externalIPs":[\#(addresses.joined(separator: ","))]"#)
        let found = try findings(of: "ipvs-set-limit", in: [service, slice([endpoint()])], Self.mode)
        let texts = ["KUBE-EXTERNAL-IP", "KUBE-IPVS-IPS"].map { set in
            "error cluster: the set \(set) needs \(count + (set == "KUBE-IPVS-IPS" ? 1 : 0)) entries, but takes 65536"
        }
        #expect(found == (isFound ? texts : again + count > 65_535 ? [texts[1]] : []))
    }

    /// What is true of iptables mode only is not said.
    @Test(arguments: [
        "affinity-memory", "large-cluster", "no-local-endpoint-external", "no-local-endpoint-internal", "rule-budget",
    ])
    func iptablesModeOnly(_ rule: String) throws {
        let both = #""externalTrafficPolicy":"Local","internalTrafficPolicy":"Local","type":"NodePort","#
        let many = (0..<999).map { endpoint("10.1.\($0 / 250).\($0 % 250)") }
        let objects = Self.two + [service(ports: Self.nodePort, both + Self.affine), slice(many)]
        #expect(try !findings(of: rule, in: objects).isEmpty)
        #expect(try findings(of: rule, in: objects, Self.mode).isEmpty)
    }
}
