import Iptables
import KubeObjects
import KubeProxy
import NetAddress
import Testing

@testable import KubeChainsJSON

/// What `apply` refuses since it would cause an outage.
@Suite struct OutageRiskTests {
    private static func snapshot(_ status: String, _ spec: String) -> String {
        func node(_ name: String, _ address: String) -> String {
            """
            {"kind":"Node","apiVersion":"v1","metadata":{"name":"\(name)"},
             "status":{"addresses":[{"type":"InternalIP","address":"\(address)"}]}}
            """
        }
        return """
            \(node("n1", "192.168.1.1")) \(node("n2", "192.168.1.2"))
            {"kind":"Service","apiVersion":"v1","metadata":{"namespace":"kube-system","name":"traefik"},
             "spec":{"type":"LoadBalancer","clusterIP":"10.96.0.50","ports":[{"name":"web","port":80}]\(spec)},
             "status":{"loadBalancer":{"ingress":[\(status)]}}}
            {"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","addressType":"IPv4",
             "metadata":{"namespace":"kube-system","name":"a","labels":{"kubernetes.io/service-name":"traefik"}},
             "ports":[{"name":"web","port":8000}],"endpoints":[{"addresses":["10.244.0.5"]}]}
            """
    }

    /// In IPVS mode a node takes for its own all that is sent to an address of a Service, so that another node's is lost
    /// (kubernetes/kubernetes#75290, #127410).
    @Test(arguments: [
        (#"{"ip":"192.168.1.1"},{"ip":"192.168.1.2"}"#, "", "192.168.1.2"),
        (#"{"ip":"192.168.1.2"}"#, "", "192.168.1.2"),
        ("", #","externalIPs":["192.168.1.2"]"#, "192.168.1.2"), (#"{"ip":"192.168.1.1"}"#, "", nil),
        (#"{"ip":"203.0.113.1"}"#, #","externalIPs":["203.0.113.2"]"#, nil), ("", "", nil),
    ])
    func addressOfAnotherNode(_ status: String, _ spec: String, _ address: String?) throws {
        let source = SnapshotSource(name: "a", bytes: Array(Self.snapshot(status, spec).utf8))
        let settings = try ProxySettings(flags: ["--proxy-mode", "ipvs", "--node", "n1"])
        let plan = try IPVSPlan(NodePlan(ClusterSnapshot(reading: [source]), settings))
        let texts = IPVSHostTexts(servers: "", sets: "", addresses: [])
        let risks = plan.outageRisks(replacing: IPVSFamilyState(.ipv4, texts, Ruleset(family: .ipv4)))
        #expect(
            risks
                == (address.map {
                    [
                        "\($0), on which kube-system/traefik:web answers, is the address of node n2: in IPVS mode this node would "
                            + "take all of that node's traffic"
                    ]
                } ?? []))
    }
}
