internal import KubeChainsBytes
internal import KubeChainsJSON

/// A ServiceCIDR while it is read.
struct ServiceCIDRFields {
    private var ranges: [ServiceCIDR.Range] = []
    /// Invalid texts, reported once the whole object has been read.
    private var badRanges: [JSONString] = []

    mutating func readSpec(_ json: inout JSONReader) throws(ReadFault) {
        (ranges, badRanges) = ([], [])
        if try json.skipNull() { return }
        try json.object("spec") { json, key throws(ReadFault) in
            guard json.string(key, equals: "cidrs") else { return try json.skipValue() }
            (ranges, badRanges) = ([], [])
            try json.strings("cidrs") { json, string throws(ReadFault) in
                let text = json.contents(string)
                if let range = ServiceCIDR.Range(text) {
                    ranges.append(range)
                } else {
                    badRanges.append(string)
                }
            }
        }
    }

    /// Checks the whole object.
    func finish(_ metadata: Metadata, at start: Int, _ json: inout JSONReader) throws(ReadFault) -> ServiceCIDR {
        let name = try json.subdomain(metadata.name, of: "the ServiceCIDR's name", missingAt: metadata.offset ?? start)
        var object = ServiceCIDR(name: name, place: ObjectPlace(json.location(start)))
        object.ranges = ranges
        for text in badRanges {
            json.warn(at: text.offset, "the ServiceCIDR's range \(json.quoted(text)) is not a CIDR; it is skipped")
        }
        return object
    }
}
