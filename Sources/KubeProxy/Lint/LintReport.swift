internal import KubeChainsJSON
internal import KubeObjects
internal import NetAddress

/// Takes the findings of one rule.
struct LintReport {
    /// What a finding is about.
    enum Topic {
        case port(ServicePortPlan)
        /// The Service of this index among the snapshot's.
        case service(Int)
        case node(Node)
        case slice(EndpointSlice)
        case endpoints(UnreadEndpoints)
        case cluster
    }

    private let rule: LintRule
    private let snapshot: ClusterSnapshot
    private(set) var findings: [LintFinding] = []

    init(_ rule: LintRule, _ snapshot: ClusterSnapshot) {
        self.rule = rule
        self.snapshot = snapshot
    }

    /// Adds a finding, of the rule's severity and with its remedy unless others are given.
    mutating func add(
        _ topic: Topic, _ message: String, _ severity: FindingSeverity? = nil, remedy: String? = nil
    ) {
        var label: ServicePortLabel?
        var object: String?
        var serviceIndex: Int?
        let location: SourceLocation?
        switch topic {
        case .port(let port):
            label = ServicePortLabel(port.name)
            serviceIndex = port.serviceIndex
            location = snapshot.services[port.serviceIndex].location
        case .service(let index):
            object = "Service \(snapshot.services[index].qualifiedName)"
            serviceIndex = index
            location = snapshot.services[index].location
        case .node(let node):
            object = "Node \(node.name)"
            location = node.location
        case .slice(let slice):
            object = (slice.origin == .endpoints ? "Endpoints " : "EndpointSlice ") + "\(slice.namespace)/\(slice.name)"
            location = slice.location
        case .endpoints(let endpoints):
            object = "Endpoints \(endpoints.namespace)/\(endpoints.name)"
            location = endpoints.location
        case .cluster:
            location = nil
        }
        findings.append(
            LintFinding(
                id: rule.name, severity: severity ?? rule.severity, label: label, object: object, family: nil,
                message: message, remedy: remedy ?? rule.remedy, location: location, serviceIndex: serviceIndex))
    }
}
