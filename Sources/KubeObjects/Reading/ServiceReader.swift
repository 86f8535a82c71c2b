internal import KubeChainsJSON
internal import NetAddress

/// A Service while it is read.
struct ServiceFields {
    var spec = Spec()
    var ingress: [(ip: AddressEntry, isVIP: Bool)] = []

    /// A text that should be an address, and the address if it is one.
    struct AddressEntry {
        let string: JSONString
        let address: IPAddress?
    }

    struct Spec {
        var type = ServiceType.clusterIP
        var clusterIP: AddressEntry?
        var clusterIPs: [AddressEntry] = []
        var ipFamilies: [AddressFamily?] = []
        var ports: [(port: ServicePort, offset: Int)] = []
        var externalIPs: [AddressEntry] = []
        var sourceRanges: [(string: JSONString, range: IPPrefix?)] = []
        var hasClientIPAffinity = false
        var affinitySeconds: Int?
        var externalPolicyIsLocal = false
        var internalPolicyIsLocal = false
        var healthCheckNodePort: UInt16 = 0
        var hasSelector = false
        var trafficDistribution: JSONString?

        init() {}

        init(_ json: inout JSONReader) throws(ReadFault) {
            if try json.skipNull() { return }
            try json.object("spec") { json, key throws(ReadFault) in
                if json.string(key, equals: "ports") {
                    try readPorts(&json)
                } else if json.string(key, equals: "type") {
                    type = try ServiceType(&json)
                } else if json.string(key, equals: "clusterIP") {
                    clusterIP = try json.addressEntry("clusterIP")
                } else if json.string(key, equals: "clusterIPs") {
                    clusterIPs = try json.addressEntries("clusterIPs")
                } else if json.string(key, equals: "ipFamilies") {
                    ipFamilies = []
                    try json.strings("ipFamilies") { json, string throws(ReadFault) in
                        ipFamilies.append(json.family(string))
                    }
                } else if json.string(key, equals: "externalIPs") {
                    externalIPs = try json.addressEntries("externalIPs")
                } else if json.string(key, equals: "loadBalancerSourceRanges") {
                    sourceRanges = []
                    try json.strings("loadBalancerSourceRanges") { json, string throws(ReadFault) in
                        sourceRanges.append((string, json.prefix(string)))
                    }
                } else if json.string(key, equals: "sessionAffinity") {
                    let affinity = try json.string("sessionAffinity")
                    hasClientIPAffinity = affinity.map { json.string($0, equals: "ClientIP") } ?? false
                } else if json.string(key, equals: "sessionAffinityConfig") {
                    affinitySeconds = try json.affinitySeconds()
                } else if json.string(key, equals: "externalTrafficPolicy") {
                    externalPolicyIsLocal = try json.isLocalPolicy("externalTrafficPolicy")
                } else if json.string(key, equals: "internalTrafficPolicy") {
                    internalPolicyIsLocal = try json.isLocalPolicy("internalTrafficPolicy")
                } else if json.string(key, equals: "healthCheckNodePort") {
                    healthCheckNodePort = try json.port("healthCheckNodePort", from: 0) ?? 0
                } else if json.string(key, equals: "selector") {
                    hasSelector = try json.hasMembers()
                } else if json.string(key, equals: "trafficDistribution") {
                    trafficDistribution = try json.string("trafficDistribution")
                } else {
                    try json.skipValue()
                }
            }
        }

        private mutating func readPorts(_ json: inout JSONReader) throws(ReadFault) {
            ports = []
            if try json.skipNull() { return }
            try json.array("ports") { json throws(ReadFault) in
                let offset = json.position
                var port = ServicePort(port: 0)
                try json.object("a port") { json, key throws(ReadFault) in
                    if json.string(key, equals: "name") {
                        port.name = nil
                        if let name = try json.string("the port's name"), !name.range.isEmpty {
                            port.name = try json.label(name, "the port's name", missingAt: offset)
                        }
                    } else if json.string(key, equals: "port") {
                        port.port = try json.port("port", from: 1) ?? 0
                    } else if json.string(key, equals: "nodePort") {
                        port.nodePort = try json.port("nodePort", from: 0) ?? 0
                    } else if json.string(key, equals: "protocol") {
                        port.transport = try json.transport()
                    } else {
                        try json.skipValue()
                    }
                }
                guard port.port > 0 else {
                    throw .value(at: offset, "the port has no number; expected \"port\" from 1 to 65535")
                }
                ports.append((port, offset))
            }
        }
    }

    /// Reads `status` and gives the load balancer's addresses.
    static func readStatus(_ json: inout JSONReader) throws(ReadFault) -> [(ip: AddressEntry, isVIP: Bool)] {
        var ingress: [(ip: AddressEntry, isVIP: Bool)] = []
        if try json.skipNull() { return ingress }
        try json.object("status") { json, key throws(ReadFault) in
            guard json.string(key, equals: "loadBalancer") else { return try json.skipValue() }
            ingress = []
            if try json.skipNull() { return }
            try json.object("loadBalancer") { json, key throws(ReadFault) in
                guard json.string(key, equals: "ingress") else { return try json.skipValue() }
                ingress = []
                if try json.skipNull() { return }
                try json.array("ingress") { json throws(ReadFault) in
                    if let entry = try readIngress(&json) { ingress.append(entry) }
                }
            }
        }
        return ingress
    }

    private static func readIngress(
        _ json: inout JSONReader
    ) throws(ReadFault) -> (ip: AddressEntry, isVIP: Bool)? {
        var ip: AddressEntry?
        var isVIP = true
        try json.object("an ingress") { json, key throws(ReadFault) in
            if json.string(key, equals: "ip") {
                ip = try json.addressEntry("the ingress's ip")
            } else if json.string(key, equals: "ipMode") {
                let mode = try json.string("ipMode")
                isVIP = mode.map { json.string($0, equals: "VIP") } ?? true
            } else {
                try json.skipValue()
            }
        }
        guard let ip, !ip.string.range.isEmpty else { return nil }
        return (ip, isVIP)
    }

    /// Checks the whole object.
    func finish(
        _ metadata: Metadata, at start: Int, _ json: inout JSONReader
    ) throws(ReadFault) -> Service {
        let namespace = try metadata.namespaceLabel(&json, objectAt: start)
        let name = try metadata.nameLabel(&json, objectAt: start)
        var service = Service(namespace: namespace, name: name, place: ObjectPlace(json.location(start)))
        service.type = spec.type
        service.hasProxyName = metadata.hasProxyName
        service.hasHeadlessLabel = metadata.isHeadless
        if spec.hasSelector { service.setHasSelector() }
        if let entry = spec.clusterIP, !entry.string.range.isEmpty {
            if json.string(entry.string, equals: "None") {
                service.clusterIP = .none
            } else {
                service.clusterIP = entry.address.map { .address($0) } ?? .invalid(json.text(entry.string.range))
            }
        }
        service.clusterIPs = spec.clusterIPs.map(\.address)
        service.ipFamilies = spec.ipFamilies
        service.externalIPs = spec.externalIPs.compactMap(\.address)
        service.hasExternalIPs = !spec.externalIPs.isEmpty
        service.loadBalancerIngress = ingress.compactMap { entry in
            entry.ip.address.map { LoadBalancerIngress(address: $0, isVIP: entry.isVIP) }
        }
        service.loadBalancerSourceRanges = spec.sourceRanges.compactMap(\.range)
        service.sessionAffinitySeconds = spec.hasClientIPAffinity ? spec.affinitySeconds ?? 10_800 : nil
        service.externalTrafficPolicyIsLocal = spec.externalPolicyIsLocal
        service.internalTrafficPolicyIsLocal = spec.internalPolicyIsLocal
        service.healthCheckNodePort = spec.healthCheckNodePort
        service.ports = spec.ports.map(\.port)
        if metadata.topologyAwareHints != nil || metadata.topologyMode != nil || !isSpelledCanonically(json) {
            service.setOlderFields(
                topologyAwareHints: metadata.topologyAwareHints.map { json.shared($0) },
                topologyMode: metadata.topologyMode.map { json.shared($0) }, spellings(json))
        }
        if spec.trafficDistribution != nil || metadata.sourceRangesAnnotation != nil
            || metadata.balancerAnnotation != nil
        {
            service.setRequests(
                trafficDistribution: spec.trafficDistribution.map { json.shared($0) },
                sourceRangesAnnotation: metadata.sourceRangesAnnotation.map { json.shared($0) },
                balancerAnnotation: metadata.balancerAnnotation.map { json.shared($0) })
        }
        try checkPortsAreUnique(json)
        try checkClusterIPs(of: service, json)
        warn(of: service, &json)
        return service
    }

    /// Whether all addresses and ranges have their canonical text.
    private func isSpelledCanonically(_ json: JSONReader) -> Bool {
        for entry in spec.externalIPs {
            if let address = entry.address, !json.isCanonical(entry.string, address) { return false }
        }
        for entry in ingress {
            if let address = entry.ip.address, !json.isCanonical(entry.ip.string, address) { return false }
        }
        // Few Services have ranges.
        return spec.sourceRanges.isEmpty || spellings(json).isEmpty
    }

    /// The texts of what is not spelled canonically.
    private func spellings(_ json: JSONReader) -> AddressSpellings {
        var spellings = AddressSpellings()
        func add(_ entry: AddressEntry, _ index: inout Int, to texts: inout [Int: String]) {
            guard let address = entry.address else { return }
            if !json.isCanonical(entry.string, address) { texts[index] = json.contents(entry.string) }
            index += 1
        }
        var index = 0
        for entry in spec.externalIPs { add(entry, &index, to: &spellings.externalIPs) }
        index = 0
        for entry in ingress { add(entry.ip, &index, to: &spellings.loadBalancerIngress) }
        index = 0
        for (string, range) in spec.sourceRanges {
            guard let range else { continue }
            let text = json.trimmedContents(string)
            if text != range.description { spellings.loadBalancerSourceRanges[index] = text }
            index += 1
        }
        return spellings
    }

    /// Warns about what is skipped: invalid texts, and addresses of a family that the Service does not have, which
    /// no generator writes.
    private func warn(of service: Service, _ json: inout JSONReader) {
        func warn(_ what: String, _ string: JSONString, _ family: AddressFamily?, _ expected: String) {
            if let family {
                guard service.skipReason == nil, service.clusterIP(family) == nil else { return }
                json.warn(
                    at: string.offset,
                    "Service \(service.qualifiedName): \(what) \(json.text(string.range)) is skipped: "
                        + "the Service has no cluster IP of that family")
            } else {
                json.warn(at: string.offset, "\(what) \(json.quoted(string)) is \(expected); it is skipped")
            }
        }
        for entry in spec.externalIPs {
            warn("the external IP", entry.string, entry.address?.family, "no address")
        }
        for entry in spec.sourceRanges {
            warn("the source range", entry.string, entry.range?.family, "no CIDR such as 203.0.113.0/24")
        }
        for entry in ingress {
            warn("the load-balancer IP", entry.ip.string, entry.ip.address?.family, "no address")
        }
    }

    private func checkPortsAreUnique(_ json: JSONReader) throws(ReadFault) {
        struct Key: Hashable {
            let name: DNSLabel?
            let transport: TransportProtocol
        }
        /// - Parameter first: the location of the first of two equal ports.
        func check(_ index: Int, against first: Int?) throws(ReadFault) {
            guard let first else { return }
            let (port, offset) = spec.ports[index]
            let name = port.name.map { "the name \"\($0)\"" } ?? "no name"
            throw .value(
                at: offset,
                "two ports of the Service have \(name) and protocol \(port.transport.kubernetesName); "
                    + "expected each pair once",
                other: json.location(first))
        }
        // A few ports are compared one by one: even creating a table's type takes longer.
        if spec.ports.count <= 8 {
            for (index, (port, _)) in spec.ports.enumerated() {
                let first = spec.ports[..<index].first {
                    $0.port.name == port.name && $0.port.transport == port.transport
                }
                try check(index, against: first?.offset)
            }
            return
        }
        var seen: [Key: Int] = [:]
        for (index, (port, offset)) in spec.ports.enumerated() {
            try check(index, against: seen.updateValue(offset, forKey: Key(name: port.name, transport: port.transport)))
        }
    }

    /// The cluster IPs of a Service which kube-proxy considers must be addresses of the families that it claims.
    private func checkClusterIPs(of service: Service, _ json: JSONReader) throws(ReadFault) {
        guard service.skipReason == nil, let entry = spec.clusterIP else { return }
        try check(entry, claims: spec.ipFamilies.first ?? nil, json)
        for (index, entry) in spec.clusterIPs.enumerated() {
            try check(entry, claims: index < spec.ipFamilies.count ? spec.ipFamilies[index] : nil, json)
        }
    }

    private func check(
        _ entry: AddressEntry, claims family: AddressFamily?, _ json: JSONReader
    ) throws(ReadFault) {
        let expected = family.map { "an \($0.name) address, as ipFamilies claims" } ?? "an address"
        guard let address = entry.address, address.family == family ?? address.family else {
            throw .value(
                at: entry.string.offset, "the cluster IP is \(json.quoted(entry.string)); expected \(expected)")
        }
    }
}

extension ServiceType {
    fileprivate init(_ json: inout JSONReader) throws(ReadFault) {
        guard let name = try json.string("type"), !name.range.isEmpty else {
            self = .clusterIP
            return
        }
        if json.string(name, equals: "ClusterIP") {
            self = .clusterIP
        } else if json.string(name, equals: "NodePort") {
            self = .nodePort
        } else if json.string(name, equals: "LoadBalancer") {
            self = .loadBalancer
        } else if json.string(name, equals: "ExternalName") {
            self = .externalName
        } else {
            self = .unknown(json.text(name.range))
        }
    }
}

extension JSONReader {
    fileprivate mutating func addressEntry(
        _ what: StaticString
    ) throws(ReadFault) -> ServiceFields.AddressEntry? {
        guard let string = try string(what) else { return nil }
        return ServiceFields.AddressEntry(string: string, address: address(string))
    }

    fileprivate mutating func addressEntries(
        _ what: StaticString
    ) throws(ReadFault) -> [ServiceFields.AddressEntry] {
        var entries: [ServiceFields.AddressEntry] = []
        try strings(what) { json, string throws(ReadFault) in
            entries.append(ServiceFields.AddressEntry(string: string, address: json.address(string)))
        }
        return entries
    }

    fileprivate func family(_ string: JSONString) -> AddressFamily? {
        AddressFamily.allCases.first { family in
            self.string(string, equals: family == .ipv4 ? "IPv4" : "IPv6")
        }
    }

    fileprivate mutating func isLocalPolicy(_ what: StaticString) throws(ReadFault) -> Bool {
        let policy = try string(what)
        return policy.map { string($0, equals: "Local") } ?? false
    }

    /// Reads `sessionAffinityConfig`; the API server takes 1 second to a day.
    fileprivate mutating func affinitySeconds() throws(ReadFault) -> Int? {
        var seconds: Int?
        if try skipNull() { return nil }
        try object("sessionAffinityConfig") { json, key throws(ReadFault) in
            guard json.string(key, equals: "clientIP") else { return try json.skipValue() }
            seconds = nil
            if try json.skipNull() { return }
            try json.object("clientIP") { json, key throws(ReadFault) in
                guard json.string(key, equals: "timeoutSeconds") else { return try json.skipValue() }
                seconds = try json.integer("timeoutSeconds", in: 1...86_400)
            }
        }
        return seconds
    }
}
