import Testing

/// The rules about hints, source ranges, affinity and external traffic.
@Suite struct TrafficRuleTests {
    private func check(_ rule: String, _ example: LintCase) throws {
        #expect(try findings(of: rule, in: example.objects, example.options) == example.expected)
    }

    private static let zoned = [
        node("a", zone: "east"), node("b", "192.168.1.2", zone: "west"), node("c", "192.168.1.3", zone: "west"),
    ]

    private static let hints = [
        LintCase(
            "some without",
            zoned + [service(), slice([endpoint(zones: ["east"]), endpoint("10.0.1.2"), endpoint("10.0.1.3")])], [],
            ["warning shop/web:http/tcp: 2 of 3 ready endpoints lack hints, so that all hints are ignored"]),
        LintCase(
            "by zone and by node",
            zoned + [service(), slice([endpoint(zones: ["east"]), endpoint("10.0.1.2", nodes: ["b"])])], [],
            [
                "warning shop/web:http/tcp: some ready endpoints are hinted by zone only and others by node only, so that "
                    + "all hints are ignored"
            ]),
        LintCase(
            "a zone without", zoned + [service(), slice([endpoint(zones: ["east"])])], [],
            ["info shop/web:http/tcp: no endpoint is hinted for zone west; nodes there use all endpoints"]),
        LintCase(
            "more zones than are named",
            (1...5).map { node("n\($0)", zone: "z\($0)") } + [service(), slice([endpoint(zones: ["z2"])])], [],
            [
                "info shop/web:http/tcp: no endpoint is hinted for zones z1, z3, z4 and another; nodes there use all "
                    + "endpoints"
            ]),
        LintCase(
            "another zone's node", zoned + [service(), slice([endpoint(zones: ["east"])])], ["--node", "b"],
            ["info shop/web:http/tcp: no endpoint is hinted for zone west; nodes there use all endpoints"]),
        LintCase(
            "nodes without", zoned + [service(), slice([endpoint(nodes: ["b"])])], [],
            ["info shop/web:http/tcp: no endpoint is hinted for a and c, which use all endpoints"]),
        LintCase(
            "a zone in which one of two nodes is hinted",
            zoned + [service(), slice([endpoint(zones: ["east"], nodes: ["b"])])], [],
            ["info shop/web:http/tcp: no endpoint is hinted for zone west; nodes there use all endpoints"]),
        LintCase(
            "a zone in which all nodes are hinted",
            zoned + [service(), slice([endpoint(zones: ["east"], nodes: ["b", "c"])])]),
        LintCase("the zone's own node", zoned + [service(), slice([endpoint(zones: ["east"])])], ["--node", "a"]),
        LintCase(
            "all zones",
            zoned + [service(), slice([endpoint(zones: ["east"]), endpoint("10.0.1.2", zones: ["west"])])]),
        LintCase(
            "one that is not ready may lack them",
            [node("a", zone: "east"), service()]
                + [slice([endpoint(zones: ["east"]), endpoint("10.0.1.2", conditions: notReady)])]),
        LintCase("none", zoned + [service(), slice([endpoint(), endpoint("10.0.1.2")])]),
        LintCase(
            "policy Local asks for none",
            zoned + [service("web", #""internalTrafficPolicy":"Local""#), slice([endpoint(zones: ["east"])])]),
    ]

    @Test(arguments: hints) func hintsIgnored(_ example: LintCase) throws { try check("hints-ignored", example) }

    private static let unzoned = [
        LintCase(
            "one node", zoned + [node("z"), service(), slice([endpoint(zones: ["east"])])], [],
            ["warning Node z: it has no label topology.kubernetes.io/zone; hints by zone are ignored on it"]),
        LintCase(
            "the node that is asked for", zoned + [node("z"), service(), slice([endpoint(zones: ["east"])])],
            ["--node", "a"]),
        LintCase("no hints by zone", [node("z"), service(), slice([endpoint(nodes: ["z"])])]),
        LintCase(
            "hints are not whole", [node("z"), service(), slice([endpoint(zones: ["a"]), endpoint("10.0.1.2")])]),
        LintCase("all have zones", zoned + [service(), slice([endpoint(zones: ["east"])])]),
    ]

    @Test(arguments: unzoned) func nodeWithoutZone(_ example: LintCase) throws {
        try check("node-without-zone", example)
    }

    private static let ingress = #"{"ip":"203.0.113.1"}"#
    private static let both = ingress + #",{"ip":"2001:db8::1"}"#
    private static func ranges(_ ranges: String...) -> String {
        let quoted = ranges.map { "\"\($0)\"" }.joined(separator: ",")
        return #""type":"LoadBalancer","loadBalancerSourceRanges":[\#(quoted)]"#
    }

    private static let oneFamily = [
        LintCase(
            "IPv4 ranges only", [dualStack(ingress: both, ranges("198.51.100.0/24"))], [],
            [
                "error Service shop/web: IPv6: no source range is an IPv6 one, so that every IPv6 client may use 2001:db8::1"
            ]),
        LintCase(
            "IPv6 ranges only", [dualStack(ingress: both, ranges("2001:db8:1::/48"))], [],
            [
                "error Service shop/web: IPv4: no source range is an IPv4 one, so that every IPv4 client may use 203.0.113.1"
            ]),
        LintCase("ranges of both", [dualStack(ingress: both, ranges("198.51.100.0/24", "2001:db8:1::/48"))]),
        LintCase("no address of the other", [dualStack(ingress: ingress, ranges("198.51.100.0/24"))]),
        LintCase("no ranges", [dualStack(ingress: both)]),
    ]

    @Test(arguments: oneFamily) func sourceRangesOfOtherFamily(_ example: LintCase) throws {
        try check("source-ranges-of-other-family", example)
    }

    private static let nobody = [
        LintCase(
            "0.0.0.0/32", [service(ingress: ingress, ranges("0.0.0.0/32"))], [],
            [
                "error Service shop/web: no client can have an address of 0.0.0.0/32; all connections to 203.0.113.1 are "
                    + "dropped"
            ]),
        LintCase(
            "loopback, multicast and reserved",
            [service(ingress: ingress, ranges("127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32"))], [],
            [
                "error Service shop/web: no client can have an address of 127.0.0.0/8, 224.0.0.0/4 and 255.255.255.255/32; "
                    + "all connections to 203.0.113.1 are dropped"
            ]),
        LintCase(
            "IPv6", [dualStack(ingress: both, ranges("198.51.100.0/24", "::1/128", "ff02::/16"))], [],
            [
                "error Service shop/web: IPv6: no client can have an address of ::1/128 and ff02::/16; all connections to "
                    + "2001:db8::1 are dropped"
            ]),
        LintCase("one beside", [service(ingress: ingress, ranges("0.0.0.0/32", "198.51.100.1/32"))]),
        LintCase("0.0.0.0/0 is everybody", [service(ingress: ingress, ranges("0.0.0.0/0"))]),
        LintCase("wider than loopback", [service(ingress: ingress, ranges("126.0.0.0/7"))]),
        LintCase("private", [service(ingress: ingress, ranges("10.0.0.0/8"))]),
    ]

    @Test(arguments: nobody) func sourceRangesWithoutClient(_ example: LintCase) throws {
        try check("source-ranges-without-client", example)
    }

    private static let unused = [
        LintCase(
            "ipMode Proxy",
            [service(ingress: #"{"ip":"203.0.113.1","ipMode":"Proxy"}"#, ranges("198.51.100.0/24"))], [],
            [
                "info Service shop/web: kube-proxy writes no rule for the source ranges, since the load balancer's "
                    + "address is of ipMode Proxy"
            ]),
        LintCase(
            "a hostname", [service(ingress: #"{"hostname":"web.example.com"}"#, ranges("198.51.100.0/24"))], [],
            [
                "info Service shop/web: kube-proxy writes no rule for the source ranges, since there is no load-balancer "
                    + "IP in the status"
            ]),
        LintCase("an address", [service(ingress: ingress, ranges("198.51.100.0/24"))]),
        LintCase("no ranges", [service(ingress: #"{"hostname":"web.example.com"}"#)]),
        LintCase("a range of everybody", [service(ranges: "0.0.0.0/0")]),
    ]

    private static func service(ranges text: String) -> String {
        KubeProxyTests.service("web", ranges(text))
    }

    @Test(arguments: unused) func sourceRangesUnused(_ example: LintCase) throws {
        try check("source-ranges-unused", example)
    }

    private static let nodes = [
        LintCase(
            "one node", zoned + [service(ingress: ingress, ranges("192.168.1.2/31"))], [],
            [
                "info Service shop/web: a (192.168.1.1) is in no source range; what it sends to 203.0.113.1 is dropped"
            ]),
        LintCase(
            "between ranges that overlap",
            zoned + [
                node("d", "192.168.1.100"),
                service(ingress: ingress, ranges("192.168.1.0/31", "192.168.1.3/32", "192.168.1.0/31", "10.0.0.0/8")),
            ], [],
            [
                "info Service shop/web: b (192.168.1.2) and d (192.168.1.100) are in no source range; what they send to "
                    + "203.0.113.1 is dropped"
            ]),
        LintCase(
            "all of many",
            (1...9).map { node("n\($0)", "192.168.1.\($0)") } + [service(ingress: ingress, ranges("10.0.0.0/8"))], [],
            [
                "info Service shop/web: n1 (192.168.1.1), n2 (192.168.1.2), n3 (192.168.1.3) and 6 others are in no source "
                    + "range; what they send to 203.0.113.1 is dropped"
            ]),
        LintCase("its own node", zoned + [service(ingress: ingress, ranges("192.168.1.2/31"))], ["--node", "b"]),
        LintCase("all inside", zoned + [service(ingress: ingress, ranges("192.168.1.0/25", "192.168.0.0/16"))]),
        LintCase("no load-balancer IP", zoned + [service("web", ranges("10.0.0.0/8"))]),
        LintCase("no node of the family", [node("a", "fd00::1"), service(ingress: ingress, ranges("10.0.0.0/8"))]),
    ]

    private static func service(
        _ name: String = "web", ingress: String = "", _ spec: String = ""
    ) -> String {
        KubeProxyTests.service(name, ingress: ingress, spec)
    }

    @Test(arguments: nodes) func sourceRangesWithoutNode(_ example: LintCase) throws {
        try check("source-ranges-without-node", example)
    }

    private static func sticky(_ seconds: Int) -> String {
        let config = #""sessionAffinityConfig":{"clientIP":{"timeoutSeconds":\#(seconds)}}"#
        return KubeProxyTests.service("web", #""sessionAffinity":"ClientIP",\#(config)"#)
    }

    /// Timeouts in seconds, and how the finding ends.
    @Test(arguments: [
        (1, "a client loses its endpoint after a pause of 1 second"),
        (10, "a client loses its endpoint after a pause of 10 seconds"),
        (1000, "the affinity timeout of 1000 seconds is 16 min 40 s; were 1 second meant?"),
        (30_000, "the affinity timeout of 30000 seconds is 8 h 20 min; were 30 seconds meant?"),
        (60_000, "the affinity timeout of 60000 seconds is 16 h 40 min; were 60 seconds meant?"),
        (11, nil), (600, nil), (3600, nil), (10_800, nil), (18_000, nil), (36_000, nil), (86_400, nil), (1500, nil),
    ])
    func affinityTimeout(_ seconds: Int, _ message: String?) throws {
        let expected = message.map { ["warning Service shop/web: \($0)"] } ?? []
        #expect(try findings(of: "affinity-timeout", in: [Self.sticky(seconds)]) == expected)
    }

    @Test func affinityMemory() throws {
        let message = "info Service shop/web: session affinity remembers the last 100 clients of each endpoint"
        #expect(try findings(of: "affinity-memory", in: [Self.sticky(600)]) == [message])
        #expect(try findings(of: "affinity-memory", in: [Self.service()]) == [])
    }

    private static let healthChecks = [
        LintCase(
            "none", [service("web", #""type":"LoadBalancer","externalTrafficPolicy":"Local""#)], [],
            [
                "warning Service shop/web: load balancers cannot ask which nodes have endpoints: there is no "
                    + "healthCheckNodePort"
            ]),
        LintCase(
            "given",
            [service("web", #""type":"LoadBalancer","externalTrafficPolicy":"Local","healthCheckNodePort":30001"#)]),
        LintCase("policy Cluster", [service("web", #""type":"LoadBalancer""#)]),
        LintCase("node ports only", [service("web", #""type":"NodePort","externalTrafficPolicy":"Local""#)]),
    ]

    @Test(arguments: healthChecks) func healthCheckMissing(_ example: LintCase) throws {
        try check("health-check-missing", example)
    }

    private static let off = ["--feature-gates", "AllowServiceExternalIPs=false"]
    private static let gated = [
        LintCase(
            "off", [service("web", #""externalIPs":["203.0.113.1","203.0.113.2"]"#)], off,
            [
                "warning Service shop/web: there are no rules for 203.0.113.1 and 203.0.113.2: AllowServiceExternalIPs is off"
            ]
        ),
        LintCase("on", [service("web", #""externalIPs":["203.0.113.1"]"#)]),
        LintCase("none", [service()], off),
    ]

    @Test(arguments: gated) func externalIPsOff(_ example: LintCase) throws { try check("external-ips-off", example) }
}
