internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress

extension LintSubject {
    /// The number of members that are not among these nodes, and a few of their names.
    func membersBeside(_ present: Set<String>) -> (count: Int, examples: [String]) {
        LintSubject.beside(present, names) { zoneOfMember[$0] != nil }
    }

    /// The number of the members' zones that are not among these, and a few of them.
    func zonesBeside(_ present: Set<String>) -> (count: Int, examples: [String]) {
        LintSubject.beside(present, zones) { membersOfZone[$0] != nil }
    }

    /// Takes time in proportion to the names present, not to all names.
    private static func beside(
        _ present: Set<String>, _ all: [String], isOneOfAll: (String) -> Bool
    ) -> (count: Int, examples: [String]) {
        let count = all.count - present.count(where: isOneOfAll)
        var examples: [String] = []
        for name in all {
            if examples.count == min(count, LintSubject.exampleLimit) { break }
            if !present.contains(name) { examples.append(name) }
        }
        return (count, examples)
    }

    /// The checked nodes without an endpoint of a Service port which has some elsewhere; nil: there are none.
    func nodesWithoutEndpoint(of port: ServicePortPlan) -> (text: String, areAll: Bool, present: Set<String>)? {
        guard port.hasAnyEndpoint else { return nil }
        let present = Set(
            port.endpoints.filter { $0.couldTakeTraffic(plan.behaviors) }.compactMap { endpoint($0).nodeName })
        let (count, examples) = membersBeside(present)
        guard count > 0 else { return nil }
        if coversCluster, count == members.count {
            let reason = present.isEmpty ? "none of its endpoints has a nodeName" : "its endpoints are on none of them"
            return ("all nodes (\(count)) of the cluster: \(reason)", true, present)
        }
        return (
            count == 1
                ? "\(examples[0]), which has no endpoint\(present.isEmpty ? ": none of its endpoints has a nodeName" : "")"
                : "\(count) of \(members.count) nodes, which have no endpoint: \(listed(examples, of: count))", false,
            present
        )
    }

    /// All addresses of nodes, with whose they are.
    var nodesByAddress: [IPAddress: String] {
        var owners: [IPAddress: String] = [:]
        for address in plan.settings.hostAddresses ?? [] where !address.isLoopback { owners[address] = "this node" }
        for node in snapshot.nodes {
            for address in node.internalIPs + node.externalIPs { owners[address] = "Node \(node.name)" }
        }
        return owners
    }
}
