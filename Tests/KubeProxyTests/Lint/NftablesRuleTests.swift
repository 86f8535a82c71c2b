import Testing

/// The rules about nftables mode, and what other rules must not say in it.
@Suite struct NftablesRuleTests {
    private static let mode = ["--proxy-mode", "nftables"]
    private static let nodePort = #"{"name":"http","port":80,"nodePort":30001}"#
    private static let one = [node("a")]

    private func check(_ rule: String, _ example: LintCase) throws {
        #expect(try findings(of: rule, in: example.objects, Self.mode + example.options) == example.expected)
        // None of them is about iptables mode.
        let primary = example.options.contains { $0.contains("localhost") }
        if !primary { #expect(try findings(of: rule, in: example.objects, example.options) == []) }
    }

    @Test(arguments: [
        LintCase(
            "another address of the host", one + [service(ports: nodePort)],
            ["--node", "a", "--node-address", "192.168.1.1", "--node-address", "10.9.0.1"],
            ["warning Node a: node ports answer on 192.168.1.1, not on 10.9.0.1"]),
        LintCase("one address", one + [service(ports: nodePort)]),
        LintCase(
            "no node port", one + [service()],
            ["--node", "a", "--node-address", "192.168.1.1", "--node-address", "10.9.0.1"]),
        LintCase(
            "addresses given", one + [service(ports: nodePort)],
            [
                "--node", "a", "--node-address", "192.168.1.1", "--node-address", "10.9.0.1", "--nodeport-addresses",
                "192.168.0.0/16",
            ]),
    ])
    func nodePortAddresses(_ example: LintCase) throws { try check("nftables-node-port-addresses", example) }

    @Test(arguments: [
        LintCase(
            "the primary address is on no interface", one + [service(ports: nodePort)],
            ["--node", "a", "--node-address", "10.9.0.1"],
            ["error Node a: node ports answer on none of its IPv4 addresses"]),
        LintCase(
            "only loopback", one + [service(ports: nodePort)], ["--nodeport-addresses", "127.0.0.0/8"],
            ["error Node a: node ports answer on none of its IPv4 addresses"]),
        LintCase("the primary address", one + [service(ports: nodePort)]),
        LintCase("no node port", one + [service()], ["--nodeport-addresses", "127.0.0.0/8"]),
    ])
    func nodePortsNowhere(_ example: LintCase) throws { try check("nftables-node-ports-nowhere", example) }

    @Test(arguments: [
        LintCase(
            "a range of the other family", one + [service(ports: nodePort)], ["--nodeport-addresses", "fd00::/8"],
            ["warning cluster: no range of --nodeport-addresses is of IPv4; node ports answer on all IPv4 addresses"]),
        LintCase("a range of each", one + [service(ports: nodePort)], ["--nodeport-addresses", "fd00::/8,10.0.0.0/8"]),
        LintCase("no range", one + [service(ports: nodePort)]),
        LintCase("no node port", one + [service()], ["--nodeport-addresses", "fd00::/8"]),
    ])
    func nodePortsEverywhere(_ example: LintCase) throws { try check("nftables-node-ports-everywhere", example) }

    private static let gate = ["--feature-gates", "KubeProxyNFTablesLocalhostNodePorts=true"]

    @Test(arguments: [
        LintCase(
            "a node port", one + [service(ports: nodePort)], [],
            ["info cluster: node ports do not answer on 127.0.0.1"]),
        LintCase("no node port", one + [service()]),
        LintCase(
            "the gate before 1.37", one + [service(ports: nodePort)], gate + ["--kube-proxy-version", "1.36"],
            ["info cluster: node ports do not answer on 127.0.0.1"]),
        LintCase(
            "the gate alone", one + [service(ports: nodePort)], gate + ["--kube-proxy-version", "1.37"],
            ["info cluster: node ports do not answer on 127.0.0.1; they are refused and counted there"]),
        LintCase(
            "the gate and the word", one + [service(ports: nodePort)],
            gate + ["--kube-proxy-version", "1.37", "--nodeport-addresses", "primary,localhost"]),
    ])
    func localhostNodePort(_ example: LintCase) throws { try check("nftables-localhost-node-port", example) }

    private static let long = String(repeating: "n", count: 63)
    private static let longPort = #"{"name":"\#(String(repeating: "p", count: 63))","port":80}"#

    @Test(arguments: [
        LintCase(
            "without endpoints", one + [service(long, ports: longPort)], [],
            [
                "error shop/\(long):\(String(repeating: "p", count: 63))/tcp: its name has 132 bytes, and nft takes 128 in a "
                    + "comment; kube-proxy programs nothing any more"
            ]),
        LintCase("1.37 cuts it", one + [service(long, ports: longPort)], ["--kube-proxy-version", "1.37"]),
        LintCase("a short name", one + [service()]),
        LintCase(
            "with an endpoint",
            one + [
                service(long, ports: longPort),
                slice(
                    long, [endpoint()], name: "s", ports: #"{"name":"\#(String(repeating: "p", count: 63))","port":1}"#),
            ]),
    ])
    func longComment(_ example: LintCase) throws { try check("nftables-long-comment", example) }

    private static let prefix = ["--detect-local-mode", "InterfaceNamePrefix", "--pod-interface-name-prefix", "veth"]

    @Test(arguments: [
        LintCase(
            "1.32", one + [service()], prefix + ["--kube-proxy-version", "1.32"],
            ["error cluster: nft refuses 'iif veth*'; no rule loads"]),
        LintCase("1.33", one + [service()], prefix + ["--kube-proxy-version", "1.33"]),
        LintCase(
            "a bridge", one + [service()],
            [
                "--detect-local-mode", "BridgeInterface", "--pod-bridge-interface", "cni0", "--kube-proxy-version",
                "1.32",
            ]),
    ])
    func interfacePrefix(_ example: LintCase) throws { try check("nftables-interface-prefix", example) }

    @Test(arguments: [
        LintCase(
            "an endpoint without nodeName", one + [service(), slice([endpoint(on: nil), endpoint("10.0.1.2")])], [],
            ["info shop/web:http/tcp: 1 endpoint without nodeName cannot reach itself through the Service"]),
        LintCase("1.35", one + [service(), slice([endpoint(on: nil)])], ["--kube-proxy-version", "1.35"]),
        LintCase("with nodeName", one + [service(), slice([endpoint()])]),
        LintCase("not ready", one + [service(), slice([endpoint(on: nil, conditions: notReady)])]),
    ])
    func hairpinWithoutNode(_ example: LintCase) throws { try check("nftables-hairpin-without-node", example) }

    private static let both =
        #""type":"LoadBalancer","externalIPs":["203.0.113.1"],"loadBalancerSourceRanges":["198.51.100.0/24"]"#

    @Test(arguments: [
        LintCase(
            "an address that is both", one + [service(ingress: #"{"ip":"203.0.113.1"}"#, both)], [],
            [
                "info Service shop/web: the source ranges hold for 203.0.113.1, which is also an external IP; in iptables mode "
                    + "they do not"
            ]),
        LintCase("another address", one + [service(ingress: #"{"ip":"203.0.113.2"}"#, both)]),
    ])
    func sourceRangesOfExternalIP(_ example: LintCase) throws {
        try check("nftables-source-ranges-of-external-ip", example)
    }

    private static let labelled =
        #"{"apiVersion":"v1","kind":"Service","metadata":{"name":"mesh","namespace":"shop","labels":{"#
        + #""service.kubernetes.io/service-proxy-name":"x"}},"spec":{"clusterIP":"10.96.0.9","ports":[{"port":80}]}}"#
    private static let range =
        #"{"apiVersion":"networking.k8s.io/v1","kind":"ServiceCIDR","metadata":{"name":"k"},"#
        + #""spec":{"cidrs":["10.96.0.0/16"]}}"#

    @Test(arguments: [
        LintCase(
            "in a ServiceCIDR", one + [service(), labelled, range], [],
            [
                "warning Service shop/mesh: connections to 10.96.0.9 are dropped unless the other proxy translates them first"
            ]),
        LintCase("no ServiceCIDR", one + [service(), labelled]),
    ])
    func otherProxy(_ example: LintCase) throws { try check("nftables-other-proxy", example) }

    /// What only iptables' rules do is not said in nftables mode.
    @Test(arguments: [
        ("affinity-memory", [String]()), ("rule-budget", []), ("large-cluster", []),
        (
            "long-interface-prefix",
            ["--detect-local-mode", "InterfaceNamePrefix", "--pod-interface-name-prefix", "abcdefghijklmno"]
        ),
        ("cluster-cidr-of-everything", ["--cluster-cidr", "0.0.0.0/0"]),
    ])
    func onlyIptables(_ rule: String, _ options: [String]) throws {
        let many = (0..<901).map { endpoint("10.0.\($0 / 250).\($0 % 250 + 1)") }
        let objects = [node("a"), service("web", #""sessionAffinity":"ClientIP""#), slice(many)]
        #expect(try !findings(of: rule, in: objects, options).isEmpty, "\(rule)")
        #expect(try findings(of: rule, in: objects, Self.mode + options) == [], "\(rule)")
    }

    /// Where node ports answer is the mode's own decision.
    @Test func nodePortRules() throws {
        let objects = [
            node("a"), node("b", "203.0.113.1"),
            service(ports: Self.nodePort, ingress: #"{"ip":"203.0.113.1"}"#, #""type":"LoadBalancer""#),
        ]
        let options = ["--node", "a"]
        #expect(try findings(of: "node-port-on-load-balancer-ip", in: objects, options).count == 1)
        #expect(try findings(of: "node-port-on-load-balancer-ip", in: objects, Self.mode + options) == [])
    }
}
