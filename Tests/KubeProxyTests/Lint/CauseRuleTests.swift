import Testing

/// The rules that name causes which people report, each with inputs that give findings and the nearest that do not.
@Suite struct CauseRuleTests {
    private func check(_ rule: String, _ example: LintCase) throws {
        #expect(try findings(of: rule, in: example.objects, example.options) == example.expected)
    }

    /// An object with more metadata.
    private static func with(_ metadata: String, _ object: String) -> String {
        object.replacing(#""metadata":{"#, with: #""metadata":{"# + metadata + ",", maxReplacements: 1)
    }

    private static let selector = #""selector":{"app":"web"}"#

    private static func endpoints(_ name: String, labels: String = "") -> String {
        #"{"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"\#(name)","namespace":"shop","labels":{\#(labels)}},"#
            + #""subsets":[{"addresses":[{"ip":"192.168.60.1"}],"ports":[{"name":"http","port":443}]}]}"#
    }

    private static let others = [service("other", at: "10.96.0.2"), slice("other", [endpoint()])]
    private static let unread =
        "error Endpoints shop/web: it has no EndpointSlice; kube-proxy does not read it and refuses connections; "

    @Test(arguments: [
        LintCase(
            "no selector", others + [service(), endpoints("web")], [],
            [unread + "the control plane has not written one: look for endpointslicemirroring in its log"]),
        LintCase(
            "skip-mirror",
            others + [service(), endpoints("web", labels: #""endpointslice.kubernetes.io/skip-mirror":"true""#)], [],
            [unread + "the label endpointslice.kubernetes.io/skip-mirror keeps the control plane from writing one"]),
        LintCase(
            "selector", others + [service("web", selector), endpoints("web")], [],
            [unread + "the control plane writes none for a Service with a selector: only for pods that it selects"]),
        LintCase("a slice beside", others + [service(), endpoints("web"), slice([endpoint()])]),
        LintCase("no slice in the snapshot", [service(), endpoints("web")]),
        LintCase("headless", others + [service("web", at: "None"), endpoints("web")]),
        LintCase("no Service", others + [endpoints("web")]),
    ])
    func endpointsWithoutSlice(_ example: LintCase) throws { try check("endpoints-without-slice", example) }

    @Test(arguments: [
        LintCase(
            "another address", [service("web", selector), endpoints("web"), slice([endpoint()])], [],
            [
                "warning Endpoints shop/web: kube-proxy does not read Endpoints, and no EndpointSlice of the Service has "
                    + "192.168.60.1"
            ]),
        LintCase("the same address", [service(), endpoints("web"), slice([endpoint("192.168.60.1")])]),
        LintCase("no slice of the Service", others + [service(), endpoints("web")]),
    ])
    func endpointsNotRead(_ example: LintCase) throws { try check("endpoints-not-read", example) }

    @Test(arguments: [
        LintCase(
            "FQDN",
            [service(), slice("web", [#"{"addresses":["db.example.org"]}"#], name: "names", type: "FQDN")], [],
            [
                "warning EndpointSlice shop/names: its addressType is neither IPv4 nor IPv6, so that kube-proxy does not read "
                    + "it; its endpoint gets no connections"
            ]),
        LintCase("no endpoint", [service(), slice("web", [], name: "names", type: "FQDN")]),
        LintCase("IPv4", [service(), slice([endpoint()])]),
    ])
    func sliceOfNames(_ example: LintCase) throws { try check("slice-of-names", example) }

    private static func managed(_ name: String, by manager: String, _ endpoints: [String]) -> String {
        slice("web", endpoints, name: name).replacing(
            #""labels":{"#, with: #""labels":{"endpointslice.kubernetes.io/managed-by":"\#(manager)","#)
    }

    @Test(arguments: [
        LintCase(
            "two", [service(), managed("a", by: "one", [endpoint()]), managed("b", by: "two", [endpoint("10.0.1.2")])],
            [],
            [
                "warning Service shop/web: its EndpointSlices are written by one (a) and two (b); one of them may be left over"
            ]
        ),
        LintCase(
            "the same",
            [service(), managed("a", by: "one", [endpoint()]), managed("b", by: "one", [endpoint("10.0.1.2")])]),
        LintCase("an empty one", [service(), managed("a", by: "one", [endpoint()]), managed("b", by: "two", [])]),
        LintCase("none named", [service(), slice([endpoint()])]),
    ])
    func sliceManagers(_ example: LintCase) throws { try check("slice-managers", example) }

    private static let cidr = ["--cluster-cidr", "10.42.0.0/16"]

    @Test(arguments: [
        LintCase(
            "a pod CIDR outside", [node("a", podCIDRs: #""10.244.1.0/24""#), service(), slice([endpoint()])], cidr,
            [
                "warning cluster: the pod CIDR 10.244.1.0/24 of Node a is outside of the cluster CIDR 10.42.0.0/16: traffic "
                    + "of its pods counts as from outside"
            ]),
        LintCase(
            "no pod CIDRs, endpoints outside", [node("a"), service(), slice([endpoint()])], cidr,
            [
                "warning cluster: no pod's address is in the cluster CIDR 10.42.0.0/16, such as 10.0.1.1: traffic of pods "
                    + "counts as from outside"
            ]),
        LintCase("inside", [node("a", podCIDRs: #""10.42.1.0/24""#), service(), slice([endpoint()])], cidr),
        LintCase("one endpoint inside", [node("a"), service(), slice([endpoint(), endpoint("10.42.0.1")])], cidr),
        LintCase("only the node's own address", [node("a", "10.0.1.1"), service(), slice([endpoint()])], cidr),
        LintCase("no node's pod", [node("a"), service(), slice([endpoint(on: nil)])], cidr),
        LintCase("no cluster CIDR", [node("a", podCIDRs: #""10.244.1.0/24""#), service()]),
    ])
    func podsOutsideClusterCIDR(_ example: LintCase) throws { try check("pods-outside-cluster-cidr", example) }

    private static let zones = [node("a", zone: "x"), node("b", "192.168.1.2", zone: "y")]
    private static let two = [endpoint(), endpoint("10.0.1.2", on: "b")]
    private static let auto = #""annotations":{"service.kubernetes.io/topology-mode":"Auto"}"#

    @Test(arguments: [
        LintCase(
            "annotation", zones + [with(auto, service()), slice(two)], [],
            [
                "warning shop/web:http/tcp: service.kubernetes.io/topology-mode: Auto asks for traffic to stay in the zone, "
                    + "but no endpoint has a hint; it goes to all zones"
            ]),
        LintCase(
            "trafficDistribution", zones + [service("web", #""trafficDistribution":"PreferClose""#), slice(two)], [],
            [
                "warning shop/web:http/tcp: trafficDistribution: PreferClose asks for traffic to stay in the zone, but no "
                    + "endpoint has a hint; it goes to all zones"
            ]),
        LintCase(
            "a hint",
            zones + [with(auto, service()), slice([endpoint(zones: ["x"]), endpoint("10.0.1.2", zones: ["y"])])]),
        LintCase("not asked for", zones + [service(), slice(two)]),
        LintCase("one zone", [node("a", zone: "x"), with(auto, service()), slice(two)]),
        LintCase("one endpoint", zones + [with(auto, service()), slice([endpoint()])]),
    ])
    func hintsMissing(_ example: LintCase) throws { try check("hints-missing", example) }

    private static let proxyProtocol =
        #""annotations":{"service.beta.kubernetes.io/do-loadbalancer-enable-proxy-protocol":"true"}"#

    @Test(arguments: [
        LintCase(
            "PROXY", [with(proxyProtocol, service(ingress: #"{"ip":"203.0.113.1"}"#)), slice([endpoint()])], [],
            [
                "warning Service shop/web: pods and nodes do not reach the load balancer at 203.0.113.1: kube-proxy sends them "
                    + "to the endpoints without what service.beta.kubernetes.io/do-loadbalancer-enable-proxy-protocol asks for"
            ]),
        LintCase(
            "ipMode Proxy",
            [with(proxyProtocol, service(ingress: #"{"ip":"203.0.113.1","ipMode":"Proxy"}"#)), slice([endpoint()])]),
        LintCase("no annotation", [service(ingress: #"{"ip":"203.0.113.1"}"#), slice([endpoint()])]),
    ])
    func loadBalancerBypassed(_ example: LintCase) throws { try check("load-balancer-bypassed", example) }

    @Test(arguments: [
        LintCase(
            "public", [service("web", #""externalIPs":["198.51.100.77"]"#)], [],
            [
                "warning shop/web:http/tcp: whatever pods and nodes send to 198.51.100.77:80 goes to this Service, whoever "
                    + "owns the address"
            ]),
        LintCase(
            "beside another Service's",
            [
                service("web", #""externalIPs":["198.51.100.77"]"#),
                service("api", at: "10.96.0.2", ingress: #"{"ip":"198.51.100.9"}"#),
            ], [],
            [
                "info shop/web:http/tcp: whatever pods and nodes send to 198.51.100.77:80 goes to this Service, whoever "
                    + "owns the address"
            ]),
        LintCase(
            "beside a Node's", [node("a", "198.51.100.9"), service("web", #""externalIPs":["198.51.100.77"]"#)], [],
            [
                "info shop/web:http/tcp: whatever pods and nodes send to 198.51.100.77:80 goes to this Service, whoever "
                    + "owns the address"
            ]),
        LintCase("private", [service("web", #""externalIPs":["10.1.2.3","192.168.7.7"]"#)]),
        LintCase(
            "another port",
            [service("web", ports: #"{"name":"syslog","port":514}"#, #""externalIPs":["198.51.100.77"]"#)]),
        LintCase("a node's", [node("a", "198.51.100.77"), service("web", #""externalIPs":["198.51.100.77"]"#)]),
        LintCase(
            "its load balancer's",
            [service("web", ingress: #"{"ip":"198.51.100.77"}"#, #""externalIPs":["198.51.100.77"]"#)]),
    ])
    func externalIPOfOthers(_ example: LintCase) throws { try check("external-ip-of-others", example) }

    @Test(arguments: [
        LintCase(
            "beside a good one",
            [service(), slice([endpoint()]), slice("web", [endpoint("10.0.1.2")], name: "b", ports: "")],
            [], ["warning EndpointSlice shop/b: it has 1 endpoint and no port; it gets no connections"]),
        LintCase("no good one", [service(), slice("web", [endpoint()], name: "b", ports: "")]),
        LintCase("no endpoint", [service(), slice([endpoint()]), slice("web", [], name: "b", ports: "")]),
    ])
    func sliceWithoutPorts(_ example: LintCase) throws { try check("slice-without-ports", example) }

    private static let proxyName = #""labels":{"service.kubernetes.io/service-proxy-name":"cilium"}"#

    @Test(arguments: [
        LintCase(
            "label", [with(proxyName, service())] + others, [],
            [
                "info Service shop/web: kube-proxy has no rules for it: the label service.kubernetes.io/service-proxy-name "
                    + "leaves it to another proxy"
            ]),
        LintCase("no label", [service()]),
    ])
    func otherProxy(_ example: LintCase) throws { try check("other-proxy", example) }

    @Test(arguments: [
        LintCase(
            "a manifest", [service().replacing(#""clusterIP":"10.96.0.1","#, with: "")] + others, [],
            [
                "warning Service shop/web: it has no clusterIP: it comes from a manifest, not from the API, and is left out of "
                    + "the rules"
            ]),
        LintCase("headless", [service("web", at: "None")] + others),
        LintCase(
            "ExternalName",
            [service("web", #""type":"ExternalName""#).replacing(#""clusterIP":"10.96.0.1","#, with: "")] + others),
    ])
    func noClusterIP(_ example: LintCase) throws { try check("no-cluster-ip", example) }

    private static let ranges =
        #""annotations":{"service.beta.kubernetes.io/load-balancer-source-ranges":"198.51.100.0/24"}"#

    @Test(arguments: [
        LintCase(
            "annotation alone", [with(ranges, service(ingress: #"{"ip":"203.0.113.1"}"#))], [],
            [
                "warning Service shop/web: its source ranges are in an annotation, which kube-proxy does not read; every "
                    + "client that reaches a node is let in to 203.0.113.1"
            ]),
        LintCase(
            "both",
            [
                with(
                    ranges,
                    service(ingress: #"{"ip":"203.0.113.1"}"#, #""loadBalancerSourceRanges":["198.51.100.0/24"]"#))
            ]),
        LintCase("no load balancer", [with(ranges, service())]),
    ])
    func sourceRangesInAnnotation(_ example: LintCase) throws { try check("source-ranges-in-annotation", example) }

    private static func ranged(_ range: String) -> String {
        service(ingress: #"{"ip":"203.0.113.1"}"#, #""loadBalancerSourceRanges":["\#(range)"]"#)
    }

    @Test(arguments: [
        LintCase(
            "pods outside", [ranged("198.51.100.0/24")], cidr,
            [
                "info Service shop/web: pods (10.42.0.0/16) are in no source range; what they send to 203.0.113.1 is dropped"
            ]),
        LintCase("pods inside", [ranged("10.0.0.0/8")], cidr),
        LintCase("nodes inside", [node("a"), ranged("192.168.1.0/24")], cidr),
        LintCase("pods unknown", [ranged("198.51.100.0/24")]),
    ])
    func sourceRangesWithoutPod(_ example: LintCase) throws { try check("source-ranges-without-pod", example) }

    private static func configuration(_ fields: String) -> String {
        #"{"apiVersion":"kubeproxy.config.k8s.io/v1alpha1","kind":"KubeProxyConfiguration"\#(fields)}"#
    }

    @Test(arguments: [
        LintCase(
            "no mode", [service(), configuration("")], [],
            [
                "info cluster: the KubeProxyConfiguration does not say which mode kube-proxy runs in; the default changes from "
                    + "iptables to nftables with 1.40"
            ]),
        LintCase("a mode", [service(), configuration(#","mode":"iptables""#)]),
        LintCase("no configuration", [service()]),
    ])
    func configurationWithoutMode(_ example: LintCase) throws { try check("configuration-without-mode", example) }
}
