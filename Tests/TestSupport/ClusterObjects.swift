/// Writes the objects of a cluster as the API server could give them: with fields that kube-proxy does not read, and
/// with absent values spelled as an absent field, null, or an empty list or object.
struct ObjectWriter {
    var generator: SeededGenerator
    let style: JSONStyle

    private typealias Field = (key: String, value: JSONValue?)

    mutating func text(of service: ClusterDescription.Service) -> String {
        text(
            "v1", "Service",
            ("metadata", metadata(of: service)), ("spec", spec(of: service)), ("status", status(of: service)))
    }

    mutating func text(of slice: ClusterDescription.Slice) -> String {
        var labels: [Field] = [
            ("kubernetes.io/service-name", slice.service.map(JSONValue.string)),
            ("endpointslice.kubernetes.io/managed-by", .string("endpointslice-controller.k8s.io")),
        ]
        if slice.isHeadless { labels.append(("service.kubernetes.io/headless", .string(""))) }
        if let proxyName = slice.proxyName {
            labels.append(("service.kubernetes.io/service-proxy-name", .string(proxyName)))
        }
        return text(
            "discovery.k8s.io/v1", "EndpointSlice",
            ("metadata", metadata(name: slice.name, namespace: slice.namespace, labels: labels)),
            ("addressType", .string(slice.addressType)),
            ("endpoints", list(slice.endpoints.map { endpoint($0) })),
            ("ports", list(slice.ports.map { port($0) })))
    }

    mutating func text(of node: ClusterDescription.Node) -> String {
        let labels: [Field] = [
            ("kubernetes.io/hostname", .string(node.name)),
            ("topology.kubernetes.io/zone", node.zone.map(JSONValue.string)),
            ("topology.kubernetes.io/region", decoration(.string("region-1"))),
        ]
        let addresses = node.addresses.map { address in
            JSONValue.object([("type", .string(address.type)), ("address", .string(address.address))])
        }
        let spec = object([
            ("podCIDR", node.podCIDRs.first.map(JSONValue.string)), ("podCIDRs", strings(node.podCIDRs)),
            ("providerID", decoration(.string("kind://\(node.name)"))),
        ])
        return text(
            "v1", "Node",
            ("metadata", metadata(name: node.name, namespace: nil, labels: labels)),
            ("spec", spec), ("status", object([("addresses", list(addresses))])))
    }

    mutating func text(ofServiceCIDR number: Int, _ ranges: [String]) -> String {
        text(
            "networking.k8s.io/v1", "ServiceCIDR",
            ("metadata", metadata(name: "range-\(number)", namespace: nil, labels: [])),
            ("spec", object([("cidrs", strings(ranges))])))
    }

    /// An object of a kind that has no effect.
    mutating func unrelatedText(number: Int) -> String {
        text(
            "v1", generator.pick(["ConfigMap", "Secret", "Pod", "Namespace"]),
            ("metadata", metadata(name: "unrelated-\(number)", namespace: "default", labels: [])),
            ("data", .object([("items", .string("[{\"kind\": \"Service\"}]"))])))
    }
}

// MARK: Services

extension ObjectWriter {
    private mutating func metadata(of service: ClusterDescription.Service) -> JSONValue {
        let labels: [Field] = [
            ("app", .string(service.name)),
            ("service.kubernetes.io/service-proxy-name", service.proxyName.map(JSONValue.string)),
            ("service.kubernetes.io/headless", service.isHeadless ? .string("") : versionedDecoration("")),
        ]
        let topologyMode = generator.pick(["Auto", "Disabled"])
        let annotations: [Field] = [
            (
                "service.kubernetes.io/topology-mode",
                service.topologyMode.map(JSONValue.string) ?? versionedDecoration(topologyMode)
            ),
            ("service.kubernetes.io/topology-aware-hints", service.topologyHints.map(JSONValue.string)),
            (
                "service.beta.kubernetes.io/load-balancer-source-ranges",
                decoration(.string("198.51.100.0/24"))
            ),
        ]
        return metadata(name: service.name, namespace: service.namespace, labels: labels, annotations: annotations)
    }

    private mutating func spec(of service: ClusterDescription.Service) -> JSONValue {
        let timeout = service.affinityTimeout.map { seconds in
            JSONValue.object([("clientIP", .object([("timeoutSeconds", .number(seconds))]))])
        }
        let ports = service.ports.map { port($0) }
        let distribution = generator.pick(["PreferClose", "PreferSameZone", "PreferSameNode"])
        return object([
            ("type", service.type.map(JSONValue.string)),
            ("clusterIP", service.clusterIP.map(JSONValue.string)),
            ("clusterIPs", strings(service.clusterIPs)),
            ("ipFamilies", strings(service.families.map(\.rawValue))),
            ("ports", list(ports)),
            ("externalIPs", strings(service.externalIPs)),
            ("loadBalancerSourceRanges", strings(service.sourceRanges)),
            ("sessionAffinity", service.sessionAffinity.map(JSONValue.string)),
            ("sessionAffinityConfig", timeout),
            ("externalTrafficPolicy", service.externalTrafficPolicy.map(JSONValue.string)),
            ("internalTrafficPolicy", service.internalTrafficPolicy.map(JSONValue.string)),
            ("healthCheckNodePort", service.healthCheckNodePort.map(JSONValue.number)),
            ("ipFamilyPolicy", decoration(.string("PreferDualStack"))),
            ("externalName", service.type == "ExternalName" ? .string("example.com") : nil),
            ("selector", .object([("app", .string(service.name))])),
            ("publishNotReadyAddresses", decoration(.bool(true))),
            ("allocateLoadBalancerNodePorts", decoration(.bool(false))),
            ("loadBalancerClass", decoration(.string("example.com/lb"))),
            ("loadBalancerIP", decoration(.string("1.2.3.4"))),
            ("trafficDistribution", decoration(.string(distribution))),
        ])
    }

    private mutating func status(of service: ClusterDescription.Service) -> JSONValue? {
        let ingress = service.ingress.map { entry in
            object([
                ("ip", entry.ip.map(JSONValue.string)), ("hostname", entry.hostname.map(JSONValue.string)),
                ("ipMode", entry.mode.map(JSONValue.string)),
                ("ports", decoration(.array([.object([("port", .number(80)), ("protocol", .string("TCP"))])]))),
            ])
        }
        if ingress.isEmpty && generator.chance(1, in: 6) { return nil }
        return object([("loadBalancer", object([("ingress", list(ingress))]))])
    }

    private mutating func port(_ port: ClusterDescription.ServicePort) -> JSONValue {
        let target = generator.pick([JSONValue.number(port.port), .number(8080), .string("web")])
        return object([
            ("name", port.name.map(JSONValue.string)), ("protocol", port.protocolName.map(JSONValue.string)),
            ("port", .number(port.port)), ("nodePort", port.nodePort.map(JSONValue.number)), ("targetPort", target),
            ("appProtocol", decoration(.string("kubernetes.io/h2c"))),
        ])
    }
}

// MARK: Slices

extension ObjectWriter {
    private mutating func port(_ port: ClusterDescription.SlicePort) -> JSONValue {
        object([
            ("name", port.name.map(JSONValue.string)), ("protocol", port.protocolName.map(JSONValue.string)),
            ("port", port.port.map(JSONValue.number)), ("appProtocol", decoration(.string("http"))),
        ])
    }

    private mutating func endpoint(_ endpoint: ClusterDescription.Endpoint) -> JSONValue {
        let conditions: [Field] = [
            ("ready", endpoint.ready.map(JSONValue.bool)), ("serving", endpoint.serving.map(JSONValue.bool)),
            ("terminating", endpoint.terminating.map(JSONValue.bool)),
        ]
        let hints: [Field] = [
            ("forZones", named(endpoint.zoneHints)), ("forNodes", named(endpoint.nodeHints)),
        ]
        return object([
            ("addresses", .array(endpoint.addresses.map(JSONValue.string))),
            ("conditions", optionalObject(conditions)),
            ("nodeName", endpoint.nodeName.map(JSONValue.string)),
            ("zone", endpoint.zone.map(JSONValue.string)),
            ("hints", optionalObject(hints)),
            ("targetRef", decoration(.object([("kind", .string("Pod")), ("name", .string("pod-0"))]))),
        ])
    }

    private mutating func named(_ names: [String]) -> JSONValue? {
        list(names.map { .object([("name", .string($0))]) })
    }
}

// MARK: Common parts

extension ObjectWriter {
    private mutating func text(_ apiVersion: String, _ kind: String, _ fields: Field...) -> String {
        let value = object([("apiVersion", .string(apiVersion)), ("kind", .string(kind))] + fields)
        return style.text(of: value, using: &generator)
    }

    private mutating func metadata(
        name: String, namespace: String?, labels: [Field], annotations: [Field] = []
    ) -> JSONValue {
        let note: Field = ("example.com/note", decoration(.string("\"quoted\" \\ back\n\tcafé 名前 🐳 <&>")))
        return object([
            ("name", .string(name)), ("namespace", namespace.map(JSONValue.string)),
            ("labels", map(labels)), ("annotations", map(annotations + [note])),
            ("uid", .string(generator.hexadecimal(32))), ("resourceVersion", .string("1000")),
            ("generation", decoration(.number(3))), ("creationTimestamp", .string("2026-01-01T00:00:00Z")),
        ])
    }

    /// A field without effect, in some of the objects.
    private mutating func decoration(_ value: JSONValue) -> JSONValue? {
        generator.chance(1, in: 8) ? value : nil
    }

    /// A field without effect in the newest version, but with one in others.
    private mutating func versionedDecoration(_ text: String) -> JSONValue? {
        style.decoratesFreely ? decoration(.string(text)) : nil
    }

    /// An object; a field without value is absent, sometimes null.
    private mutating func object(_ fields: [Field]) -> JSONValue {
        .object(
            fields.compactMap { field in
                if let value = field.value { return (field.key, value) }
                return generator.chance(1, in: 16) ? (field.key, .null) : nil
            })
    }

    /// An object; one without any value is empty or absent.
    private mutating func optionalObject(_ fields: [Field]) -> JSONValue? {
        let isEmpty = fields.allSatisfy { $0.value == nil }
        return isEmpty && generator.chance(1, in: 2) ? nil : object(fields)
    }

    /// A map such as the labels, in which null has no meaning; an empty one is sometimes absent.
    private mutating func map(_ entries: [Field]) -> JSONValue? {
        let present = entries.compactMap { entry in entry.value.map { (key: entry.key, value: $0) } }
        return present.isEmpty && generator.chance(1, in: 2) ? nil : .object(present)
    }

    /// A list; an empty one is sometimes absent.
    private mutating func list(_ values: [JSONValue]) -> JSONValue? {
        values.isEmpty && generator.chance(2, in: 3) ? nil : .array(values)
    }

    private mutating func strings(_ texts: [String]) -> JSONValue? {
        list(texts.map(JSONValue.string))
    }
}
