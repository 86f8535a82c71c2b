internal import KubeChainsJSON
internal import NetAddress

/// An Endpoints object while it is read.
struct EndpointsFields {
    private struct Subset {
        var ready: [Endpoint] = []
        var notReady: [Endpoint] = []
        var ports: [EndpointPort] = []
    }

    private var subsets: [Subset] = []
    private var firstBadAddress: (offset: Int, text: String)?

    mutating func readSubsets(_ json: inout JSONReader) throws(ReadFault) {
        subsets = []
        firstBadAddress = nil
        if try json.skipNull() { return }
        try json.array("subsets") { json throws(ReadFault) in
            var subset = Subset()
            try json.object("a subset") { json, key throws(ReadFault) in
                if json.string(key, equals: "addresses") {
                    subset.ready = try readAddresses(&json, "addresses", [.ready, .serving])
                } else if json.string(key, equals: "notReadyAddresses") {
                    subset.notReady = try readAddresses(&json, "notReadyAddresses", [])
                } else if json.string(key, equals: "ports") {
                    subset.ports = try EndpointPort.readAll(&json)
                } else {
                    try json.skipValue()
                }
            }
            subsets.append(subset)
        }
    }

    private mutating func readAddresses(
        _ json: inout JSONReader, _ name: StaticString, _ conditions: Endpoint.Conditions
    ) throws(ReadFault) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        if try json.skipNull() { return endpoints }
        try json.array(name) { json throws(ReadFault) in
            let start = json.position
            var endpoint = Endpoint()
            endpoint.conditions = conditions
            var ip: JSONString?
            try json.object("an address") { json, key throws(ReadFault) in
                if json.string(key, equals: "ip") {
                    ip = try json.string("ip")
                } else if json.string(key, equals: "nodeName") {
                    endpoint.nodeName = try json.string("nodeName").map { json.shared($0) }
                } else {
                    try json.skipValue()
                }
            }
            endpoint.address = ip.flatMap { json.address($0) }
            if endpoint.address == nil, firstBadAddress == nil {
                firstBadAddress = (ip?.offset ?? start, ip.map { json.quoted($0) } ?? "missing")
            }
            endpoints.append(endpoint)
        }
        return endpoints
    }

    /// Checks the whole object and parts it by family.
    func finish(
        _ metadata: Metadata, at start: Int, _ json: inout JSONReader
    ) throws(ReadFault) -> EndpointsObject {
        let namespace = try metadata.namespaceLabel(&json, objectAt: start)
        let name = try metadata.nameLabel(&json, objectAt: start)
        if let bad = firstBadAddress, !metadata.isHeadless {
            throw .value(at: bad.offset, "the endpoint's address is \(bad.text); expected an IPv4 or IPv6 address")
        }
        var slices: [EndpointSlice] = []
        for subset in subsets {
            for family in AddressFamily.allCases {
                let endpoints = (subset.ready + subset.notReady).filter { $0.address?.family == family }
                guard !endpoints.isEmpty else { continue }
                var slice = EndpointSlice(
                    namespace: namespace, name: name.text, place: ObjectPlace(json.location(start)))
                slice.serviceName = name
                slice.family = family
                slice.isHeadless = metadata.isHeadless
                slice.endpoints = endpoints
                slice.ports = subset.ports
                slice.origin = .endpoints
                slices.append(slice)
            }
        }
        return EndpointsObject(
            namespace: namespace, name: name, slices: slices, skipsMirror: metadata.skipsMirror,
            place: ObjectPlace(json.location(start)))
    }
}
