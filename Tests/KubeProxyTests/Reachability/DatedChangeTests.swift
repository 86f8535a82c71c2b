import KubeObjects
import Testing

@testable import KubeChainsJSON
@testable import KubeProxy

/// What comes with versions is said to those who meet it, and to nobody else (release notes, KEPs and pull requests of
/// Kubernetes).
@Suite struct DatedChangeTests {
    /// A step from one version to another.
    struct Step: Sendable, CustomTestStringConvertible {
        let from: String
        let to: String
        var options: [String] = []
        var ports = #"{"port": 53, "protocol": "UDP"}"#
        var endpoints = 1

        var testDescription: String { "\(from) to \(to) \(options) \(endpoints)" }

        /// What is said of versions that are out.
        func notes() throws -> [DatedChange] {
            let endpoints = (0..<self.endpoints).map {
                #"{"addresses": ["10.244.\#($0 / 200).\#($0 % 200 + 1)"]}"#
            }
            let names = ["a", "b"].map { #"{"name": "\#($0)", "port": 80}"# }.joined(separator: ", ")
            let text = """
                [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}},
                 {"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "a", "name": "s"},
                  "spec": {"clusterIP": "10.96.0.9", "ports": [\(ports)]}},
                 {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
                  "metadata": {"namespace": "a", "name": "s", "labels": {"kubernetes.io/service-name": "s"}},
                  "ports": [\(names)], "endpoints": [\(endpoints.joined(separator: ", "))]}]
                """
            let settings = try ProxySettings(flags: ["--kube-proxy-version", from] + options)
            let snapshot = try ClusterSnapshot(reading: [SnapshotSource(name: "test", bytes: Array(text.utf8))])
            return try Upgrade(snapshot, settings, to: try #require(ProxyVersion(to))).notes.filter { !$0.isPlanned }
        }
    }

    private static let twoPorts = #"{"name": "a", "port": 80}, {"name": "b", "port": 81}"#

    @Test(arguments: [
        // Of UDP flows that stay: who did not have the defect is not told that it is mended.
        ("#139629", Step(from: "1.36", to: "1.37"), true), ("#139629", Step(from: "1.32", to: "1.37"), true),
        ("#139629", Step(from: "1.31", to: "1.37"), false), ("#139629", Step(from: "1.31", to: "1.36"), true),
        ("#139629", Step(from: "1.36", to: "1.37", ports: #"{"port": 80}"#), false),
        // The hourly full sync ends with patch releases: 600 endpoints of two ports are 1,200.
        ("#138571", Step(from: "1.36.0", to: "1.37", ports: twoPorts, endpoints: 600), true),
        ("#138571", Step(from: "1.36.2", to: "1.37", ports: twoPorts, endpoints: 600), false),
        ("#138571", Step(from: "1.36", to: "1.37", ports: twoPorts, endpoints: 600), true),
        ("#138571", Step(from: "1.36", to: "1.37", ports: twoPorts, endpoints: 500), false),
        ("#138571", Step(from: "1.34.8", to: "1.34.9", ports: twoPorts, endpoints: 600), true),
        ("#138571", Step(from: "1.34.9", to: "1.35.6", ports: twoPorts, endpoints: 600), false),
        ("#138571", Step(from: "1.35.2", to: "1.36.1", ports: twoPorts, endpoints: 600), false),
        (
            "#138571",
            Step(from: "1.36.0", to: "1.37", options: ["--proxy-mode", "ipvs"], ports: twoPorts, endpoints: 600), false
        ),
        ("#139247", Step(from: "1.36", to: "1.37"), false),
        ("#139247", Step(from: "1.36", to: "1.37", options: ["--no-random-fully"]), true),
        ("#139957", Step(from: "1.36", to: "1.37"), true), ("#139957", Step(from: "1.35", to: "1.36"), false),
        ("#139957", Step(from: "1.36", to: "1.37", options: ["--proxy-mode", "iptables"]), false),
        ("#139957", Step(from: "1.36", to: "1.37", options: ["--proxy-mode", "ipvs"]), false),
        ("#139397", Step(from: "1.36", to: "1.37", options: ["--proxy-mode", "nftables"]), true),
        ("#139397", Step(from: "1.36", to: "1.37"), false),
        ("#120354", Step(from: "1.28", to: "1.29", options: ["--conntrack-tcp-be-liberal"]), true),
        ("#120354", Step(from: "1.28", to: "1.29"), false),
        ("#122812", Step(from: "1.30", to: "1.31", options: ["--nfacct"]), true),
        ("#122812", Step(from: "1.30", to: "1.31"), false),
        ("KEP-5495", Step(from: "1.34", to: "1.35", options: ["--proxy-mode", "ipvs"]), true),
        ("KEP-5495", Step(from: "1.34", to: "1.35"), false),
    ])
    func isSaidToWhomItConcerns(_ source: String, _ step: Step, _ isSaid: Bool) throws {
        let found = try step.notes().contains { $0.sources.contains(source) }
        #expect(found == isSaid)
    }
}
