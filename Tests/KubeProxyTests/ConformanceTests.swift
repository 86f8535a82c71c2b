import Foundation
import Iptables
import KubeProxy
import TestSupport
import Testing

/// kube-proxy's own texts (Fixtures/conformance), byte for byte.
@Suite struct ConformanceTests {
    private static let tally = Tally(0, cases: RecordedCase.names.count)

    @Test(arguments: RecordedCase.names)
    func recordedCase(_ name: String) throws {
        let recorded = try RecordedCase(name)
        #expect(try plan([recorded.snapshot], recorded.options).text(.restore) == recorded.expected)
        // The reference model must give kube-proxy's texts too, or it could not be one.
        #expect(ReferenceModel(recorded.cluster).text == recorded.expected)
        Self.tally.add {
            $0 += 1
        } finish: { count in
            print("conformance: \(count) recorded cases of kube-proxy rendered and compared byte for byte")
        }
    }

    @Test(.enabled(if: RecordedCase.only == nil))
    func allAreThere() {
        #expect(RecordedCase.names.count >= 167)
        #expect(RecordedCase.ipvsNames.count >= 60)
    }

    /// The demo cluster's goldens are what the reference says of it.
    @Test(arguments: ["ipv4", "ipv6"])
    func demoGoldens(_ family: String) throws {
        func read(_ file: String) throws -> String {
            try String(contentsOfFile: "\(fixtures)/demo/\(file)", encoding: .utf8)
        }
        let options = try read("options").split(separator: "\n").map(String.init) + ["--family", family]
        let snapshot = try read("cluster.json")
        let plan = try plan([snapshot], options)
        #expect(plan.text(.restore) == (try read("\(family).restore")))
        #expect(plan.text(.save) == (try read("\(family).save")))
        let cluster = try ClusterDescription(json: snapshot, settings: .init(arguments: options))
        #expect(ReferenceModel(cluster).text == (try read("\(family).restore")))
    }

    /// Names that everyone has seen on a node.
    @Test(arguments: [
        ("default", "kubernetes", "https", "TCP", "KUBE-SVC-NPX46M4PTMTKRN6Y"),
        ("kube-system", "kube-dns", "dns", "UDP", "KUBE-SVC-TCOU7JCQXEZGVUNU"),
        ("kube-system", "kube-dns", "dns-tcp", "TCP", "KUBE-SVC-ERIFXISQEP7F7OF4"),
        ("ns1", "svc1", "p80", "TCP", "KUBE-SVC-XPGD46QRK7WJZT7O"),
    ])
    func knownChainNames(
        _ namespace: String, _ name: String, _ port: String, _ transport: String, _ chain: String
    ) throws {
        let service = """
            {"apiVersion":"v1","kind":"Service","metadata":{"name":"\(name)","namespace":"\(namespace)"},\
            "spec":{"clusterIP":"10.96.0.1","ports":[{"name":"\(port)","port":80,"protocol":"\(transport)"}]}}
            """
        let iptables = IptablesPlan(try plan([service], []))
        #expect(iptables.chains(of: iptables.plan.servicePorts[0]).clusterPolicy.description == chain)
    }

    /// A check value recorded from kube-proxy for an endpoint's chain.
    @Test func knownEndpointChainName() throws {
        let service = """
            {"apiVersion":"v1","kind":"Service","metadata":{"name":"svc1","namespace":"ns1"},\
            "spec":{"clusterIP":"10.96.0.1","ports":[{"name":"p80","port":80}]}}
            """
        let slice = """
            {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","metadata":{"name":"a",\
            "namespace":"ns1","labels":{"kubernetes.io/service-name":"svc1"}},"endpoints":[{"addresses":["10.180.0.1"]}],\
            "ports":[{"name":"p80","port":80}]}
            """
        let iptables = IptablesPlan(try plan([service, slice], []))
        let endpoint = iptables.plan.servicePorts[0].endpoints[0]
        #expect(iptables.chain(of: endpoint)?.description == "KUBE-SEP-SXIVWICOYRO3J4NJ")
    }
}
