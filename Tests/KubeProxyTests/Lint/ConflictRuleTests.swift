import Testing

/// The rules about addresses and ports that several have.
@Suite struct ConflictRuleTests {
    private func check(_ rule: String, _ example: LintCase) throws {
        #expect(try findings(of: rule, in: example.objects, example.options) == example.expected)
    }

    private static let external = #""externalIPs":["203.0.113.1"]"#
    private static let ingress = #"{"ip":"203.0.113.1"}"#
    private static let udp = #"{"name":"http","port":80,"protocol":"UDP"}"#
    private static let other = #"{"name":"http","port":81}"#

    private static let addresses = [
        LintCase(
            "external IP of two", [service("a", external), service("b", at: "10.96.0.2", external)], [],
            [
                "error shop/a:http/tcp: the address 203.0.113.1 with TCP port 80 is also that of shop/b:http; "
                    + "all connections go to one of them"
            ]),
        LintCase(
            "external IP and load balancer", [service("a", external), service("b", at: "10.96.0.2", ingress: ingress)],
            [],
            [
                "error shop/a:http/tcp: the address 203.0.113.1 with TCP port 80 is also that of shop/b:http; "
                    + "all connections go to one of them"
            ]),
        LintCase(
            "external IP is a cluster IP",
            [service("a", #""externalIPs":["10.96.0.2"]"#), service("b", at: "10.96.0.2")],
            [],
            [
                "error shop/a:http/tcp: the address 10.96.0.2 with TCP port 80 is also that of shop/b:http; "
                    + "all connections go to one of them"
            ]),
        LintCase(
            "one cluster IP for six", (1...6).map { service("s\($0)") }, [],
            [
                "error shop/s1:http/tcp: the cluster IP 10.96.0.1 with TCP port 80 is also that of shop/s2:http, "
                    + "shop/s3:http, shop/s4:http and 2 others; all connections go to one of them"
            ]),
        LintCase("other protocol", [service("a", external), service("b", at: "10.96.0.2", ports: udp, external)]),
        LintCase(
            "other port", [service("a", ingress: ingress), service("b", at: "10.96.0.2", ports: other, external)]),
        LintCase("twice in one Service", [service("a", ingress: ingress + "," + ingress, external)]),
        LintCase(
            "ipMode Proxy is no destination",
            [
                service("a", external),
                service("b", at: "10.96.0.2", ingress: #"{"ip":"203.0.113.1","ipMode":"Proxy"}"#),
            ]),
        LintCase(
            "external IPs are off", [service("a", external), service("b", at: "10.96.0.2", external)],
            ["--feature-gates", "AllowServiceExternalIPs=false"]),
    ]

    @Test(arguments: addresses) func addressConflict(_ example: LintCase) throws {
        try check("address-conflict", example)
    }

    private static func nodePort(_ number: Int, _ transport: String = "TCP", _ name: String = "http") -> String {
        #"{"name":"\#(name)","port":80,"nodePort":\#(number),"protocol":"\#(transport)"}"#
    }
    private static let local =
        #""type":"LoadBalancer","externalTrafficPolicy":"Local","healthCheckNodePort":30001"#

    private static let nodePorts = [
        LintCase(
            "node port of two",
            [service("a", ports: nodePort(30001)), service("b", at: "10.96.0.2", ports: nodePort(30001))], [],
            [
                "error shop/a:http/tcp: the node port TCP/30001 is also that of shop/b:http; all connections go to one "
                    + "of them"
            ]),
        LintCase(
            "node port and health check",
            [service("a", local), service("b", at: "10.96.0.2", ports: nodePort(30001))], [],
            [
                "error shop/b:http/tcp: the node port TCP/30001 is also that of the health check of shop/a:http; "
                    + "all connections go to one of them"
            ]),
        LintCase(
            "health checks of two", [service("a", local), service("b", at: "10.96.0.2", local)], [],
            [
                "error shop/a:http/tcp: the health-check node port TCP/30001 is also that of the health check of "
                    + "shop/b:http; all connections go to one of them"
            ]),
        LintCase(
            "dual-stack, once", [dualStack("a", local), service("b", at: "10.96.0.2", ports: nodePort(30001))], [],
            [
                "error shop/b:http/tcp: the node port TCP/30001 is also that of the health check of shop/a:http; "
                    + "all connections go to one of them"
            ]),
        LintCase(
            "health check of two ports",
            [service("a", ports: nodePort(30002) + "," + nodePort(30003, "TCP", "b"), local)]
        ),
        LintCase(
            "other protocol",
            [service("a", ports: nodePort(30001)), service("b", at: "10.96.0.2", ports: nodePort(30001, "UDP"))]),
        LintCase(
            "health check is TCP", [service("a", local), service("b", at: "10.96.0.2", ports: nodePort(30001, "UDP"))]),
        LintCase("none", [service("a", ports: nodePort(0)), service("b", at: "10.96.0.2", ports: nodePort(0))]),
    ]

    @Test(arguments: nodePorts) func nodePortConflict(_ example: LintCase) throws {
        try check("node-port-conflict", example)
    }

    private static let own = [
        LintCase(
            "a node's address", [service("web", #""externalIPs":["192.168.1.2"]"#), node("b", "192.168.1.2")], [],
            [
                "warning shop/web:http/tcp: the external IP 192.168.1.2 is Node b's address; its own TCP port 80 cannot "
                    + "be reached"
            ]),
        LintCase(
            "an address of this host", [service("web", #""externalIPs":["192.168.7.7"]"#)],
            ["--node-address", "192.168.7.7/24"],
            [
                "warning shop/web:http/tcp: the external IP 192.168.7.7 is this node's address; its own TCP port 80 "
                    + "cannot be reached"
            ]),
        LintCase(
            "a pod's address",
            [
                service("web", #""externalIPs":["10.0.1.1"]"#), service("db", at: "10.96.0.2"),
                slice("db", [endpoint()]),
            ],
            [],
            [
                "warning shop/web:http/tcp: the external IP 10.0.1.1 is that of an endpoint of shop/db:http; the pod's "
                    + "own TCP port 80 cannot be reached"
            ]),
        LintCase(
            "a load balancer's", [service(ingress: #"{"ip":"10.0.1.1"}"#), slice([endpoint()])], [],
            [
                "warning shop/web:http/tcp: the load balancer's address 10.0.1.1 is that of an endpoint of shop/web:http; "
                    + "the pod's own TCP port 80 cannot be reached"
            ]),
        LintCase("nobody's", [service("web", external), node("b", "192.168.1.2"), slice([endpoint()])]),
        LintCase(
            "a load balancer on nodes is not unusual", [service(ingress: #"{"ip":"192.168.1.1"}"#), node("a")]),
        LintCase("loopback of this host", [service("web", external)], ["--node-address", "127.0.0.1"]),
    ]

    @Test(arguments: own) func ownAddressAsExternalIP(_ example: LintCase) throws {
        try check("own-address-as-external-ip", example)
    }

    private static let ranges = #""loadBalancerSourceRanges":["198.51.100.0/24"]"#
    private static let onNode = #"{"ip":"192.168.1.1"}"#

    private static let reachable = [
        LintCase(
            "on a node", [service(ports: nodePort(30001), ingress: onNode), node("a")], [],
            [
                "info shop/web:http/tcp: node port 30001 answers on the load balancer's address 192.168.1.1, which is "
                    + "Node a's"
            ]),
        LintCase(
            "past source ranges", [service(ports: nodePort(30001), ingress: onNode, ranges), node("a")], [],
            [
                "warning shop/web:http/tcp: node port 30001 answers on the load balancer's address 192.168.1.1, which is "
                    + "Node a's, past the source ranges"
            ]),
        LintCase(
            "open address", [service(ports: nodePort(30001), ingress: onNode), node("a")],
            ["--nodeport-addresses", "192.168.1.0/24"],
            [
                "info shop/web:http/tcp: node port 30001 answers on the load balancer's address 192.168.1.1, which is "
                    + "Node a's"
            ]),
        LintCase(
            "closed address", [service(ports: nodePort(30001), ingress: onNode), node("a")],
            ["--nodeport-addresses", "192.168.2.0/24"]),
        LintCase("no node port", [service(ingress: onNode), node("a")]),
        LintCase("address of its own", [service(ports: nodePort(30001), ingress: ingress), node("a")]),
    ]

    @Test(arguments: reachable) func nodePortOnLoadBalancerIP(_ example: LintCase) throws {
        try check("node-port-on-load-balancer-ip", example)
    }

    private static let unrestricted = [
        LintCase(
            "ranges and node port", [service(ports: nodePort(30001), ranges)], [],
            ["warning shop/web:http/tcp: the source ranges do not hold for node port 30001"]),
        LintCase("no node port", [service("web", ranges)]),
        LintCase("no ranges", [service(ports: nodePort(30001))]),
        LintCase(
            "a range of everybody",
            [service(ports: nodePort(30001), #""loadBalancerSourceRanges":["198.51.100.0/24","0.0.0.0/0"]"#)]),
        LintCase(
            "no address takes node ports", [service(ports: nodePort(30001), ranges), node("a")],
            ["--nodeport-addresses", "172.16.0.0/12"]),
    ]

    @Test(arguments: unrestricted) func nodePortIgnoresSourceRanges(_ example: LintCase) throws {
        try check("node-port-ignores-source-ranges", example)
    }
}
