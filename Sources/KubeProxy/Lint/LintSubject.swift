internal import KubeObjects
internal import NetAddress

/// The input of the rules: a snapshot, the plan for one family, and the nodes to check.
final class LintSubject: Sendable {
    /// The properties of a node that matter to Services.
    struct Member {
        let name: String
        /// Empty where it is not known.
        let zone: String
        /// The node's IP of the family; nil where the Node has none.
        let address: IPAddress?
    }

    /// How many nodes or zones a message names at most.
    static let exampleLimit = 3

    let plan: NodePlan
    /// What differs from iptables mode; nil: that is the mode.
    let modes: ModeComparison?
    /// Where node ports answer in the mode, on the plan's node.
    let nodePorts: NodeFacts.NodePorts
    /// The Nodes to check: all, or the one that was named.
    let nodes: [Node]
    /// The same, sorted by name; including one that was named and has no Node object.
    let members: [Member]
    /// The members' names, in the same order.
    let names: [String]
    /// The zone of each member; empty where it is not known.
    let zoneOfMember: [String: String]
    /// The members' zones, sorted.
    let zones: [String]
    /// The number of members in each zone.
    let membersOfZone: [String: Int]
    /// Whether `members` are all nodes of the cluster.
    let coversCluster: Bool
    private let ownSlices: ServiceSlices
    private let slicesOfOtherFamily: ServiceSlices
    /// The number of endpoints of each Service of the snapshot, in each family.
    private let endpointCounts: (own: [Int], other: [Int])

    init(_ plan: NodePlan, _ modes: ModeComparison?, forAllNodes: Bool) {
        let snapshot = plan.snapshot
        self.plan = plan
        self.modes = modes
        nodePorts = plan.settings.mode.backend.nodePorts(of: plan)
        let family = plan.settings.family
        nodes = forAllNodes ? snapshot.nodes : snapshot.nodes.filter { $0.name.text == plan.node.name }
        var members = nodes.map { node in
            let address = NodeFacts.nodeIPs(plan.settings, node, plan.behaviors).first {
                $0.family == family && !$0.isLoopback && !$0.isUnspecified
            }
            return Member(name: node.name.text, zone: node.zone, address: address)
        }
        if members.isEmpty, let name = plan.node.name { members = [Member(name: name, zone: "", address: nil)] }
        self.members = members
        names = members.map(\.name)
        var zoneOfMember: [String: String] = [:]
        var membersOfZone: [String: Int] = [:]
        for member in members {
            zoneOfMember[member.name] = member.zone
            if !member.zone.isEmpty { membersOfZone[member.zone, default: 0] += 1 }
        }
        self.zoneOfMember = zoneOfMember
        self.membersOfZone = membersOfZone
        zones = membersOfZone.keys.sorted()
        coversCluster = forAllNodes && !nodes.isEmpty
        ownSlices = ServiceSlices(snapshot, family, plan.behaviors)
        slicesOfOtherFamily = ServiceSlices(snapshot, family.other, plan.behaviors)
        let counts = snapshot.endpointSlices.map { slice in slice.endpoints.count { $0.address != nil } }
        func count(_ slices: ServiceSlices) -> [Int] {
            snapshot.services.indices.map { slices[$0].reduce(0) { $0 + counts[Int($1)] } }
        }
        endpointCounts = (count(ownSlices), count(slicesOfOtherFamily))
    }

    var snapshot: ClusterSnapshot { plan.snapshot }

    func service(_ port: ServicePortPlan) -> Service { snapshot.services[port.serviceIndex] }

    /// The endpoint of the snapshot that a planned one is.
    func endpoint(_ planned: PlannedEndpoint) -> Endpoint {
        snapshot.endpointSlices[Int(planned.source.slice)].endpoints[Int(planned.source.endpoint)]
    }

    /// The considered slices of a Service of the snapshot, of the plan's family or of the other one.
    func slices(of service: Service, ofOtherFamily: Bool = false) -> [EndpointSlice] {
        let slices = snapshot.endpointSlices
        return (ofOtherFamily ? slicesOfOtherFamily : ownSlices)[index(of: service)].map { slices[Int($0)] }
    }

    private func index(of service: Service) -> Int {
        snapshot.services.firstIndex(notBefore: service.namespace, service.name)
    }

    /// The number of a Service's endpoints in its considered slices, of the plan's family or of the other one.
    func endpointCount(of service: Service, ofOtherFamily: Bool = false) -> Int {
        (ofOtherFamily ? endpointCounts.other : endpointCounts.own)[index(of: service)]
    }

    /// The first port of each planned Service: a Service's ports follow each other.
    var firstPorts: [ServicePortPlan] {
        var previous = -1
        return plan.servicePorts.filter { port in
            defer { previous = port.serviceIndex }
            return port.serviceIndex != previous
        }
    }
}
