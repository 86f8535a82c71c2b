import KubeChainsJSON
import KubeProxy
import Testing

/// The rules about slices, addresses and ports where they cannot work, each with the nearest inputs that give no finding.
@Suite struct MisplacedRuleTests {
    private func check(_ rule: String, _ example: LintCase) throws {
        #expect(try findings(of: rule, in: example.objects, example.options) == example.expected)
    }

    private static func labelled(_ label: String, _ slice: String) -> String {
        slice.replacing(#""labels":{"#, with: #""labels":{"service.kubernetes.io/\#(label)":"","#)
    }

    private static let headless = labelled("headless", slice([endpoint(), endpoint("10.0.1.2")]))
    private static let proxyName = labelled("service-proxy-name", slice([endpoint()]))
    private static func unread(_ label: String, _ rest: String) -> String {
        "warning EndpointSlice shop/web-ipv4: the label service.kubernetes.io/\(label) keeps kube-proxy from reading it; \(rest)"
    }

    @Test(arguments: [
        LintCase("headless", [service(), headless], [], [unread("headless", "its 2 endpoints get no connections")]),
        LintCase(
            "another proxy, up to 1.35", [service(), proxyName], ["--kube-proxy-version", "1.35"],
            [unread("service-proxy-name", "its endpoint gets no connections")]),
        LintCase("another proxy from 1.36 on", [service(), proxyName], ["--kube-proxy-version", "1.36"]),
        LintCase("the slice of a headless Service", [service("web", at: "None"), headless]),
        LintCase("without a Service", [service("other"), headless]),
        LintCase("without an endpoint", [service(), labelled("headless", slice([]))]),
        LintCase("without a label", [service(), slice([endpoint()])]),
    ])
    func sliceNotRead(_ example: LintCase) throws { try check("slice-not-read", example) }

    /// Another finding says why such a Service has no endpoints.
    @Test func causeOnce() throws {
        #expect(try findings(of: "no-endpoints", in: [service(), Self.headless]).isEmpty)
        let selecting = try lint([service("web", #""selector":{"app":"web"}"#), slice([])])
        let manual = try lint([service("web"), slice([])])
        let remedies = [selecting, manual].map { $0.findings.first { $0.id == "no-endpoints" }?.remedy ?? "" }
        #expect(remedies[0].hasPrefix("look at the pods") && remedies[1].hasPrefix("write an EndpointSlice"))
    }

    @Test(arguments: [
        LintCase(
            "of another Service", [service(), slice([endpoint("10.96.0.2")]), service("api", at: "10.96.0.2")], [],
            [
                "error shop/web:http/tcp: its endpoint 10.96.0.2:8080 is the cluster IP of shop/api; connections to it fail"
            ]),
        LintCase(
            "a load balancer's address",
            [
                service(), slice([endpoint("203.0.113.1")]),
                service("api", at: "10.96.0.2", ingress: #"{"ip":"203.0.113.1"}"#),
            ]),
        LintCase("a node's address", [node("a"), service(), slice([endpoint("192.168.1.1")])]),
    ])
    func endpointIsClusterIP(_ example: LintCase) throws { try check("endpoint-is-cluster-ip", example) }

    private static let pods = node("a", podCIDRs: #""10.96.0.0/24""#)

    @Test(arguments: [
        LintCase(
            "pods", [pods, service(), service("api", at: "10.96.0.2")], [],
            [
                "error cluster: the cluster IP 10.96.0.2 of shop/api is in the pod CIDR 10.96.0.0/24 of Node a; 1 other cluster "
                    + "IP overlap likewise"
            ]),
        LintCase(
            "a node", [node("a", "10.96.0.1"), service()], [],
            ["error cluster: the cluster IP 10.96.0.1 of shop/web is Node a's address"]),
        LintCase("beside", [node("a", podCIDRs: #""10.96.1.0/24""#), service()]),
        LintCase("a cluster CIDR of all private addresses", [node("a"), service()], ["--cluster-cidr", "10.0.0.0/8"]),
    ])
    func overlappingRanges(_ example: LintCase) throws { try check("overlapping-ranges", example) }

    private static func nodePort(_ port: Int, _ transport: String = "TCP") -> String {
        service(
            ports: #"{"name":"http","port":80,"nodePort":\#(port),"protocol":"\#(transport)"}"#, #""type":"NodePort""#)
    }

    @Test(arguments: [
        LintCase(
            "kubelet", [nodePort(10250)], [],
            [
                "warning shop/web:http/tcp: node port 10250 is the port of kubelet, which cannot be reached on any node any more"
            ]),
        LintCase("UDP", [nodePort(10250, "UDP")]),
        LintCase("the usual range", [nodePort(30080)]),
    ])
    func nodePortOfHost(_ example: LintCase) throws { try check("node-port-of-host", example) }

    @Test(arguments: [
        LintCase(
            "an external IP among pods", [pods, service("web", at: "10.1.0.1", #""externalIPs":["10.96.0.7"]"#)], [],
            [
                "warning shop/web:http/tcp: the external IP 10.96.0.7 is in the pod CIDR 10.96.0.0/24 of Node a; a pod's own TCP "
                    + "port 80 cannot be reached there"
            ]),
        LintCase(
            "a load balancer's address among pods",
            [pods, service("web", at: "10.1.0.1", ingress: #"{"ip":"10.96.0.7"}"#)], [],
            [
                "warning shop/web:http/tcp: the load balancer's address 10.96.0.7 is in the pod CIDR 10.96.0.0/24 of Node a; a "
                    + "pod's own TCP port 80 cannot be reached there"
            ]),
        LintCase("beside", [pods, service("web", at: "10.1.0.1", #""externalIPs":["10.97.0.7"]"#)]),
    ])
    func addressOfPods(_ example: LintCase) throws { try check("own-address-as-external-ip", example) }

    private static func linkLocal(_ address: String) -> String {
        "warning shop/web:http/tcp: whatever pods and nodes send to \(address):514, a link-local address such as that of "
            + "clouds' metadata services, goes to this Service"
    }
    private static let syslog = #"{"name":"http","port":514}"#

    @Test(arguments: [
        LintCase(
            "a load balancer's", [service(ports: syslog, ingress: #"{"ip":"169.254.169.254"}"#)], [],
            [linkLocal("169.254.169.254")]),
        LintCase("private", [service(ports: syslog, ingress: #"{"ip":"192.168.169.254"}"#)]),
    ])
    func linkLocalAddress(_ example: LintCase) throws { try check("external-ip-of-others", example) }

    private static let zones = [node("a", zone: "x"), node("b", "192.168.1.2", zone: "y")]
    private static let two = slice([endpoint(), endpoint("10.0.1.2", on: "b")])
    private static func distributed(_ value: String) -> String { service("web", #""trafficDistribution":"\#(value)""#) }

    /// Which Nodes are checked has no effect on what the Service asks for.
    @Test(arguments: [
        LintCase(
            "of one node", zones + [distributed("PreferClose"), two], ["--node", "a"],
            [
                "warning shop/web:http/tcp: trafficDistribution: PreferClose asks for traffic to stay in the zone, but no "
                    + "endpoint has a hint; it goes to all zones"
            ]),
        LintCase(
            "on the node", zones + [distributed("PreferSameNode"), two], [],
            [
                "warning shop/web:http/tcp: trafficDistribution: PreferSameNode asks for traffic to stay on the node, but no "
                    + "endpoint has a hint; it goes to all nodes"
            ]),
        LintCase(
            "no zones", [node("a"), node("b", "192.168.1.2"), distributed("PreferClose"), two], [],
            [
                "info shop/web:http/tcp: trafficDistribution: PreferClose asks for traffic to stay in the zone, but no Node has "
                    + "the label topology.kubernetes.io/zone; it goes to all nodes"
            ]),
        LintCase("no Nodes", [distributed("PreferClose"), two]),
    ])
    func hintsMissing(_ example: LintCase) throws { try check("hints-missing", example) }

    @Test func externalNamesNeedNoSlices() throws {
        let name = service("web", at: "", #""type":"ExternalName","externalName":"db.example.org""#)
        let warnings = try lint([name]).warnings.map(\.message)
        #expect(!warnings.contains { $0.contains("no EndpointSlice") })
    }
}
