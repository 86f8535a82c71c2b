internal import KubeChainsJSON

/// The objects read so far, in the order of the inputs; in the end each object once, sorted.
struct ObjectCollection {
    var services: [Service] = []
    var endpointSlices: [EndpointSlice] = []
    var endpoints: [EndpointsObject] = []
    var nodes: [Node] = []
    var serviceCIDRs: [ServiceCIDR] = []
    var configurations: [KubeProxyConfiguration] = []
    var warnings: [PlacedMessage] = []

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

    /// Sorts, drops duplicates, and adds Endpoints objects where a Service has no slice.
    mutating func finish(into snapshot: inout ClusterSnapshot) throws(ReadFailure) {
        try services.sortUnique()
        try endpointSlices.sortUnique()
        try endpoints.sortUnique()
        try nodes.sortUnique()
        try serviceCIDRs.sortUnique()
        try configurations.sortUnique()
        swap(&snapshot.services, &services)
        swap(&snapshot.nodes, &nodes)
        swap(&snapshot.serviceCIDRs, &serviceCIDRs)
        snapshot.configuration = configurations.first
        let others = slicesOfEndpoints()
        swap(&snapshot.endpointSlices, &endpointSlices)
        snapshot.endpointSlices.append(contentsOf: others)
        snapshot.warnings = warnings
        if snapshot.endpointSlices.isEmpty, endpoints.isEmpty, !snapshot.services.isEmpty {
            snapshot.warnings.append(
                PlacedMessage(
                    message: "the snapshot has Services but no EndpointSlice, so no Service has an endpoint; "
                        + "was 'endpointslices' left out of 'kubectl get services,endpointslices,nodes -A -o json'?",
                    location: nil))
        }
    }

    /// The Endpoints objects whose Service has no EndpointSlice, as slices.
    private func slicesOfEndpoints() -> [EndpointSlice] {
        guard !endpoints.isEmpty else { return [] }
        var served: Set<[String]> = []
        for slice in endpointSlices {
            if let service = slice.serviceName { served.insert([slice.namespace.text, service.text]) }
        }
        return endpoints.filter { !served.contains([$0.namespace.text, $0.name.text]) }.flatMap(\.slices)
    }
}

/// An Endpoints object: its parts as slices, one for each subset and family.
struct EndpointsObject: Equatable {
    let namespace: DNSLabel
    let name: DNSLabel
    let slices: [EndpointSlice]
    let place: ObjectPlace

    var location: SourceLocation? { place.location }
}

extension Array {
    fileprivate mutating func truncate(to count: Int) {
        if self.count > count { removeLast(self.count - count) }
    }
}
