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

    /// The name of the only recorded case to run, from the environment variable `KUBECHAINS_CASE`; nil: all of them.
    public static let only: String? = {
        let name = ProcessInfo.processInfo.environment["KUBECHAINS_CASE"] ?? ""
        return name.isEmpty ? nil : name
    }()

    /// The names of the cases in iptables mode (`Fixtures/conformance`), sorted.
    public static let names = names(in: "conformance")
    /// The names of the cases in IPVS mode (`Fixtures/conformance-ipvs`), sorted.
    public static let ipvsNames = names(in: "conformance-ipvs")
    /// Those of which more is tried than their text: all, in a brief run every sixth.
    public static let tried = TestSize.current.sample(names, brief: 12)
    /// The same in IPVS mode.
    public static let ipvsTried = TestSize.current.sample(ipvsNames, brief: 12)

    /// The package's `Fixtures`.
    static let fixtures =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        + "/Fixtures"

    static func names(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(fixtures)/\(folder)")) ?? []
        return names.filter { name in
            (only == nil || only == name)
                && FileManager.default.fileExists(atPath: "\(fixtures)/\(folder)/\(name)/options")
        }.sorted()
    }

    /// Reads `snapshot.json`, `options` and `expected.rules` of a case in iptables mode.
    public init(_ name: String) throws {
        func read(_ file: String) throws -> String {
            try String(contentsOfFile: "\(Self.fixtures)/conformance/\(name)/\(file)", encoding: .utf8)
        }
        self.name = name
        snapshot = try read("snapshot.json")
        options = try read("options").split(separator: "\n").map(String.init)
        expected = try read("expected.rules")
        cluster = try ClusterDescription(json: snapshot, settings: .init(arguments: options))
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
            case "ServiceCIDR": serviceCIDRs.append(item["spec"].texts("cidrs"))
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
