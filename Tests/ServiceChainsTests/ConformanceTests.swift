import Foundation
import Netfilter
import ServiceChains
import TestSupport
import Testing

/// kube-proxy's own texts (Fixtures/conformance), byte for byte.
@Suite struct ConformanceTests {
    @Test func everyRecordedCase() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: conformanceFolder)
            .filter { FileManager.default.fileExists(atPath: "\(conformanceFolder)/\($0)/snapshot.json") }
        for name in names.sorted() {
            let folder = "\(conformanceFolder)/\(name)"
            let snapshot = try String(contentsOfFile: "\(folder)/snapshot.json", encoding: .utf8)
            let options = try String(contentsOfFile: "\(folder)/options", encoding: .utf8)
                .split(separator: "\n").map { String($0) }
            let expected = try String(contentsOfFile: "\(folder)/expected.rules", encoding: .utf8)
            #expect(try plan([snapshot], options).text(.restore) == expected, "case \(name)")
        }
        #expect(names.count >= 167)
        print("conformance: \(names.count) recorded cases of kube-proxy rendered and compared byte for byte")
    }

    /// Names that everyone has seen on a node.
    @Test(arguments: [
        ("default", "kubernetes", "https", "TCP", "KUBE-SVC-NPX46M4PTMTKRN6Y"),
        ("kube-system", "kube-dns", "dns", "UDP", "KUBE-SVC-TCOU7JCQXEZGVUNU"),
        ("kube-system", "kube-dns", "dns-tcp", "TCP", "KUBE-SVC-ERIFXISQEP7F7OF4"),
        ("ns1", "svc1", "p80", "TCP", "KUBE-SVC-XPGD46QRK7WJZT7O"),
    ])
    func knownChainNames(_ namespace: String, _ name: String, _ port: String, _ transport: String, _ chain: String)
        throws
    {
        let service = """
            {"apiVersion":"v1","kind":"Service","metadata":{"name":"\(name)","namespace":"\(namespace)"},\
            "spec":{"clusterIP":"10.96.0.1","ports":[{"name":"\(port)","port":80,"protocol":"\(transport)"}]}}
            """
        #expect(try plan([service], []).servicePorts[0].clusterPolicyChain.description == chain)
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
        let endpoint = try plan([service, slice], []).servicePorts[0].endpoints[0]
        #expect(endpoint.chain?.description == "KUBE-SEP-SXIVWICOYRO3J4NJ")
    }
}
