internal import KubeChainsBytes
internal import KubeChainsJSON

extension ObjectCollection {
    /// Reads all documents of an input.
    mutating func readDocuments(
        _ json: inout JSONReader, _ expectation: InputExpectation
    ) throws(ReadFault) {
        json.skipSpace()
        guard json.position < json.bytes.count else {
            throw .syntax(at: json.start, "the input is empty; expected \(expectation.document)")
        }
        var count = 0
        while json.position < json.bytes.count {
            let opening = json.bytes[json.position]
            if let message = InputShape.message(json.bytes, at: json.position, expectation) {
                throw .syntax(at: json.position, message)
            }
            guard opening == UInt8(ascii: "{") || opening == UInt8(ascii: "[") else {
                throw json.unexpected(expectation.opening)
            }
            if opening == UInt8(ascii: "[") {
                try readArray(&json)
            } else if let unnamed = try readObject(&json, isItem: false, assumed: nil) {
                try readWithoutKind(unnamed, &json)
            }
            count += 1
            if count == 2 { severalDocuments.insert(json.source) }
            json.skipSpace()
        }
    }

    /// Reads an array of objects.
    private mutating func readArray(_ json: inout JSONReader) throws(ReadFault) {
        try json.array("the document") { json throws(ReadFault) in
            if let unnamed = try readObject(&json, isItem: true, assumed: nil) {
                throw .value(at: unnamed, "the item has no kind; expected a Kubernetes object")
            }
            json.reportConsumed()
        }
    }

    /// Reads a document without a kind: what kube-proxy's `/configz` answers. A watch event is named.
    private mutating func readWithoutKind(_ offset: Int, _ json: inout JSONReader) throws(ReadFault) {
        let end = json.position
        var hasConfiguration = false
        var eventKeys = 0
        json.position = offset
        try json.object("the document") { json, key throws(ReadFault) in
            if json.string(key, equals: "type") || json.string(key, equals: "object") { eventKeys += 1 }
            guard json.string(key, equals: "kubeproxy.config.k8s.io") else { return try json.skipValue() }
            hasConfiguration = true
            configurations.append(try KubeProxyConfiguration(&json))
        }
        json.position = end
        if hasConfiguration { return }
        throw .value(
            at: offset,
            eventKeys == 2
                ? "this is an event of a watch; ask without -w: 'kubectl get services,endpointslices,nodes -A -o json'"
                : "the object has no kind; expected a List or a Kubernetes object")
    }

    /// A known kind in a version that is not read is named once.
    mutating func warnOfOtherVersion(
        _ kind: JSONString, _ version: JSONString, at offset: Int, _ json: inout JSONReader
    ) {
        let known: [(group: StaticString, kind: StaticString)] = [
            ("discovery.k8s.io/", "EndpointSlice"), ("networking.k8s.io/", "ServiceCIDR"),
            ("kubeproxy.config.k8s.io/", "KubeProxyConfiguration"),
        ]
        guard
            known.contains(where: { json.string(version, startsWith: $0.group) && json.string(kind, equals: $0.kind) })
        else { return }
        let name = "\(json.text(kind.range)) of \(json.text(version.range))"
        guard otherVersions.insert(name).inserted else { return }
        json.warn(at: offset, "objects of the kind \(name) are not read: this version is not known")
    }
}
