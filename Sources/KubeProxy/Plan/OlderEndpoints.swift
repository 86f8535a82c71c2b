internal import KubeObjects
internal import NetAddress

// What kube-proxy up to 1.35 does with the endpoints of a Service port in another way: of equal ones another counts, and
// up to 1.30 an address is what the EndpointSlice spells (`pkg/proxy/endpointslicecache.go` and `pkg/proxy/endpoint.go`).

/// Endpoints of a Service port with equal texts: the first counts, unless a later one is on the node; then the last such.
struct EqualEndpoints: Sendable {
    /// The position among all Service ports.
    let port: Int
    /// The position among the endpoints of all Service ports.
    let position: Int
    /// In the order of the slices.
    let candidates: [ClusterEndpoint]

    func moved(ports: Int, endpoints: Int) -> EqualEndpoints {
        EqualEndpoints(port: port + ports, position: position + endpoints, candidates: candidates)
    }

    /// The one that counts on a node.
    fileprivate func winner(on node: String, _ slices: [EndpointSlice]) -> Int {
        candidates.indices.dropFirst().last { slices.isLocal(candidates[$0], to: node) } ?? 0
    }
}

extension ClusterTables {
    /// The tables for one node: with those of equal endpoints that count there.
    func ofNode(_ node: String?, _ slices: [EndpointSlice], _ behaviors: ProxyBehaviors) -> ClusterTables {
        guard let node, !equalEndpoints.isEmpty else { return self }
        var (ports, endpoints) = (self.ports, self.endpoints)
        for group in equalEndpoints {
            let winner = group.winner(on: node, slices)
            guard winner > 0 else { continue }
            let replaced = endpoints[group.position].source
            endpoints[group.position] = group.candidates[winner]
            let source = group.candidates[winner].source
            ports[group.port].duplicates = ports[group.port].duplicates.map { $0 == source ? replaced : $0 }
            ports[group.port].lookAtEndpoints(endpoints[self.endpoints(of: group.port)], slices, behaviors)
        }
        return ClusterTables(self, ports, endpoints)
    }
}

extension [EndpointSlice] {
    /// Whether an endpoint is on a node.
    func isLocal(_ endpoint: ClusterEndpoint, to node: String) -> Bool {
        self[Int(endpoint.source.slice)].endpoints[Int(endpoint.source.endpoint)].nodeName == node
    }
}

/// The endpoints of a Service port in the order of their texts, equal ones together.
struct OlderMerge {
    struct Group {
        /// The endpoints with equal texts, in the order in which kube-proxy sees them.
        var endpoints: [ClusterEndpoint]
        /// The address as it is written; nil: the canonical text.
        let text: String?
    }

    private(set) var groups: [Group] = []

    /// - Parameter endpoints: in the order of the slices.
    init(_ endpoints: [ClusterEndpoint], _ slices: [EndpointSlice], _ behaviors: ProxyBehaviors) {
        var order = Array(endpoints.indices)
        if behaviors.contains(.endpointsSortedInSlice) { OlderMerge.sortWithinSlices(&order, endpoints, slices) }
        let spells = behaviors.contains(.endpointAddressesAsGiven)
        let texts = endpoints.map { endpoint -> (text: String, given: String?) in
            guard spells, let given = slices.addressTexts(of: endpoint)?.first else {
                return (endpoint.text.description, nil)
            }
            let text = EndpointText.of(given, port: endpoint.port)
            return (text, text == endpoint.text.description ? nil : given)
        }
        var places: [String: Int] = [:]
        for index in order {
            if let place = places[texts[index].text] {
                groups[place].endpoints.append(endpoints[index])
            } else {
                places[texts[index].text] = groups.count
                groups.append(Group(endpoints: [endpoints[index]], text: texts[index].given))
            }
        }
        // All texts are ASCII, which Swift compares byte by byte.
        let keys = Dictionary(uniqueKeysWithValues: places.map { ($0.value, $0.key) })
        let sorted = groups.indices.sorted { (keys[$0] ?? "") < (keys[$1] ?? "") }
        groups = sorted.map { groups[$0] }
    }

    /// Sorts the endpoints of each slice by the texts of all of their addresses, for each port of the slice. Only those
    /// with several addresses or one of another spelling can change places with one that has an equal text.
    private static func sortWithinSlices(
        _ order: inout [Int], _ endpoints: [ClusterEndpoint], _ slices: [EndpointSlice]
    ) {
        guard endpoints.contains(where: { !slices[Int($0.source.slice)].addressTexts.isEmpty }) else { return }
        let keys = endpoints.map { endpoint in
            slices.addressTexts(of: endpoint).map { $0.joined(separator: ",") } ?? endpoint.address.description
        }
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, endpoints[end].source.slice == endpoints[start].source.slice,
                endpoints[end].source.endpoint > endpoints[end - 1].source.endpoint
            {
                end += 1
            }
            order[start..<end].sort { keys[$0] == keys[$1] ? $0 < $1 : keys[$0] < keys[$1] }
            start = end
        }
    }
}

extension [EndpointSlice] {
    fileprivate func addressTexts(of endpoint: ClusterEndpoint) -> [String]? {
        self[Int(endpoint.source.slice)].addressTexts[Int(endpoint.source.endpoint)]
    }
}

/// kube-proxy's text of an endpoint whose address is written as it is spelled.
enum EndpointText {
    /// `address:port`, with brackets around an address with a colon.
    static func of(_ address: String, port: UInt16) -> String {
        address.utf8.contains(UInt8(ascii: ":")) ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
}
