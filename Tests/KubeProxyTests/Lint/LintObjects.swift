import KubeObjects
import KubeProxy
import NetAddress
import Testing

@testable import KubeChainsJSON

/// A snapshot for one rule, and what the rule finds in it.
struct LintCase: Sendable, CustomTestStringConvertible {
    let name: String
    let objects: [String]
    var options: [String] = []
    /// As ``findings(of:in:_:)`` writes them; empty: nothing is found.
    let expected: [String]

    var testDescription: String { name }

    init(_ name: String, _ objects: [String], _ options: [String] = [], _ expected: [String] = []) {
        self.name = name
        self.objects = objects
        self.options = options
        self.expected = expected
    }
}

/// What one rule finds in objects: `severity subject: message`, with the family before the message where there is one.
func findings(of rule: String, in objects: [String], _ options: [String] = []) throws -> [String] {
    let others = Set(LintRule.all.map(\.name)).subtracting([rule])
    return try lint(objects, options, without: others).findings.map { finding in
        let subject = finding.label.map { "\($0.servicePort)/\($0.transport)" } ?? finding.object ?? "cluster"
        let family = finding.family.map { "\($0.name): " } ?? ""
        return "\(finding.severity.rawValue) \(subject): \(family)\(finding.message)"
    }
}

/// Lints objects as the tool does.
func lint(_ objects: [String], _ options: [String] = [], without disabled: Set<String> = []) throws -> Lint {
    let sources = objects.enumerated().map { SnapshotSource(name: "\($0)", bytes: Array($1.utf8)) }
    let settings = try ProxySettings(flags: options)
    let families = options.contains("--family") ? [settings.family] : [.ipv4, .ipv6]
    return try Lint(ClusterSnapshot(reading: sources), settings, families: families, without: disabled)
}

/// The Service `shop/NAME` with a port `http` 80 unless other ports are given.
func service(
    _ name: String = "web", at clusterIP: String = "10.96.0.1", ports: String = #"{"name":"http","port":80}"#,
    ingress: String = "", _ spec: String = ""
) -> String {
    let more = spec.isEmpty ? "" : "," + spec
    return #"{"apiVersion":"v1","kind":"Service","metadata":{"name":"\#(name)","namespace":"shop"},"#
        + #""spec":{"clusterIP":"\#(clusterIP)","ports":[\#(ports)]\#(more)},"#
        + #""status":{"loadBalancer":{"ingress":[\#(ingress)]}}}"#
}

/// A Service with a cluster IP of either family.
func dualStack(_ name: String = "web", ingress: String = "", _ spec: String = "") -> String {
    let families = #""ipFamilies":["IPv4","IPv6"],"clusterIPs":["10.96.0.1","fd00::1"]"#
    return service(name, ingress: ingress, families + (spec.isEmpty ? "" : "," + spec))
}

/// A slice of `shop/SERVICE` with the port `http` 8080 unless others are given.
func slice(
    _ service: String, _ endpoints: [String], name: String? = nil,
    ports: String = #"{"name":"http","port":8080}"#, type: String = "IPv4"
) -> String {
    #"{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"\#(type)","metadata":{"#
        + #""name":"\#(name ?? service + "-" + type.lowercased())","namespace":"shop","#
        + #""labels":{"kubernetes.io/service-name":"\#(service)"}},"#
        + #""endpoints":[\#(endpoints.joined(separator: ","))],"ports":[\#(ports)]}"#
}

/// A slice of `shop/web` with the port `http` 8080.
func slice(_ endpoints: [String]) -> String { slice("web", endpoints) }

/// An endpoint on the node `a` unless another is given.
func endpoint(
    _ address: String = "10.0.1.1", on node: String? = "a", conditions: String = "", zones: [String] = [],
    nodes: [String] = []
) -> String {
    func names(_ names: [String]) -> String { names.map { #"{"name":"\#($0)"}"# }.joined(separator: ",") }
    let nodeName = node.map { #","nodeName":"\#($0)""# } ?? ""
    let hints =
        zones.isEmpty && nodes.isEmpty
        ? "" : #","hints":{"forZones":[\#(names(zones))],"forNodes":[\#(names(nodes))]}"#
    return #"{"addresses":["\#(address)"],"conditions":{\#(conditions)}\#(nodeName)\#(hints)}"#
}

let notReady = #""ready":false,"serving":false"#
let terminating = #""ready":false,"serving":true,"terminating":true"#

func node(_ name: String, _ address: String = "192.168.1.1", zone: String? = nil, podCIDRs: String = "") -> String {
    let labels = zone.map { #""labels":{"topology.kubernetes.io/zone":"\#($0)"},"# } ?? ""
    return #"{"apiVersion":"v1","kind":"Node","metadata":{\#(labels)"name":"\#(name)"},"#
        + #""spec":{"podCIDRs":[\#(podCIDRs)]},"#
        + #""status":{"addresses":[{"type":"InternalIP","address":"\#(address)"}]}}"#
}
