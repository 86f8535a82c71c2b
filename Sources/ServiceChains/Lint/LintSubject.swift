internal import KubeSnapshot
internal import NetAddress

/// What the rules look at: a snapshot, the plan for one family, and the nodes in question.
final class LintSubject: Sendable {
    /// A node as far as it makes a difference to Services.
    struct Member {
        let name: String
        /// Empty where it is not known.
        let zone: String
        /// The node's IP of the family; nil where the Node has none.
        let address: IPAddress?
    }

    /// How many nodes or zones a message names at most.
    static let exampleLimit = 3

    let snapshot: ClusterSnapshot
    let plan: ServicePlan
    /// The Nodes in question: all, or the one that was asked for.
    let nodes: [Node]
    /// The same, sorted by name; also one that was asked for and has no Node object.
    let members: [Member]
    /// The zone of each member that has one.
    let zoneOfMember: [String: String]
    /// The members' zones, sorted.
    let zones: [String]
    /// The number of members in each zone.
    let membersOfZone: [String: Int]
    let memberNames: Set<String>
    /// Whether `members` are all nodes of the cluster.
    let coversCluster: Bool
    private let slices: [ServicePlan.ServiceKey: [Int]]
    private let slicesOfOtherFamily: [ServicePlan.ServiceKey: [Int]]

    init(_ snapshot: ClusterSnapshot, _ plan: ServicePlan, forAllNodes: Bool) {
        self.snapshot = snapshot
        self.plan = plan
        let family = plan.settings.family
        nodes = forAllNodes ? snapshot.nodes : snapshot.nodes.filter { $0.name.text == plan.node.name }
        var members = nodes.map { node in
            let address = NodeFacts.nodeIPs(plan.settings, node).first { $0.family == family && !$0.isLoopback }
            return Member(name: node.name.text, zone: node.zone, address: address)
        }
        if members.isEmpty, let name = plan.node.name { members = [Member(name: name, zone: "", address: nil)] }
        self.members = members
        memberNames = Set(members.map(\.name))
        var zoneOfMember: [String: String] = [:]
        var membersOfZone: [String: Int] = [:]
        for member in members where !member.zone.isEmpty {
            zoneOfMember[member.name] = member.zone
            membersOfZone[member.zone, default: 0] += 1
        }
        self.zoneOfMember = zoneOfMember
        self.membersOfZone = membersOfZone
        zones = membersOfZone.keys.sorted()
        coversCluster = forAllNodes && !nodes.isEmpty
        slices = ServicePlan.slicesByService(snapshot, family)
        slicesOfOtherFamily = ServicePlan.slicesByService(snapshot, family.other)
    }

    func service(_ port: ServicePortPlan) -> Service { snapshot.services[port.serviceIndex] }

    /// The endpoint of the snapshot that a planned one is.
    func endpoint(_ planned: PlannedEndpoint) -> Endpoint {
        snapshot.endpointSlices[Int(planned.source.slice)].endpoints[Int(planned.source.endpoint)]
    }

    /// The considered slices of a Service, of the plan's family or of the other one.
    func slices(of service: Service, ofOtherFamily: Bool = false) -> [EndpointSlice] {
        let key = ServicePlan.ServiceKey(namespace: service.namespace, name: service.name)
        return ((ofOtherFamily ? slicesOfOtherFamily : slices)[key] ?? []).map { snapshot.endpointSlices[$0] }
    }

    /// The number of a Service's endpoints in its slices.
    func endpointCount(of service: Service, ofOtherFamily: Bool = false) -> Int {
        slices(of: service, ofOtherFamily: ofOtherFamily).reduce(0) { count, slice in
            count + slice.endpoints.count { $0.address != nil }
        }
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
