import Testing

/// The rules about endpoints and slices.
@Suite struct EndpointRuleTests {
    private func check(_ rule: String, _ example: LintCase) throws {
        #expect(try findings(of: rule, in: example.objects, example.options) == example.expected)
    }

    private static let three = [node("a"), node("b", "192.168.1.2"), node("c", "192.168.1.3")]
    private static let localNodePort =
        #"{"name":"http","port":80,"nodePort":30001}"#
    private static let local = #""type":"NodePort","externalTrafficPolicy":"Local""#
    private static let balanced = #""type":"LoadBalancer","externalTrafficPolicy":"Local","healthCheckNodePort":30009"#
    private static let web = service(ports: localNodePort, local)

    private static let external = [
        LintCase(
            "on one of three", three + [web, slice([endpoint(on: "b")])], [],
            [
                "warning shop/web:http/tcp: connections from outside to node port 30001 are dropped on 2 of 3 nodes, "
                    + "which have no endpoint: a and c"
            ]),
        LintCase(
            "on two of three", three + [web, slice([endpoint(on: "b"), endpoint("10.0.1.2", on: "c")])], [],
            [
                "warning shop/web:http/tcp: connections from outside to node port 30001 are dropped on a, which has no "
                    + "endpoint"
            ]),
        LintCase(
            "on one of five", three + [node("d"), node("e"), web, slice([endpoint(on: "e")])], [],
            [
                "warning shop/web:http/tcp: connections from outside to node port 30001 are dropped on 4 of 5 nodes, "
                    + "which have no endpoint: a, b, c and another"
            ]),
        LintCase(
            "seen from one node", three + [web, slice([endpoint(on: "b")])], ["--node", "c"],
            [
                "warning shop/web:http/tcp: connections from outside to node port 30001 are dropped on c, which has no "
                    + "endpoint"
            ]),
        LintCase(
            "without nodeName", three + [web, slice([endpoint(on: nil)])], [],
            [
                "error shop/web:http/tcp: connections from outside to node port 30001 are dropped on all nodes (3) of the "
                    + "cluster: none of its endpoints has a nodeName"
            ]),
        LintCase(
            "on an unknown node", three + [web, slice([endpoint(on: "z")])], [],
            [
                "error shop/web:http/tcp: connections from outside to node port 30001 are dropped on all nodes (3) of the "
                    + "cluster: its endpoints are on none of them"
            ]),
        LintCase(
            "not ready does not count",
            [node("a"), node("b"), web, slice([endpoint(conditions: notReady), endpoint("10.0.1.2", on: "b")])], [],
            [
                "warning shop/web:http/tcp: connections from outside to node port 30001 are dropped on a, which has no "
                    + "endpoint"
            ]),
        LintCase(
            "a load balancer asks",
            [
                node("a"), node("b"), service(ports: localNodePort, ingress: #"{"ip":"203.0.113.1"}"#, balanced),
                slice([endpoint()]),
            ], [],
            [
                "info shop/web:http/tcp: connections from outside to node port 30001 and the load balancer's address are "
                    + "dropped on b, which has no endpoint"
            ]),
        LintCase(
            "external IPs of a ClusterIP Service",
            [
                node("a"), node("b"),
                service("web", #""externalTrafficPolicy":"Local","externalIPs":["203.0.113.1"]"#),
                slice([endpoint()]),
            ], [],
            [
                "warning shop/web:http/tcp: connections from outside to external IPs are dropped on b, which has no "
                    + "endpoint"
            ]),
        LintCase("terminating counts", [node("a"), web, slice([endpoint(conditions: terminating)])]),
        LintCase("everywhere", [node("a"), web, slice([endpoint()])]),
        LintCase("seen from its node", three + [web, slice([endpoint(on: "b")])], ["--node", "b"]),
        LintCase("policy Cluster", three + [service(ports: localNodePort), slice([endpoint(on: "b")])]),
        LintCase("no endpoint at all is refused", three + [web]),
        LintCase("nothing leads in", three + [service("web", local), slice([endpoint(on: "b")])]),
        LintCase("no node is known", [web, slice([endpoint(on: "b")])]),
    ]

    @Test(arguments: external) func noLocalEndpointExternal(_ example: LintCase) throws {
        try check("no-local-endpoint-external", example)
    }

    private static let agent = service("web", #""internalTrafficPolicy":"Local""#)
    private static let internalCases = [
        LintCase(
            "on one of three", three + [agent, slice([endpoint(on: "b")])], [],
            [
                "warning shop/web:http/tcp: connections to the cluster IP are dropped on 2 of 3 nodes, which have no "
                    + "endpoint: a and c"
            ]),
        LintCase(
            "families differ",
            three[...1] + [
                dualStack("web", #""internalTrafficPolicy":"Local""#),
                slice([endpoint(), endpoint("10.0.1.2", on: "b")]),
                slice("web", [endpoint("fd00::2")], type: "IPv6"),
            ], [],
            [
                "warning shop/web:http/tcp: IPv6: connections to the cluster IP are dropped on b, which has no endpoint"
            ]),
        LintCase(
            "families agree",
            three[...1] + [
                dualStack("web", #""internalTrafficPolicy":"Local""#), slice([endpoint()]),
                slice("web", [endpoint("fd00::2")], type: "IPv6"),
            ], [],
            ["warning shop/web:http/tcp: connections to the cluster IP are dropped on b, which has no endpoint"]),
        LintCase(
            "nowhere", [node("a"), agent, slice([endpoint(on: nil)])], [],
            [
                "error shop/web:http/tcp: connections to the cluster IP are dropped on all nodes (1) of the cluster: none "
                    + "of its endpoints has a nodeName"
            ]),
        LintCase("everywhere", [node("a"), agent, slice([endpoint()])]),
        LintCase("policy Cluster", three + [service(), slice([endpoint(on: "b")])]),
    ]

    @Test(arguments: internalCases) func noLocalEndpointInternal(_ example: LintCase) throws {
        try check("no-local-endpoint-internal", example)
    }

    private static let six = slice("web", [endpoint("fd00::2"), endpoint("fd00::3")], type: "IPv6")

    private static let families = [
        LintCase(
            "single-stack", [service(), six], [],
            [
                "error Service shop/web: the cluster IP 10.96.0.1 is an IPv4 address, but all endpoints (2) are IPv6 ones; "
                    + "connections to it are refused"
            ]),
        LintCase(
            "dual-stack", [dualStack(), slice([endpoint()])], [],
            [
                "warning Service shop/web: IPv6: the cluster IP fd00::1 is an IPv6 address, but all endpoints (1) are IPv4 ones; "
                    + "connections to it are refused"
            ]),
        LintCase(
            "an empty slice of the family", [service(), slice([]), six], [],
            [
                "error Service shop/web: the cluster IP 10.96.0.1 is an IPv4 address, but all endpoints (2) are IPv6 ones; "
                    + "connections to it are refused"
            ]),
        LintCase("both", [dualStack(), slice([endpoint()]), six]),
        LintCase("none at all", [dualStack()]),
        LintCase("more than asked for", [service(), slice([endpoint()]), six]),
        LintCase("the other family is not looked at", [dualStack(), slice([endpoint()])], ["--family", "ipv4"]),
    ]

    @Test(arguments: families) func wrongFamilyEndpoints(_ example: LintCase) throws {
        try check("wrong-family-endpoints", example)
    }

    private static let none = [
        LintCase(
            "no slice", [service(), service("db", at: "10.96.0.2"), slice("db", [endpoint()])], [],
            ["warning shop/web:http/tcp: the Service has no EndpointSlice; connections are refused"]),
        LintCase(
            "empty slice", [service(), slice([])], [],
            ["warning shop/web:http/tcp: the Service has no endpoint; connections are refused"]),
        LintCase(
            "not ready", [service(), slice([endpoint(conditions: notReady)])], [],
            ["warning shop/web:http/tcp: its only endpoint is not ready; connections are refused"]),
        LintCase(
            "none ready",
            [service(), slice([endpoint(conditions: notReady), endpoint("10.0.1.2", conditions: notReady)])], [],
            ["warning shop/web:http/tcp: none of its 2 endpoints is ready; connections are refused"]),
        LintCase("ready", [service(), slice([endpoint(), endpoint("10.0.1.2", conditions: notReady)])]),
        LintCase("terminating", [service(), slice([endpoint(conditions: terminating)])]),
        LintCase("headless", [service("web", at: "None"), slice([])]),
        LintCase("of another family", [service(), six]),
        LintCase("of another port", [service(), slice("web", [endpoint()], ports: #"{"name":"x","port":1}"#)]),
    ]

    @Test(arguments: none) func noEndpoints(_ example: LintCase) throws { try check("no-endpoints", example) }

    private static let terminatingCases = [
        LintCase(
            "one",
            [service(), slice([endpoint(conditions: terminating), endpoint("10.0.1.2", conditions: notReady)])],
            [],
            ["warning shop/web:http/tcp: no endpoint is ready; new connections go to 1 terminating endpoint"]),
        LintCase("beside a ready one", [service(), slice([endpoint(conditions: terminating), endpoint("10.0.1.2")])]),
        LintCase("ready and terminating", [service(), slice([endpoint(conditions: #""terminating":true"#)])]),
        LintCase("none", [service(), slice([endpoint(conditions: notReady)])]),
    ]

    @Test(arguments: terminatingCases) func onlyTerminatingEndpoints(_ example: LintCase) throws {
        try check("only-terminating-endpoints", example)
    }

    private static let ports = [
        LintCase(
            "other name", [service(), slice("web", [endpoint()], ports: #"{"name":"metrics","port":1}"#)], [],
            [
                "error shop/web:http/tcp: no EndpointSlice carries the port http/TCP; there is metrics/TCP; connections "
                    + "are refused"
            ]),
        LintCase(
            "other protocol",
            [service(), slice("web", [endpoint()], ports: #"{"name":"http","port":80,"protocol":"UDP"}"#)], [],
            [
                "error shop/web:http/tcp: no EndpointSlice carries the port http/TCP; there is http/UDP; connections are "
                    + "refused"
            ]),
        LintCase(
            "no port", [service(), slice("web", [endpoint()], ports: "")], [],
            [
                "error shop/web:http/tcp: no EndpointSlice carries the port http/TCP; they carry none; connections are "
                    + "refused"
            ]),
        LintCase(
            "named, where the slice leaves the name out",
            [service(), slice("web", [endpoint()], ports: #"{"port":80}"#)], [],
            [
                "error shop/web:http/tcp: no EndpointSlice carries the port http/TCP; there is \"\"/TCP; connections are "
                    + "refused"
            ]),
        LintCase(
            "unnamed, where the slice leaves the name out",
            [service(ports: #"{"port":80}"#), slice("web", [endpoint()], ports: #"{"port":80}"#)]),
        LintCase(
            "carried where no endpoint is",
            [service(), slice([]), slice("web", [endpoint()], name: "z", ports: #"{"name":"x","port":1}"#)], [],
            [
                "error shop/web:http/tcp: only EndpointSlices without endpoints carry the port http/TCP; connections are "
                    + "refused"
            ]),
        LintCase(
            "one of two ports",
            [service(ports: #"{"name":"http","port":80},{"name":"grpc","port":90}"#), slice([endpoint()])], [],
            [
                "error shop/web:grpc/tcp: no EndpointSlice carries the port grpc/TCP; there is http/TCP; connections are "
                    + "refused"
            ]),
        LintCase("carried", [service(), slice([endpoint(conditions: notReady)])]),
        LintCase(
            "unnamed", [service(ports: #"{"port":80}"#), slice("web", [endpoint()], ports: #"{"name":"","port":80}"#)]),
        LintCase("no endpoint", [service(), slice("web", [], ports: "")]),
    ]

    @Test(arguments: ports) func portWithoutSlice(_ example: LintCase) throws {
        try check("port-without-slice", example)
    }

    private static let orphans = [
        LintCase(
            "no such Service", [service(), slice("wbe", [endpoint()])], [],
            ["warning EndpointSlice shop/wbe-ipv4: its Service shop/wbe does not exist; it has no effect"]),
        LintCase(
            "of the other family", [service(), slice("wbe", [endpoint("fd00::2")], type: "IPv6")], [],
            ["warning EndpointSlice shop/wbe-ipv6: its Service shop/wbe does not exist; it has no effect"]),
        LintCase("its Service is there", [service(), slice([endpoint()])]),
        LintCase("its Service is headless", [service("web", at: "None"), slice([endpoint()])]),
        LintCase("a snapshot without Services", [slice([endpoint()])]),
        LintCase(
            "without a label",
            [service(), slice([endpoint()]).replacing("kubernetes.io/service-name", with: "app")]),
    ]

    @Test(arguments: orphans) func sliceWithoutService(_ example: LintCase) throws {
        try check("slice-without-service", example)
    }

    private static let duplicates = [
        LintCase(
            "in two slices", [service(), slice([endpoint()]), slice("web", [endpoint()], name: "z")], [],
            ["info shop/web:http/tcp: 1 endpoint of web-ipv4 is listed once more; each counts once"]),
        LintCase(
            "in one slice, three times", [service(), slice([endpoint(), endpoint(), endpoint()])], [],
            ["info shop/web:http/tcp: 2 endpoints of web-ipv4 are listed once more; each counts once"]),
        LintCase("apart", [service(), slice([endpoint()]), slice("web", [endpoint("10.0.1.2")], name: "z")]),
        LintCase(
            "on other ports",
            [
                service(), slice([endpoint()]),
                slice("web", [endpoint()], name: "z", ports: #"{"name":"http","port":81}"#),
            ]),
    ]

    @Test(arguments: duplicates) func duplicateEndpoint(_ example: LintCase) throws {
        try check("duplicate-endpoint", example)
    }
}
