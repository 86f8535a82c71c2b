internal import NetAddress

// What the readers check of objects in JSON is checked here of objects that were made from values.

extension Service {
    func check() throws(ReadFailure) {
        var seen: Set<ServicePortKey> = []
        for port in ports {
            guard port.port > 0 else {
                throw ReadFailure("Service \(qualifiedName): a port is 0; expected 1 to 65535", at: location)
            }
            guard seen.insert(ServicePortKey(name: port.name, transport: port.transport)).inserted else {
                throw ReadFailure(
                    "Service \(qualifiedName): two ports have the same name and protocol; expected each pair once",
                    at: location)
            }
        }
        guard skipReason == nil else { return }
        for (family, address) in zip(ipFamilies, clusterIPs) where family == nil || address?.family != family {
            throw ReadFailure(
                "Service \(qualifiedName): a cluster IP is of another family than ipFamilies claims", at: location)
        }
    }
}

/// What tells a Service's ports apart.
private struct ServicePortKey: Hashable {
    let name: DNSLabel?
    let transport: TransportProtocol
}

extension EndpointSlice {
    func check() throws(ReadFailure) {
        guard isConsidered, let family else { return }
        for endpoint in endpoints {
            if let address = endpoint.address, address.family != family {
                throw ReadFailure(
                    "EndpointSlice \(namespace)/\(name): the endpoint \(address) is no \(family.name) address",
                    at: location)
            }
        }
    }
}
