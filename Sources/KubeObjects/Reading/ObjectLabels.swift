internal import KubeChainsBytes
internal import KubeChainsJSON

/// An object's labels and annotations.
public struct ObjectLabels: Sendable, Hashable {
    /// `metadata.labels`.
    public internal(set) var labels: [String: String] = [:]
    /// `metadata.annotations`.
    public internal(set) var annotations: [String: String] = [:]
}

extension ClusterSnapshot {
    /// A Service's labels and annotations; none for one that was made from values.
    ///
    /// They are read again from the input at each call: rules do not depend on them, so they are not kept.
    public func labels(of service: Service) -> ObjectLabels {
        guard let location = service.location else { return ObjectLabels() }
        var json = JSONReader(sources[location.source].bytes, source: location.source)
        json.position = location.offset
        var result = ObjectLabels()
        // It was read once without a fault.
        try? json.object("the object") { json, key throws(ReadFault) in
            guard json.string(key, equals: "metadata") else { return try json.skipValue() }
            if try json.skipNull() { return }
            try json.object("metadata") { json, key throws(ReadFault) in
                if json.string(key, equals: "labels") {
                    result.labels = try json.texts("metadata.labels")
                } else if json.string(key, equals: "annotations") {
                    result.annotations = try json.texts("metadata.annotations")
                } else {
                    try json.skipValue()
                }
            }
        }
        return result
    }
}

extension JSONReader {
    /// An object whose values are strings.
    fileprivate mutating func texts(_ what: StaticString) throws(ReadFault) -> [String: String] {
        var texts: [String: String] = [:]
        if try skipNull() { return texts }
        try object(what) { json, key throws(ReadFault) in
            let name = json.contents(key)
            texts[name] = try json.string("the value").map { json.contents($0) } ?? ""
        }
        return texts
    }
}
