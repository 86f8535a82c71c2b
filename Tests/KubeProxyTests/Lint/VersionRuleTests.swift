import Testing

/// The rules about what depends on kube-proxy's version.
@Suite struct VersionRuleTests {
    private func check(_ rule: String, _ example: LintCase) throws {
        #expect(try findings(of: rule, in: example.objects, example.options) == example.expected)
    }

    private static func version(_ minor: Int) -> [String] { ["--kube-proxy-version", "1.\(minor)"] }

    private static func node(_ name: String, _ address: String, kubelet: String) -> String {
        #"{"apiVersion":"v1","kind":"Node","metadata":{"name":"\#(name)"},"status":{"addresses":["#
            + #"{"type":"InternalIP","address":"\#(address)"}],"nodeInfo":{"kubeletVersion":"\#(kubelet)"}}}"#
    }

    private static let two = #"{"name":"http","port":8080},{"name":"metrics"}"#

    private static let ports = [
        LintCase(
            "two ports, one without a number", [service(), slice("web", [endpoint()], ports: two)], version(30),
            ["error EndpointSlice shop/web-ipv4: one of its 2 ports has no number, on which kube-proxy 1.30 crashes"]),
        LintCase("the same in 1.31", [service(), slice("web", [endpoint()], ports: two)], version(31)),
        LintCase(
            "a single one without a number", [service(), slice("web", [endpoint()], ports: #"{"name":"http"}"#)],
            version(30)),
        LintCase("both with a number", [service(), slice([endpoint()])], version(30)),
    ]

    @Test(arguments: ports) func crashingSlicePort(_ example: LintCase) throws {
        try check("crashing-slice-port", example)
    }

    private static func annotated(_ annotations: String) -> String {
        service().replacing(#""name":"web","#, with: #""annotations":{\#(annotations)},"name":"web","#)
    }

    private static let hinted = slice([endpoint(zones: ["z1"])])
    private static let aware = #""service.kubernetes.io/topology-aware-hints""#
    private static let mode = #""service.kubernetes.io/topology-mode""#

    private static let hints = [
        LintCase(
            "without an annotation", [service(), hinted], version(30),
            [
                "warning shop/web:http/tcp: its endpoints have hints, but kube-proxy 1.30 ignores them, since the Service "
                    + "has no annotation for it"
            ]),
        LintCase("the same in 1.31", [service(), hinted], version(31)),
        LintCase("with one", [annotated(mode + #":"Auto""#), hinted], version(30)),
        LintCase("any value in 1.27", [annotated(aware + #":"PreferZone""#), hinted], version(27)),
        LintCase(
            "another value in 1.26", [annotated(aware + #":"PreferZone""#), hinted], version(26),
            [
                "warning shop/web:http/tcp: its endpoints have hints, but kube-proxy 1.26 ignores them with the annotation "
                    + "'PreferZone'"
            ]),
        LintCase(
            "an annotation that 1.26 does not read", [annotated(mode + #":"Auto""#), hinted], version(26),
            [
                "warning shop/web:http/tcp: its endpoints have hints, but kube-proxy 1.26 ignores them with the annotation "
                    + "'Auto'"
            ]),
        LintCase(
            "turned off", [annotated(aware + #":"Disabled",\#(mode):"Auto""#), hinted], version(30),
            [
                "warning shop/web:http/tcp: its endpoints have hints, but kube-proxy 1.30 ignores them with the annotation "
                    + "'Disabled'"
            ]),
        LintCase("no hints", [service(), slice([endpoint()])], version(30)),
    ]

    @Test(arguments: hints) func hintsNeedAnnotation(_ example: LintCase) throws {
        try check("hints-need-annotation", example)
    }

    /// Hints by node alone count since 1.34.
    @Test(arguments: [
        LintCase(
            "by node, before", [service(), slice([endpoint(nodes: ["a"])])], version(33),
            [
                "warning shop/web:http/tcp: its endpoints are hinted by node only, which kube-proxy 1.33 ignores"
            ]),
        LintCase("by node, since", [service(), slice([endpoint(nodes: ["a"])])], version(34)),
    ]) func hintsIgnored(_ example: LintCase) throws {
        try check("hints-ignored", example)
    }

    private static let proxied = service(ingress: #"{"ip":"203.0.113.1","ipMode":"Proxy"}"#, #""type":"LoadBalancer""#)

    @Test(arguments: [
        LintCase(
            "ipMode Proxy", [proxied, slice([endpoint()])], version(29),
            [
                "warning Service shop/web: kube-proxy 1.29 captures traffic to 203.0.113.1, which ipMode Proxy leaves to "
                    + "the load balancer"
            ]),
        LintCase("the same in 1.30", [proxied, slice([endpoint()])], version(30)),
        LintCase(
            "ipMode VIP", [service(ingress: #"{"ip":"203.0.113.1","ipMode":"VIP"}"#), slice([endpoint()])], version(29)),
    ]) func proxyModeCaptured(_ example: LintCase) throws {
        try check("proxy-mode-captured", example)
    }

    private static let mixed = [
        node("a", "192.168.1.1", kubelet: "v1.29.4"), node("b", "192.168.1.2", kubelet: "v1.30.1"),
        node("c", "192.168.1.3", kubelet: "v1.30.0"),
    ]

    @Test(arguments: [
        LintCase(
            "a Service that versions treat differently", mixed + [proxied, slice([endpoint()])], [],
            [
                "warning Service shop/web: kube-proxy 1.29 and 1.30 differ about port http/tcp: the load balancer's IPs "
                    + "that have rules; a runs 1.29"
            ]),
        LintCase("one that they treat alike", mixed + [service(), slice([endpoint()])]),
        LintCase("seen from one node", mixed + [proxied, slice([endpoint()])], ["--node", "a"]),
        LintCase("one version given", mixed + [proxied, slice([endpoint()])], version(29)),
        LintCase(
            "versions that do the same",
            [
                node("a", "192.168.1.1", kubelet: "v1.34.1"), node("b", "192.168.1.2", kubelet: "v1.35.0"),
                service(), slice([endpoint(nodes: ["a"])]),
            ]),
        LintCase(
            "hints",
            [
                node("a", "192.168.1.1", kubelet: "v1.33.1"), node("b", "192.168.1.2", kubelet: "v1.34.0"),
                service(), slice([endpoint(nodes: ["a"])]),
            ], [],
            [
                "warning Service shop/web: kube-proxy 1.33 and 1.34 differ about port http/tcp: the topology hints; a runs "
                    + "1.33"
            ]),
        LintCase(
            "a Service that only one reads",
            [
                node("a", "192.168.1.1", kubelet: "v1.35.1"), node("b", "192.168.1.2", kubelet: "v1.36.0"),
                service().replacing(
                    #""name":"web","#, with: #""labels":{"service.kubernetes.io/headless":""},"name":"web","#),
                slice([endpoint()]),
            ], [],
            [
                "warning Service shop/web: kube-proxy 1.35 and 1.36 differ about port http/tcp: only one of them reads the "
                    + "Service; a runs 1.35"
            ]),
    ]) func versionsDiffer(_ example: LintCase) throws {
        try check("versions-differ", example)
    }
}
