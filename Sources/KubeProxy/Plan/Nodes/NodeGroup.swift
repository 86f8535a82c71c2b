/// Nodes whose rules are the same, and what sets them apart from the others.
public struct NodeGroup: Sendable {
    /// Something in which groups differ.
    public enum Trait: Sendable, Hashable {
        /// kube-proxy's version.
        case version(ProxyVersion)
        /// The zones of the group's nodes, sorted; empty for those of which it is not known.
        case zones([String])
        /// How traffic of local pods is detected; nil: not at all.
        case localTraffic(NodeFacts.LocalTraffic?)
        /// Where node ports answer.
        case nodePorts(NodeFacts.NodePorts)
        /// The Service ports whose rules depend on which endpoints are on the node, or on its address.
        case servicePorts([ServicePortName])
    }

    /// The digest of the rules.
    public let digest: RulesDigest
    /// The nodes, by name.
    public let nodes: [String]
    /// What sets the group apart; empty where there is one group only.
    public private(set) var traits: [Trait] = []
    /// What is so on the group's first node.
    private let first: NodeRules

    /// The zones of all its nodes, sorted.
    private let zones: [String]

    private init(_ nodes: [NodeRules]) {
        first = nodes[0]
        digest = first.digest
        self.nodes = nodes.map(\.node)
        zones = Set(nodes.map(\.zone)).sorted()
    }

    /// The groups of some nodes: the largest first, equally large ones by their first node.
    public static func all(_ rules: [NodeRules]) -> [NodeGroup] {
        var positions: [RulesDigest: Int] = [:]
        var members: [[NodeRules]] = []
        for node in rules {
            if let position = positions[node.digest] {
                members[position].append(node)
            } else {
                positions[node.digest] = members.count
                members.append([node])
            }
        }
        var groups = members.map { NodeGroup($0) }
        groups.sort { $0.nodes.count == $1.nodes.count ? $0.nodes[0] < $1.nodes[0] : $0.nodes.count > $1.nodes.count }
        // Zones that treat all Services alike set nothing apart.
        let zonesMatter = Set(rules.map(\.ofZone)).count > 1
        let traits: [(NodeGroup) -> Trait] = [
            { .version($0.first.version) }, { zonesMatter ? .zones($0.zones) : .zones([]) },
            { .localTraffic($0.first.localTraffic) }, { .nodePorts($0.first.nodePorts) },
            { .servicePorts($0.first.servicePorts) },
        ]
        for trait in traits {
            let first = groups.first.map(trait)
            guard groups.contains(where: { trait($0) != first }) else { continue }
            for index in groups.indices { groups[index].traits.append(trait(groups[index])) }
        }
        return groups
    }
}
