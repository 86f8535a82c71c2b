internal import KubeChainsBytes
internal import KubeChainsJSON
internal import NetAddress

/// An EndpointSlice while it is read.
struct EndpointSliceFields {
    var addressType: JSONString?
    var family: AddressFamily?
    var endpoints: [Endpoint] = []
    var ports: [EndpointPort] = []
    /// See ``EndpointSlice/addressTexts``.
    private var addressTexts = [Int: [String]]()
    /// The first address of another family. It is an error only if the slice is considered, which depends on its
    /// labels.
    var firstBadAddress: JSONString?

    mutating func readAddressType(_ json: inout JSONReader) throws(ReadFault) {
        family = nil
        addressType = try json.string("addressType")
        guard let addressType else { return }
        if json.string(addressType, equals: "IPv4") {
            family = .ipv4
        } else if json.string(addressType, equals: "IPv6") {
            family = .ipv6
        }
    }

    mutating func readEndpoints(_ json: inout JSONReader) throws(ReadFault) {
        endpoints = []
        if !addressTexts.isEmpty { addressTexts.removeAll() }
        firstBadAddress = nil
        if try json.skipNull() { return }
        var last = LastValues()
        // Most slices of a cluster have about as many endpoints.
        endpoints.reserveCapacity(json.capacityHint)
        defer { json.capacityHint = endpoints.count }
        try json.array("endpoints") { json throws(ReadFault) in
            endpoints.append(Endpoint())
            try readLastEndpoint(&json, &last)
        }
    }

    /// Reads the endpoint that was added last where it stands: it is not copied (measured: a hundredth of the instructions of
    /// reading).
    private mutating func readLastEndpoint(
        _ json: inout JSONReader, _ last: inout LastValues
    ) throws(ReadFault) {
        let index = endpoints.count - 1
        try json.object("an endpoint") { json, key throws(ReadFault) in
            if json.string(key, equals: "addresses") {
                endpoints[index].address = try readFirstAddress(&json)
            } else if json.string(key, equals: "conditions") {
                endpoints[index].conditions = try last.conditions.read(&json) { json throws(ReadFault) in
                    try Endpoint.Conditions(&json)
                }
            } else if json.string(key, equals: "nodeName") {
                endpoints[index].nodeName = try json.string("nodeName").map { json.shared($0) }
            } else if json.string(key, equals: "zone") {
                endpoints[index].zone = try json.string("zone").map { json.shared($0) }
            } else if json.string(key, equals: "hints") {
                endpoints[index].hints = try last.hints.read(&json) { json throws(ReadFault) in
                    try TopologyHints.read(&json)
                }
            } else if json.string(key, equals: "topology") {
                try json.readTopology(into: &endpoints[index])
            } else {
                try json.skipValue()
            }
        }
    }

    private mutating func readFirstAddress(_ json: inout JSONReader) throws(ReadFault) -> IPAddress? {
        let start = json.position
        var first: JSONString?
        var count = 0
        try json.strings("addresses") { _, string throws(ReadFault) in
            if first == nil { first = string }
            count += 1
        }
        if !addressTexts.isEmpty { addressTexts[endpoints.count - 1] = nil }
        guard let first, let family else { return nil }
        if let address = json.address(first), address.family == family {
            if count > 1 || !json.isCanonical(first, address) { try noteAddresses(&json, from: start) }
            return address
        }
        if firstBadAddress == nil { firstBadAddress = first }
        return nil
    }

    /// Keeps the texts of an endpoint's addresses, which are read again.
    @inline(never)
    private mutating func noteAddresses(_ json: inout JSONReader, from start: Int) throws(ReadFault) {
        let end = json.position
        json.position = start
        var texts: [String] = []
        try json.strings("addresses") { json, string throws(ReadFault) in texts.append(json.contents(string)) }
        json.position = end
        addressTexts[endpoints.count - 1] = texts
    }

    /// Checks the whole object.
    func finish(
        _ metadata: Metadata, at start: Int, _ json: inout JSONReader
    ) throws(ReadFault) -> EndpointSlice {
        let namespace = try metadata.namespaceLabel(&json, objectAt: start)
        guard let name = metadata.name, !name.range.isEmpty else {
            throw .value(at: metadata.offset ?? start, "metadata.name is missing; expected the slice's name")
        }
        var slice = EndpointSlice(
            namespace: namespace, name: json.shared(name), place: ObjectPlace(json.location(start)))
        slice.family = family
        slice.isHeadless = metadata.isHeadless
        slice.hasProxyName = metadata.hasProxyName
        if let manager = metadata.managedBy { slice.setManager(json.shared(manager)) }
        slice.ports = ports
        slice.endpoints = endpoints
        slice.addressTexts = addressTexts
        if let service = metadata.serviceName, !service.range.isEmpty {
            slice.serviceName = try json.label(
                service, "the label kubernetes.io/service-name", missingAt: service.offset)
        } else {
            json.warn(
                at: start,
                "the EndpointSlice \(namespace)/\(json.text(name.range)) has no label kubernetes.io/service-name; "
                    + "it is skipped")
        }
        if addressType == nil {
            json.warn(
                at: start,
                "the EndpointSlice \(namespace)/\(json.text(name.range)) has no addressType; it is skipped")
        }
        if slice.isConsidered, let family, let bad = firstBadAddress {
            throw .value(
                at: bad.offset,
                "the endpoint's address is \(json.quoted(bad)); expected an \(family.name) address, as addressType claims"
            )
        }
        return slice
    }
}

/// The last values read: most endpoints have the same conditions and hints as the one before, written the same way.
private struct LastValues {
    var conditions = LastValue(Endpoint.Conditions())
    var hints = LastValue<TopologyHints?>(nil)
}

/// A value and the bytes that it was read from. The same bytes are not parsed again (measured: an eighth
/// of the instructions of reading), and their value is stored once.
private struct LastValue<Value> {
    private var range = 0..<0
    private var value: Value

    init(_ value: Value) { self.value = value }

    @inline(__always)
    mutating func read(
        _ json: inout JSONReader, _ body: (inout JSONReader) throws(ReadFault) -> Value
    ) throws(ReadFault) -> Value {
        let start = json.position
        if !range.isEmpty, start + range.count <= json.bytes.count,
            json.bytes.equal(range, start..<(start + range.count))
        {
            json.position += range.count
            return value
        }
        value = try body(&json)
        range = start..<json.position
        return value
    }
}

extension TopologyHints {
    /// Reads an endpoint's `hints`; nil if they name nothing.
    fileprivate static func read(_ json: inout JSONReader) throws(ReadFault) -> TopologyHints? {
        if try json.skipNull() { return nil }
        var zones: [String] = []
        var nodes: [String] = []
        try json.object("hints") { json, key throws(ReadFault) in
            if json.string(key, equals: "forZones") {
                zones = try json.hintNames("forZones")
            } else if json.string(key, equals: "forNodes") {
                nodes = try json.hintNames("forNodes")
            } else {
                try json.skipValue()
            }
        }
        return zones.isEmpty && nodes.isEmpty ? nil : TopologyHints(zones: zones, nodes: nodes)
    }
}

extension JSONReader {
    /// Reads the `topology` of an endpoint of `discovery.k8s.io/v1beta1`, which the API server converts to the endpoint's node
    /// and zone where these are not there.
    @inline(never)
    fileprivate mutating func readTopology(into endpoint: inout Endpoint) throws(ReadFault) {
        if try skipNull() { return }
        try object("topology") { json, key throws(ReadFault) in
            if json.string(key, equals: "kubernetes.io/hostname") {
                let name = try json.string("the hostname").map { json.shared($0) }
                endpoint.nodeName = endpoint.nodeName ?? name
            } else if json.string(key, equals: "topology.kubernetes.io/zone") {
                let zone = try json.string("the zone").map { json.shared($0) }
                endpoint.zone = endpoint.zone ?? zone
            } else {
                try json.skipValue()
            }
        }
    }

    fileprivate mutating func hintNames(_ what: StaticString) throws(ReadFault) -> [String] {
        var result: [String] = []
        if try skipNull() { return result }
        try array(what) { json throws(ReadFault) in
            var name = ""
            try json.object("a hint") { json, key throws(ReadFault) in
                guard json.string(key, equals: "name") else { return try json.skipValue() }
                name = try json.string("the hint's name").map { json.shared($0) } ?? ""
            }
            result.append(name)
        }
        return result
    }
}

extension Endpoint.Conditions {
    fileprivate init(_ json: inout JSONReader) throws(ReadFault) {
        self = [.ready, .serving]
        if try json.skipNull() { return }
        try json.object("conditions") { json, key throws(ReadFault) in
            if json.string(key, equals: "ready") {
                self.set(.ready, try json.boolean("ready") ?? true)
            } else if json.string(key, equals: "serving") {
                self.set(.serving, try json.boolean("serving") ?? true)
            } else if json.string(key, equals: "terminating") {
                self.set(.terminating, try json.boolean("terminating") ?? false)
            } else {
                try json.skipValue()
            }
        }
    }

    private mutating func set(_ condition: Self, _ isTrue: Bool) {
        if isTrue { insert(condition) } else { remove(condition) }
    }
}

extension EndpointPort {
    /// Reads a slice's `ports`.
    static func readAll(_ json: inout JSONReader) throws(ReadFault) -> [EndpointPort] {
        var ports: [EndpointPort] = []
        if try json.skipNull() { return ports }
        try json.array("ports") { json throws(ReadFault) in
            var port = EndpointPort()
            try json.object("a port") { json, key throws(ReadFault) in
                if json.string(key, equals: "name") {
                    port.name = try Name(&json)
                } else if json.string(key, equals: "port") {
                    port.port = try json.port("port", from: 0) ?? 0
                } else if json.string(key, equals: "protocol") {
                    port.transport = try json.transport()
                } else {
                    try json.skipValue()
                }
            }
            ports.append(port)
        }
        return ports
    }
}

extension EndpointPort.Name {
    init(_ json: inout JSONReader) throws(ReadFault) {
        guard let name = try json.string("the port's name") else {
            self = .empty
            return
        }
        self = name.range.isEmpty ? .empty : .label(try json.label(name, "the port's name", missingAt: name.offset))
    }
}
