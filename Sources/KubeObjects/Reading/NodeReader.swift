internal import KubeChainsJSON
internal import NetAddress

/// A Node while it is read.
struct NodeFields {
    private var podCIDRs: [IPPrefix] = []
    private var podCIDRTexts: [Int: String] = [:]
    private var internalIPs: [IPAddress] = []
    private var externalIPs: [IPAddress] = []
    private var kubeProxyVersion: JSONString?
    private var kubeletVersion: JSONString?
    /// Invalid texts and what they should be; reported once the whole object has been read.
    private var badPodCIDRs: [JSONString] = []
    private var badAddresses: [JSONString] = []

    mutating func readSpec(_ json: inout JSONReader) throws(ReadFault) {
        (podCIDRs, podCIDRTexts, badPodCIDRs) = ([], [:], [])
        if try json.skipNull() { return }
        try json.object("spec") { json, key throws(ReadFault) in
            guard json.string(key, equals: "podCIDRs") else { return try json.skipValue() }
            (podCIDRs, podCIDRTexts, badPodCIDRs) = ([], [:], [])
            try json.strings("podCIDRs") { json, string throws(ReadFault) in
                if let range = json.withContents(string, { IPPrefix(parsing: $0) }) {
                    let text = json.contents(string)
                    if text != range.description { podCIDRTexts[podCIDRs.count] = text }
                    podCIDRs.append(range)
                } else {
                    badPodCIDRs.append(string)
                }
            }
        }
    }

    mutating func readStatus(_ json: inout JSONReader) throws(ReadFault) {
        (internalIPs, externalIPs, badAddresses) = ([], [], [])
        (kubeProxyVersion, kubeletVersion) = (nil, nil)
        if try json.skipNull() { return }
        try json.object("status") { json, key throws(ReadFault) in
            if json.string(key, equals: "nodeInfo") { return try readNodeInfo(&json) }
            guard json.string(key, equals: "addresses") else { return try json.skipValue() }
            (internalIPs, externalIPs, badAddresses) = ([], [], [])
            if try json.skipNull() { return }
            try json.array("addresses") { json throws(ReadFault) in try readAddress(&json) }
        }
    }

    private mutating func readNodeInfo(_ json: inout JSONReader) throws(ReadFault) {
        (kubeProxyVersion, kubeletVersion) = (nil, nil)
        if try json.skipNull() { return }
        try json.object("nodeInfo") { json, key throws(ReadFault) in
            if json.string(key, equals: "kubeProxyVersion") {
                kubeProxyVersion = try json.string("kubeProxyVersion")
            } else if json.string(key, equals: "kubeletVersion") {
                kubeletVersion = try json.string("kubeletVersion")
            } else {
                try json.skipValue()
            }
        }
    }

    private mutating func readAddress(_ json: inout JSONReader) throws(ReadFault) {
        var type: JSONString?
        var text: JSONString?
        try json.object("an address") { json, key throws(ReadFault) in
            if json.string(key, equals: "type") {
                type = try json.string("type")
            } else if json.string(key, equals: "address") {
                text = try json.string("address")
            } else {
                try json.skipValue()
            }
        }
        guard let type, let text else { return }
        let isInternal = json.string(type, equals: "InternalIP")
        guard isInternal || json.string(type, equals: "ExternalIP") else { return }
        guard let address = json.address(text) else {
            badAddresses.append(text)
            return
        }
        if isInternal { internalIPs.append(address) } else { externalIPs.append(address) }
    }

    /// Checks the whole object.
    func finish(_ metadata: Metadata, at start: Int, _ json: inout JSONReader) throws(ReadFault) -> Node {
        let name = try json.subdomain(metadata.name, of: "the Node's name", missingAt: metadata.offset ?? start)
        var node = Node(name: name, place: ObjectPlace(json.location(start)))
        node.zone = metadata.zone.map { json.shared($0) } ?? ""
        node.internalIPs = internalIPs
        node.externalIPs = externalIPs
        node.podCIDRs = podCIDRs
        node.podCIDRTexts = podCIDRTexts
        node.kubeProxyVersion = kubeProxyVersion.map { json.shared($0) } ?? ""
        node.kubeletVersion = kubeletVersion.map { json.shared($0) } ?? ""
        for text in badPodCIDRs {
            json.warn(at: text.offset, "invalid pod CIDR \(json.quoted(text)); it is skipped")
        }
        for text in badAddresses {
            json.warn(at: text.offset, "invalid Node address \(json.quoted(text)); it is skipped")
        }
        return node
    }
}
