import Foundation

/// A case recorded from kube-proxy's own code: a cluster, the options, and the text which kube-proxy writes.
public struct RecordedCase: Sendable {
    /// The name of the case's folder.
    public let name: String
    /// The snapshot as it lies on disk.
    public let snapshot: String
    /// The arguments of `render`.
    public let options: [String]
    /// The recorded text for iptables-restore.
    public let expected: String
    /// The snapshot and the options as plain values.
    public let cluster: ClusterDescription

    /// Reads `snapshot.json`, `options` and `expected.rules` of a folder.
    public init(folder: String) throws {
        func read(_ file: String) throws -> String {
            try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
        }
        name = URL(fileURLWithPath: folder).lastPathComponent
        snapshot = try read("snapshot.json")
        options = try read("options").split(separator: "\n").map(String.init)
        expected = try read("expected.rules")
        cluster = try ClusterDescription(json: snapshot, settings: .init(arguments: options))
    }

    /// The cases of a folder, sorted by name.
    public static func all(in folder: String) throws -> [RecordedCase] {
        let folders = try FileManager.default.contentsOfDirectory(atPath: folder).map { "\(folder)/\($0)" }
        return try folders.filter { FileManager.default.fileExists(atPath: "\($0)/options") }
            .sorted(by: bytesPrecede).map { try RecordedCase(folder: $0) }
    }
}

/// What is wrong with a recorded case.
public struct RecordedCaseError: Error, CustomStringConvertible {
    /// What is wrong, as a phrase.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension ClusterDescription {
    /// Reads a `List` of Services, EndpointSlices and Nodes; other kinds are passed over.
    public init(json: String, settings: Settings) throws {
        let decoded = try JSONSerialization.jsonObject(with: Data(json.utf8))
        guard let list = Fields(decoded) else { throw RecordedCaseError("the snapshot is not an object") }
        self.init(services: [], slices: [], nodes: [], settings: settings)
        for item in list.objects("items") {
            switch item.text("kind") {
            case "Service": services.append(Service(item))
            case "EndpointSlice": slices.append(Slice(item))
            case "Node": nodes.append(Node(item))
            default: break
            }
        }
    }
}

extension ClusterDescription.Service {
    fileprivate init(_ object: Fields) {
        let metadata = object["metadata"]
        let spec = object["spec"]
        let annotations = metadata["annotations"]
        self.init(namespace: metadata.text("namespace") ?? "", name: metadata.text("name") ?? "")
        isHeadless = metadata["labels"].text("service.kubernetes.io/headless") != nil
        topologyHints = annotations.text("service.kubernetes.io/topology-aware-hints")
        topologyMode = annotations.text("service.kubernetes.io/topology-mode")
        type = spec.text("type")
        proxyName = metadata["labels"].text("service.kubernetes.io/service-proxy-name")
        clusterIP = spec.text("clusterIP")
        clusterIPs = spec.texts("clusterIPs")
        families = spec.texts("ipFamilies").compactMap { ClusterDescription.Family(rawValue: $0) }
        ports = spec.objects("ports").map { port in
            ClusterDescription.ServicePort(
                name: port.text("name"), protocolName: port.text("protocol"), port: port.number("port") ?? 0,
                nodePort: port.number("nodePort"))
        }
        externalIPs = spec.texts("externalIPs")
        ingress = object["status"]["loadBalancer"].objects("ingress").map { entry in
            ClusterDescription.Ingress(
                ip: entry.text("ip"), hostname: entry.text("hostname"), mode: entry.text("ipMode"))
        }
        sourceRanges = spec.texts("loadBalancerSourceRanges")
        sessionAffinity = spec.text("sessionAffinity")
        affinityTimeout = spec["sessionAffinityConfig"]["clientIP"].number("timeoutSeconds")
        externalTrafficPolicy = spec.text("externalTrafficPolicy")
        internalTrafficPolicy = spec.text("internalTrafficPolicy")
        healthCheckNodePort = spec.number("healthCheckNodePort")
    }
}

extension ClusterDescription.Slice {
    fileprivate init(_ object: Fields) {
        let metadata = object["metadata"]
        self.init(
            namespace: metadata.text("namespace") ?? "", name: metadata.text("name") ?? "",
            service: metadata["labels"].text("kubernetes.io/service-name"),
            addressType: object.text("addressType") ?? "")
        isHeadless = metadata["labels"].text("service.kubernetes.io/headless") != nil
        proxyName = metadata["labels"].text("service.kubernetes.io/service-proxy-name")
        ports = object.objects("ports").map { port in
            ClusterDescription.SlicePort(
                name: port.text("name"), protocolName: port.text("protocol"), port: port.number("port"))
        }
        endpoints = object.objects("endpoints").map { ClusterDescription.Endpoint($0) }
    }
}

extension ClusterDescription.Endpoint {
    fileprivate init(_ object: Fields) {
        let conditions = object["conditions"]
        let hints = object["hints"]
        self.init(addresses: object.texts("addresses"))
        ready = conditions.flag("ready")
        serving = conditions.flag("serving")
        terminating = conditions.flag("terminating")
        nodeName = object.text("nodeName")
        zone = object.text("zone")
        zoneHints = hints.objects("forZones").map { $0.text("name") ?? "" }
        nodeHints = hints.objects("forNodes").map { $0.text("name") ?? "" }
    }
}

extension ClusterDescription.Node {
    fileprivate init(_ object: Fields) {
        let metadata = object["metadata"]
        self.init(name: metadata.text("name") ?? "")
        zone = metadata["labels"].text("topology.kubernetes.io/zone")
        addresses = object["status"].objects("addresses").map { entry in
            ClusterDescription.NodeAddress(type: entry.text("type") ?? "", address: entry.text("address") ?? "")
        }
        podCIDRs = object["spec"].texts("podCIDRs")
    }
}

/// The fields of a decoded JSON object; an absent object has none.
private struct Fields {
    private let values: [String: Any]

    init?(_ value: Any) {
        guard let values = value as? [String: Any] else { return nil }
        self.values = values
    }

    private init() {
        values = [:]
    }

    subscript(key: String) -> Fields {
        values[key].flatMap { Fields($0) } ?? Fields()
    }

    func text(_ key: String) -> String? { values[key] as? String }

    func number(_ key: String) -> Int? { values[key] as? Int }

    func flag(_ key: String) -> Bool? { values[key] as? Bool }

    func texts(_ key: String) -> [String] { values[key] as? [String] ?? [] }

    func objects(_ key: String) -> [Fields] {
        (values[key] as? [Any] ?? []).compactMap { Fields($0) }
    }
}
