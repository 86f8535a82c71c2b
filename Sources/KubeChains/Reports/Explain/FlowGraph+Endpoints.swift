internal import KubeProxy

/// Endpoints that a picture shows as one: of more than eight those with the same shares, or left out for the same reason.
struct EndpointGroup {
    private struct Key: Hashable {
        let cluster: Int?
        let local: Int?
        let reason: String
    }

    /// So many endpoints have a box each.
    private static let most = 8
    /// Those that are left out for more reasons than this share a box.
    private static let mostReasons = 3

    private(set) var endpoints: [ExplainedEndpoint]

    var isUsed: Bool { endpoints[0].isUsed }
    var clusterOneIn: Int? { endpoints[0].clusterOneIn }
    var localOneIn: Int? { endpoints[0].localOneIn }

    static func groups(of endpoints: [ExplainedEndpoint]) -> [EndpointGroup] {
        if endpoints.count <= most { return endpoints.map { EndpointGroup(endpoints: [$0]) } }
        let hasFewReasons = Set(endpoints.filter { !$0.isUsed }.map(\.reason)).count <= mostReasons
        var groups: [EndpointGroup] = []
        var positions: [Key: Int] = [:]
        for endpoint in endpoints {
            // The target stays alone.
            if endpoint.isTarget {
                groups.append(EndpointGroup(endpoints: [endpoint]))
                continue
            }
            let key = Key(
                cluster: endpoint.clusterOneIn, local: endpoint.localOneIn,
                reason: endpoint.isUsed || !hasFewReasons ? "" : endpoint.reason)
            if let position = positions[key] {
                groups[position].endpoints.append(endpoint)
            } else {
                positions[key] = groups.count
                groups.append(EndpointGroup(endpoints: [endpoint]))
            }
        }
        return groups
    }

    var title: String { endpoints.count == 1 ? endpoints[0].text : "\(endpoints.count) endpoints" }

    var lines: [String] {
        let first = endpoints[0]
        let reasons = Set(endpoints.map(\.reason)).count
        let reason = isUsed ? [] : [reasons == 1 ? first.reason : "for \(reasons) reasons"]
        if endpoints.count == 1 {
            let place = [first.node, first.zone].compactMap(\.self).joined(separator: ", ")
            return ([place, first.chain?.description ?? ""] + reason).filter { !$0.isEmpty }
        }
        let nodes = Set(endpoints.compactMap(\.node))
        let zones = Set(endpoints.compactMap(\.zone)).sorted()
        return (nodes.count > 1 ? ["on \(nodes.count) nodes"] : nodes.map { "on \($0)" })
            + (zones.count > 3 ? ["in \(zones.count) zones"] : zones.isEmpty ? [] : [zones.joined(separator: ", ")])
            + endpoints.prefix(2).map(\.text)
            + (endpoints.count > 2 ? ["and \(endpoints.count - 2) more"] : []) + reason
    }
}

extension FlowGraph {
    /// Adds endpoints, with the arrows that lead to them.
    ///
    /// - Parameter sources: the nodes from which a group's packets come, with the label of the arrow.
    mutating func addEndpoints(
        _ endpoints: [ExplainedEndpoint], sources: (EndpointGroup) -> [(node: Int, label: String)]
    ) {
        for group in EndpointGroup.groups(of: endpoints) {
            let node = add(
                group.isUsed ? .endpoint : .leftOut, group.title, group.lines,
                isTarget: group.endpoints.contains(where: \.isTarget))
            for source in sources(group) {
                connect(source.node, node, source.label + (group.endpoints.count > 1 ? " each" : ""))
            }
        }
    }
}
