/// A random cluster with random options: a valid input of the product that mixes what kube-proxy reads and passes over.
///
/// Everything follows from the seed. Addresses where the product insists on them are valid and of the family that they
/// claim; external IPs, load balancer IPs, source ranges and what Nodes say may be bogus.
public struct RandomCluster: Sendable {
    /// The seed from which everything follows.
    public let seed: UInt64
    /// The Services, EndpointSlices, Nodes and settings as plain values.
    public private(set) var description: ClusterDescription
    /// The arguments of `render`, without the snapshot.
    public let options: [String]
    /// The JSON text of each object by itself, in random order.
    public private(set) var objects: [String]

    private let style: JSONStyle

    /// Creates the cluster of a seed.
    ///
    /// - Parameter kubeProxyMinor: the `N` of the version `1.N` to render. The cluster then holds what versions read in
    ///   other ways besides; without it, the cluster is one of the newest recorded version.
    public init(seed: UInt64, kubeProxyMinor: Int? = nil) {
        self.init(seed: seed, kubeProxyMinor: kubeProxyMinor) { _, _ in }
    }

    /// Creates the cluster of a seed with every address in its canonical text, so that rules of versions which write
    /// addresses as they are given are read by iptables as Kubernetes reads them.
    public init(canonicalSeed seed: UInt64, kubeProxyMinor: Int) {
        self.init(seed: seed, kubeProxyMinor: kubeProxyMinor) { description, _ in description.makeAddressesCanonical() }
    }

    /// Creates the cluster of a seed for nftables mode, in one of the versions 1.31 to 1.37.
    public init(nftablesSeed seed: UInt64) {
        let minor = 31 + Int(seed % 7)
        self.init(seed: seed, kubeProxyMinor: minor) { description, generator in
            description.addNftablesTraits(using: &generator)
        }
    }

    private init(
        seed: UInt64, kubeProxyMinor: Int?, _ change: (inout ClusterDescription, inout SeededGenerator) -> Void
    ) {
        var generator = SeededGenerator(seed: seed)
        let nodes = generator.nodes()
        let settings = generator.settings(for: nodes)
        let services = generator.services(for: settings.family)
        let slices = generator.slices(for: services, nodes: nodes, settings: settings)
        var description = ClusterDescription(services: services, slices: slices, nodes: nodes, settings: settings)
        if generator.chance(1, in: 60) { description.addLargeService(using: &generator) }
        if let kubeProxyMinor { description.addVersionTraits(minor: kubeProxyMinor, using: &generator) }

        change(&description, &generator)

        self.seed = seed
        self.description = description
        options = generator.arguments(description.settings)
        style = JSONStyle(
            isPretty: generator.chance(1, in: 2), shufflesKeys: generator.chance(1, in: 2),
            escapesAtRandom: generator.chance(1, in: 25), decoratesFreely: kubeProxyMinor == nil)
        objects = generator.shuffled(description.objects(style: style, using: &generator))
    }

    /// What kube-proxy writes for the cluster.
    public var reference: ReferenceModel { ReferenceModel(description) }

    /// The same cluster with one more Service, which has a namespace and addresses of its own and few endpoints.
    ///
    /// The objects that were there keep their text and order. The cluster does not become a large one by it.
    public func addingUnrelatedService() -> RandomCluster {
        var generator = SeededGenerator(seed: ~seed)
        let count = ReferenceModel(description).endpointCount
        let room = count > ReferenceModel.largeClusterThreshold ? 3 : ReferenceModel.largeClusterThreshold - count
        let (service, slice) = generator.unrelatedService(for: description.settings, endpoints: min(room, 3))
        var writer = ObjectWriter(generator: generator, style: style)
        var copy = self
        copy.description.services.append(service)
        copy.description.slices.append(slice)
        copy.objects += [writer.text(of: service), writer.text(of: slice)]
        return copy
    }
}

// MARK: Documents

extension RandomCluster {
    /// The numbers of the objects in a random order, for ``listDocument(order:)`` and ``documents(splitInto:order:)``.
    public func shuffledOrder(seed: UInt64) -> [Int] {
        var generator = SeededGenerator(seed: seed)
        return generator.shuffled(Array(objects.indices))
    }

    /// One `List` of the objects in the given order, with `kind` after `items` as kubectl prints it.
    public func listDocument(order: [Int]? = nil) -> String {
        list((order ?? Array(objects.indices)).map { objects[$0] })
    }

    /// Several texts which together hold the objects in the given order: each a `List`, or documents one after another.
    public func documents(splitInto count: Int, order: [Int]? = nil) -> [String] {
        var generator = SeededGenerator(seed: seed &+ UInt64(count))
        let order = order ?? Array(objects.indices)
        let bounds = (0...count).map { $0 * order.count / count }
        return zip(bounds, bounds.dropFirst()).map { start, end in
            let part = order[start..<end].map { objects[$0] }
            if part.isEmpty || generator.chance(1, in: 2) { return list(part) }
            return part.joined(separator: generator.pick(["", "\n", "\n\n"])) + "\n"
        }
    }

    private func list(_ items: [String]) -> String {
        guard style.isPretty && !items.isEmpty else {
            let joined = items.joined(separator: ",")
            return #"{"apiVersion":"v1","items":[\#(joined)],"kind":"List","metadata":{"resourceVersion":""}}"# + "\n"
        }
        let indentation = "\n        "
        let indented = items.map { item in
            indentation + item.split(separator: "\n").joined(separator: indentation)
        }
        return """
            {
                "apiVersion": "v1",
                "items": [\(indented.joined(separator: ","))
                ],
                "kind": "List",
                "metadata": {
                    "resourceVersion": ""
                }
            }

            """
    }
}

// MARK: Parts

extension ClusterDescription {
    /// Adds a Service by which the number of endpoints is at the threshold of a large cluster, or above.
    fileprivate mutating func addLargeService(using generator: inout SeededGenerator) {
        let family = settings.family
        let missing = ReferenceModel.largeClusterThreshold - ReferenceModel(self).endpointCount
        let excess = generator.pick(weighted: [(1, 0), (1, 1), (3, generator.number(in: 2...150))])
        var service = Service(namespace: generator.pick(["a-b", "zz"]), name: "large")
        service.type = "ClusterIP"
        service.families = [family]
        service.clusterIPs = [generator.clusterIP(family)]
        service.clusterIP = service.clusterIPs[0]
        service.sessionAffinity = generator.pick(["None", "ClientIP"])
        service.internalTrafficPolicy = generator.pick(["Cluster", "Cluster", "Local"])
        service.ports = [ServicePort(name: "http", protocolName: "TCP", port: 80)]
        services.append(service)
        slices += generator.largeSlices(
            of: service, family: family, count: missing + excess, nodeNames: nodes.map(\.name) + ["other-node"])
    }

    /// The text of every object, and now and then of one without effect.
    fileprivate func objects(style: JSONStyle, using generator: inout SeededGenerator) -> [String] {
        var writer = ObjectWriter(generator: SeededGenerator(seed: generator.next()), style: style)
        let unrelated = generator.pick(weighted: [(5, 0), (1, 2)])
        return services.map { writer.text(of: $0) } + slices.map { writer.text(of: $0) }
            + nodes.map { writer.text(of: $0) }
            + serviceCIDRs.enumerated().map { writer.text(ofServiceCIDR: $0, $1) }
            + (0..<unrelated).map { writer.unrelatedText(number: $0) }
    }
}

extension SeededGenerator {
    /// The arguments for some settings: in random order, as `--option value` or `--option=value`.
    fileprivate mutating func arguments(_ settings: ClusterDescription.Settings) -> [String] {
        var options = settings.options
        if settings.family == .ipv4 && chance(7, in: 8) { options.append(("--family", "ipv4")) }
        let joined = chance(1, in: 4)
        return shuffled(options).flatMap { option in
            guard let value = option.value else { return [option.name] }
            return joined ? ["\(option.name)=\(value)"] : [option.name, value]
        }
    }

    fileprivate mutating func unrelatedService(
        for settings: ClusterDescription.Settings, endpoints: Int
    ) -> (ClusterDescription.Service, ClusterDescription.Slice) {
        let family = settings.family
        var service = ClusterDescription.Service(
            namespace: pick(["0-unrelated", "m-unrelated", "zz-unrelated"]), name: "unrelated")
        service.type = pick(["NodePort", "LoadBalancer"])
        service.families = [family]
        service.clusterIPs = [family == .ipv4 ? "172.31.250.1" : "fd00:172:31::fa01"]
        service.clusterIP = service.clusterIPs[0]
        service.externalTrafficPolicy = pick(["Cluster", "Local"])
        service.sessionAffinity = "None"
        service.ports = [
            ClusterDescription.ServicePort(name: "web", protocolName: "TCP", port: 8888, nodePort: 29999)
        ]
        if service.type == "LoadBalancer" {
            service.ingress = [ClusterDescription.Ingress(ip: family == .ipv4 ? "1.3.250.1" : "2001:db8:beee::1")]
        }
        var slice = ClusterDescription.Slice(
            namespace: service.namespace, name: "unrelated-1", service: service.name, addressType: family.rawValue)
        slice.ports = [ClusterDescription.SlicePort(name: "web", protocolName: "TCP", port: 8888)]
        slice.endpoints = (0..<min(endpoints, number(in: 0...3))).map { index in
            let address = family == .ipv4 ? "10.99.250.\(index + 1)" : "fd00:99::fa\(index + 1)"
            var endpoint = ClusterDescription.Endpoint(addresses: [address])
            endpoint.nodeName = pick([settings.node, "other-node"])
            return endpoint
        }
        return (service, slice)
    }
}
