internal import KubeChainsJSON
internal import NetAddress

/// The objects read so far, in the order of the inputs; in the end each object once, sorted.
struct ObjectCollection {
    var services: [Service] = []
    var endpointSlices: [EndpointSlice] = []
    var endpoints: [EndpointsObject] = []
    var nodes: [Node] = []
    var serviceCIDRs: [ServiceCIDR] = []
    var configurations: [KubeProxyConfiguration] = []
    var warnings: [PlacedMessage] = []
    /// The known kinds in other versions that a warning has named.
    var otherVersions: Set<String> = []
    /// The inputs of more than one document.
    var severalDocuments: Set<Int> = []

    /// A mark in the collection, so that what was added after it can be dropped.
    struct Mark {
        let services, endpointSlices, endpoints, nodes, serviceCIDRs, configurations, warnings: Int
    }

    func mark(_ json: JSONReader) -> Mark {
        Mark(
            services: services.count, endpointSlices: endpointSlices.count, endpoints: endpoints.count,
            nodes: nodes.count, serviceCIDRs: serviceCIDRs.count, configurations: configurations.count,
            warnings: json.warnings.count)
    }

    /// Drops what was added after a mark.
    mutating func dropAll(since mark: Mark, _ json: inout JSONReader) {
        services.truncate(to: mark.services)
        endpointSlices.truncate(to: mark.endpointSlices)
        endpoints.truncate(to: mark.endpoints)
        nodes.truncate(to: mark.nodes)
        serviceCIDRs.truncate(to: mark.serviceCIDRs)
        configurations.truncate(to: mark.configurations)
        json.warnings.truncate(to: mark.warnings)
    }

    /// Sorts, drops duplicates, and takes Endpoints objects for slices if there is no slice at all.
    mutating func finish(into snapshot: inout ClusterSnapshot) throws(ReadFailure) {
        try services.sortUnique(watched: severalDocuments)
        try endpointSlices.sortUnique(watched: severalDocuments)
        try endpoints.sortUnique()
        try nodes.sortUnique(watched: severalDocuments)
        try serviceCIDRs.sortUnique()
        try configurations.sortUnique()
        swap(&snapshot.services, &services)
        swap(&snapshot.nodes, &nodes)
        swap(&snapshot.serviceCIDRs, &serviceCIDRs)
        snapshot.configuration = configurations.first
        let servesEndpoints = endpointSlices.isEmpty
        if !servesEndpoints { snapshot.unreadEndpoints = unreadEndpoints() }
        swap(&snapshot.endpointSlices, &endpointSlices)
        // A cluster without EndpointSlices is one before 1.17, whose kube-proxy reads Endpoints.
        if servesEndpoints { snapshot.endpointSlices = endpoints.flatMap(\.slices) }
        snapshot.warnings = warnings
        // DNS alone serves the type ExternalName.
        if snapshot.endpointSlices.isEmpty, endpoints.isEmpty,
            snapshot.services.contains(where: { $0.type != .externalName })
        {
            snapshot.warnings.append(
                PlacedMessage(
                    message: "the snapshot has Services but no EndpointSlice, so no Service has an endpoint; "
                        + "was 'endpointslices' left out of 'kubectl get services,endpointslices,nodes -A -o json'?",
                    location: nil))
        }
    }

    /// The Endpoints objects with addresses that no EndpointSlice of their Service has.
    private func unreadEndpoints() -> [UnreadEndpoints] {
        guard !endpoints.isEmpty else { return [] }
        let names = Set(endpoints.map { [$0.namespace.text, $0.name.text] })
        var served: [[String]: Set<IPAddress>] = [:]
        for slice in endpointSlices {
            guard let service = slice.serviceName else { continue }
            let key = [slice.namespace.text, service.text]
            guard names.contains(key) else { continue }
            served[key, default: []].formUnion(slice.endpoints.compactMap(\.address))
        }
        return endpoints.compactMap { object in
            let known = served[[object.namespace.text, object.name.text]]
            let addresses = object.slices.flatMap { $0.endpoints.compactMap(\.address) }
            let unread = addresses.filter { known?.contains($0) != true }
            guard !unread.isEmpty else { return nil }
            return UnreadEndpoints(
                namespace: object.namespace, name: object.name, addresses: unread, hasSlice: known != nil,
                skipsMirror: object.skipsMirror, place: object.place)
        }
    }
}

/// An Endpoints object: its parts as slices, one for each subset and family.
struct EndpointsObject: Equatable {
    let namespace: DNSLabel
    let name: DNSLabel
    let slices: [EndpointSlice]
    /// Whether its label keeps the control plane from writing slices for it.
    let skipsMirror: Bool
    let place: ObjectPlace

    var location: SourceLocation? { place.location }
}

extension Array {
    fileprivate mutating func truncate(to count: Int) {
        if self.count > count { removeLast(self.count - count) }
    }
}
