internal import KubeObjects
internal import NetAddress

/// Which considered EndpointSlices of a family belong to each of a snapshot's Services.
///
/// Both are sorted, so that a slice's Service is mostly that of the slice before it, or the next one.
struct ServiceSlices: Sendable {
    /// Where each Service's slices begin in `slices`, and where the last one's end.
    private var starts: [Int32]
    /// Indices of the snapshot's slices, by Service, in the order of their names.
    private var slices: [Int32] = []
    /// The endpoints in all of these slices.
    private(set) var endpointCount = 0

    init(_ snapshot: ClusterSnapshot, _ family: AddressFamily, _ behaviors: ProxyBehaviors) {
        let skipsProxyNames = behaviors.contains(.sharedLabelSelector)
        let services = snapshot.services
        starts = Array(repeating: 0, count: services.count + 1)
        var owners: [Int32] = []
        owners.reserveCapacity(snapshot.endpointSlices.count)
        var present = 0
        // Objects of a span are looked at where they are.
        let endpointSlices = snapshot.endpointSlices.span
        for index in endpointSlices.indices {
            owners.append(-1)
            guard endpointSlices[index].isConsidered, endpointSlices[index].family == family,
                let name = endpointSlices[index].serviceName
            else { continue }
            if skipsProxyNames, endpointSlices[index].hasProxyName { continue }
            let namespace = endpointSlices[index].namespace
            if !services.holds(namespace, name, at: present) { present += 1 }
            if !services.holds(namespace, name, at: present) {
                present = services.firstIndex(notBefore: namespace, name)
                guard services.holds(namespace, name, at: present) else { continue }
            }
            owners[owners.count - 1] = Int32(present)
            starts[present + 1] += 1
            endpointCount += endpointSlices[index].endpoints.count
        }
        for service in services.indices { starts[service + 1] += starts[service] }
        slices = Array(repeating: 0, count: Int(starts[services.count]))
        var ends = starts
        for (slice, owner) in owners.enumerated() where owner >= 0 {
            slices[Int(ends[Int(owner)])] = Int32(slice)
            ends[Int(owner)] += 1
        }
    }

    /// The indices of the slices of the Service with an index.
    subscript(service: Int) -> ArraySlice<Int32> { slices[Int(starts[service])..<Int(starts[service + 1])] }
}

extension [Service] {
    /// Whether the Service at an index has a name.
    fileprivate func holds(_ namespace: DNSLabel, _ name: DNSLabel, at index: Int) -> Bool {
        index < count && self[index].name == name && self[index].namespace == namespace
    }

    /// The first Service, of those sorted by namespace and name, that does not come before a name.
    func firstIndex(notBefore namespace: DNSLabel, _ name: DNSLabel) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if (self[middle].namespace, self[middle].name) < (namespace, name) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
