import Foundation
import Testing

/// Inputs at the edge of what is refused, which must pass without a word.
@Suite struct AcceptedInputTests {
    private static let slice = #"""
        {"kind": "EndpointSlice", "addressType": "IPv4", "metadata": {"name": "web-1", "namespace": "shop",
         "labels": {"kubernetes.io/service-name": "web"}}, "endpoints": [{"addresses": ["10.244.1.5"]}],
         "ports": [{"name": "", "port": 8080}]}
        """#
    private static let node = #"{"kind": "Node", "metadata": {"name": "worker-1"}}"#
    /// A Service beside which something else is read.
    private static let web = service(#""ports": [{"port": 80}]"#)

    private static func service(_ spec: String, metadata: String = #""name": "web", "namespace": "shop""#) -> String {
        #"{"kind": "Service", "metadata": {\#(metadata)}, "spec": {"clusterIP": "10.96.0.10", \#(spec)}}"#
    }

    /// Renders one document beside a slice and a Node.
    private func render(_ document: String, options: [String] = []) throws -> String {
        let snapshot = document + Self.slice + Self.node
        let result = try Tool.run(["render"] + options + ["-"], input: Array(snapshot.utf8))
        expect(result, 0, errors: [])
        return result.outputText
    }

    @Test(arguments: [
        (#""ports": [{"port": 1}]"#, "-d 10.96.0.10 --dport 1 -j KUBE-SVC-"),
        (#""ports": [{"port": 65535}]"#, "--dport 65535 -j KUBE-SVC-"),
        (#""ports": [{"port": 80, "protocol": null, "name": null, "nodePort": null}]"#, "-m tcp -p tcp -d 10.96.0.10"),
        (#""ports": [{"port": 80, "nodePort": 0}]"#, "--dport 80 -j KUBE-SVC-"),
        (#""ports": [{"port": 80, "nodePort": 65535}]"#, "-m tcp -p tcp --dport 65535 -j KUBE-EXT-"),
        (#""ports": [{"port": 0, "port": 80}]"#, "--dport 80 -j KUBE-SVC-"),
        (#""ports": "none", "ports": [{"port": 80}]"#, "--dport 80 -j KUBE-SVC-"),
        (#""p\u006frts": [{"port": 80}]"#, "--dport 80 -j KUBE-SVC-"),
        (#""ports": [{"port": 0, "p\u006frt": 80}]"#, "--dport 80 -j KUBE-SVC-"),
        (#""ports": [{"port": 80, "protocol": "\u0054CP"}]"#, "-m tcp -p tcp -d 10.96.0.10"),
        (#""ports": [{"port": 80, "targetPort": "ht\"tp\n\u0000\ud83d\ude00"}]"#, "--dport 80 -j KUBE-SVC-"),
        (#""ports": [{"port": 80}], "clusterIP": "010.096.0.010""#, "-d 10.96.0.10 --dport 80"),
        (#""ports": [{"port": 80}], "externalIPs": []"#, "--dport 80 -j KUBE-SVC-"),
        (#""ports": [{"port": 80}], "externalIPs": null, "sessionAffinityConfig": null"#, "--dport 80 -j KUBE-SVC-"),
        (#""ports": [{"port": 80}], "sessionAffinity": "ClientIP""#, "--rcheck --seconds 10800 --reap"),
    ])
    func serviceSpec(_ spec: String, _ expected: String) throws {
        #expect(try render(Self.service(spec)).contains(expected))
    }

    /// Names of 63 characters, and ones that only look odd.
    @Test(arguments: [String(repeating: "a", count: 63), "0", "1-2", "a--b", "xn--caf-dma"])
    func names(_ name: String) throws {
        let document = Self.service(
            #""ports": [{"name": "\#(name)", "port": 80}]"#, metadata: #""name": "\#(name)", "namespace": "\#(name)""#)
        #expect(try render(document).contains(#"--comment "\#(name)/\#(name):\#(name) has no endpoints""#))
    }

    @Test func nodeNameOf253Characters() throws {
        let name = [63, 63, 63, 61].map { String(repeating: "n", count: $0) }.joined(separator: ".")
        let snapshot = Self.web + Self.slice + #"{"kind": "Node", "metadata": {"name": "\#(name)"}}"#
        expect(try Tool.run(["render", "-"], input: Array(snapshot.utf8)), 0, errors: [])
    }

    /// What nobody reads may be anything, as long as it is JSON.
    @Test(arguments: [
        #"{"kind": "ConfigMap", "metadata": 5, "spec": [], "items": {"a": 1}}"#,
        #"{"spec": 1, "status": 2, "metadata": [], "kind": "ConfigMap"}"#,
        #"{"items": [{"no": "kind"}], "kind": "Inventory"}"#,
        #"{"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "A B"}, "spec": "x"}"#,
        #"{"kind": "PodList", "apiVersion": "v1", "items": [{"spec": 5}]}"#,
        #"{"kind": "ServiceList", "apiVersion": "v1", "metadata": {"continue": ""}, "items": null}"#,
        #"{"kind": "List", "metadata": {"continue": null}}"#,
        "\u{FEFF}" + #"{"kind": "List", "items": []}"#,
    ])
    func otherKinds(_ document: String) throws {
        #expect(try render(document + Self.web).hasSuffix("COMMIT\n"))
    }

    /// Items of a list of one kind take their kind from it, wherever it stands.
    @Test func typedList() throws {
        let item = #"""
            {"metadata": {"name": "web", "namespace": "shop"},
             "spec": {"clusterIP": "10.96.0.10", "ports": [{"port": 80}]}}
            """#
        let expected = try render(Self.service(#""ports": [{"port": 80}]"#))
        #expect(try render(#"{"kind": "ServiceList", "apiVersion": "v1", "items": [\#(item)]}"#) == expected)
        #expect(try render(#"{"items": [\#(item)], "apiVersion": "v1", "kind": "ServiceList"}"#) == expected)
    }

    /// The same object twice counts once; only a difference in what is read is a fault.
    @Test func objectGivenTwice() throws {
        let service = Self.service(#""ports": [{"port": 80}]"#)
        let expected = try render(service)
        let again = Self.service(
            #""ports": [{"targetPort": 9, "port": 80, "protocol": "TCP"}], "selector": {"app": "web"}"#,
            metadata: #""resourceVersion": "5", "namespace": "shop", "name": "web""#)
        #expect(try render(service + service + Self.slice + Self.node) == expected)
        #expect(try render(service + again) == expected)
    }

    /// Lists in lists take no longer the deeper they are, also where every other one leaves its kind to the list around it.
    @Test func listsInLists() throws {
        var document = #"{"kind": "ConfigMap"}"#
        for level in 0..<200 {
            document = #"{"items": [\#(document)]"# + (level % 2 == 0 ? "}" : #", "kind": "ListList"}"#)
        }
        let snapshot = #"{"kind": "ListList", "items": [\#(document)]}"# + Self.web + Self.slice + Self.node
        let program = Program(
            executable: Tool.path, arguments: ["render", "--node", "worker-1", "-"], input: Array(snapshot.utf8),
            secondsAllowed: 10)
        expect(try program.run(), 0, errors: [])
    }

    /// 512 levels of nesting are read.
    @Test func nesting() throws {
        let inner = String(repeating: "[", count: 511) + String(repeating: "]", count: 511)
        #expect(try render(#"{"kind": "List", "extra": \#(inner)}"# + Self.web).hasSuffix("COMMIT\n"))
    }

    /// Addresses that kube-proxy never reads: not the first, or of a slice that it does not consider.
    @Test func addressesOfSlices() throws {
        func slice(_ old: String, _ new: String) -> String {
            Self.slice.replacingOccurrences(of: "web-1", with: "web-2").replacingOccurrences(of: old, with: new)
        }
        let bogus = slice("10.244.1.5", "web.example.org")
        for document in [
            slice(#""10.244.1.5""#, #""10.244.1.5", "bogus""#),
            bogus.replacingOccurrences(of: "IPv4", with: "FQDN"),
            bogus.replacingOccurrences(
                of: #""labels": {"#, with: #""labels": {"service.kubernetes.io/headless": "","#),
        ] {
            #expect(try render(document + Self.web).hasSuffix("COMMIT\n"))
        }
    }

    /// Cluster IPs of Services that kube-proxy does not consider.
    @Test(arguments: [
        (#""clusterIP": "None""#, ""),
        (#""clusterIP": """#, ""),
        (#""clusterIP": null, "clusterIPs": ["bogus"]"#, ""),
        (#""clusterIP": "bogus", "type": "ExternalName""#, ""),
        (#""clusterIP": "bogus""#, #", "labels": {"service.kubernetes.io/service-proxy-name": ""}"#),
    ])
    func clusterIPs(_ spec: String, _ metadata: String) throws {
        let service = Self.service(spec, metadata: #""name": "web", "namespace": "shop"\#(metadata)"#)
        #expect(try !render(service).contains("shop/web"))
    }
}
