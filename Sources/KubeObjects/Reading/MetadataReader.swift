internal import KubeChainsBytes
internal import KubeChainsJSON

/// An object's `metadata`, as far as it is read.
struct Metadata {
    var offset: Int?
    var name: JSONString?
    var namespace: JSONString?
    var hasProxyName = false
    var isHeadless = false
    var serviceName: JSONString?
    var zone: JSONString?
    /// The label `endpointslice.kubernetes.io/managed-by`.
    var managedBy: JSONString?
    /// Whether the label `endpointslice.kubernetes.io/skip-mirror` is `true`.
    var skipsMirror = false
    /// The annotations that ask for topology hints; of a Service only.
    var topologyAwareHints: JSONString?
    var topologyMode: JSONString?
    /// The annotation `service.beta.kubernetes.io/load-balancer-source-ranges`.
    var sourceRangesAnnotation: JSONString?
    /// The name of an annotation that asks a cloud's load balancer for TLS or the PROXY protocol.
    var balancerAnnotation: JSONString?
    var continueToken: JSONString?

    init() {}

    /// - Parameter isOfService: whether annotations are read.
    init(_ json: inout JSONReader, isOfService: Bool) throws(ReadFault) {
        offset = json.position
        if try json.skipNull() { return }
        try json.object("metadata") { json, key throws(ReadFault) in
            if json.string(key, equals: "name") {
                name = try json.string("metadata.name")
            } else if json.string(key, equals: "namespace") {
                namespace = try json.string("metadata.namespace")
            } else if json.string(key, equals: "labels") {
                try readLabels(&json)
            } else if isOfService, json.string(key, equals: "annotations") {
                try readAnnotations(&json)
            } else if json.string(key, equals: "continue") {
                continueToken = try json.string("metadata.continue")
            } else {
                try json.skipValue()
            }
        }
    }

    private mutating func readLabels(_ json: inout JSONReader) throws(ReadFault) {
        (hasProxyName, isHeadless, serviceName, zone) = (false, false, nil, nil)
        (managedBy, skipsMirror) = (nil, false)
        if try json.skipNull() { return }
        try json.object("metadata.labels") { json, key throws(ReadFault) in
            if json.string(key, equals: "kubernetes.io/service-name") {
                serviceName = try json.string("the label")
            } else if json.string(key, equals: "service.kubernetes.io/service-proxy-name") {
                hasProxyName = try json.string("the label") != nil
            } else if json.string(key, equals: "service.kubernetes.io/headless") {
                isHeadless = try json.string("the label") != nil
            } else if json.string(key, equals: "topology.kubernetes.io/zone") {
                zone = try json.string("the label")
            } else if json.string(key, equals: "endpointslice.kubernetes.io/managed-by") {
                managedBy = try json.string("the label")
            } else if json.string(key, equals: "endpointslice.kubernetes.io/skip-mirror") {
                skipsMirror = try json.string("the label").map { json.string($0, equals: "true") } ?? false
            } else {
                try json.skipValue()
            }
        }
    }

    private mutating func readAnnotations(_ json: inout JSONReader) throws(ReadFault) {
        (topologyAwareHints, topologyMode, sourceRangesAnnotation, balancerAnnotation) = (nil, nil, nil, nil)
        if try json.skipNull() { return }
        try json.object("metadata.annotations") { json, key throws(ReadFault) in
            if json.string(key, equals: "service.kubernetes.io/topology-aware-hints") {
                topologyAwareHints = try json.string("the annotation")
            } else if json.string(key, equals: "service.kubernetes.io/topology-mode") {
                topologyMode = try json.string("the annotation")
            } else if json.string(key, equals: "service.beta.kubernetes.io/load-balancer-source-ranges") {
                sourceRangesAnnotation = try json.string("the annotation")
            } else {
                if json.asksBalancer(key) { balancerAnnotation = key }
                try json.skipValue()
            }
        }
    }

    /// The object's name as a DNS label.
    func nameLabel(_ json: inout JSONReader, objectAt start: Int) throws(ReadFault) -> DNSLabel {
        try json.label(name, "metadata.name", missingAt: offset ?? start)
    }

    /// The object's namespace as a DNS label.
    func namespaceLabel(_ json: inout JSONReader, objectAt start: Int) throws(ReadFault) -> DNSLabel {
        try json.label(namespace, "metadata.namespace", missingAt: offset ?? start)
    }
}

extension JSONReader {
    /// Whether an annotation of this name asks a cloud's load balancer for TLS or the PROXY protocol.
    fileprivate func asksBalancer(_ key: JSONString) -> Bool {
        guard string(key, startsWith: "service.beta.kubernetes.io/") || string(key, startsWith: "loadbalancer.") else {
            return false
        }
        return string(key, contains: "proxy-protocol") || string(key, contains: "ssl-cert")
            || string(key, contains: "tls-ports") || string(key, contains: "certificate-id")
    }

    /// The DNS label that a string holds, which must be there.
    mutating func label(
        _ string: JSONString?, _ what: StaticString, missingAt offset: Int
    ) throws(ReadFault) -> DNSLabel {
        guard let string else { throw .value(at: offset, "\(what) is missing; expected a DNS label") }
        if !withContents(string, DNSLabel.isValid) {
            throw .value(
                at: string.offset,
                "\(what) is \(quoted(string)); expected a DNS label: 1 to 63 of a-z, 0-9 and '-', with no '-' at either end"
            )
        }
        return DNSLabel(validated: shared(string))
    }

    /// The DNS subdomain that `metadata.name` holds, which must be there.
    mutating func subdomain(
        _ name: JSONString?, of object: StaticString, missingAt offset: Int
    ) throws(ReadFault) -> DNSSubdomain {
        guard let name else { throw .value(at: offset, "metadata.name is missing; expected \(object)") }
        guard withContents(name, DNSSubdomain.isValid) else {
            throw .value(
                at: name.offset,
                "metadata.name is \(quoted(name)); expected a DNS subdomain: labels of a-z, 0-9 and '-', joined by dots"
            )
        }
        return DNSSubdomain(validated: shared(name))
    }

    /// The string's contents; long ones are shared with equal strings read before.
    mutating func shared(_ string: JSONString) -> String {
        if string.hasEscapes { return names.string(decode(string).span) }
        let view = bytes
        return view.withSpan(string.range) { names.string($0) }
    }
}
