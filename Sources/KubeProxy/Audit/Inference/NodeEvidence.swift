internal import KubeObjects
internal import NetAddress

/// What a node's rules say about the policies of Service ports, in any mode.
protocol PolicyEvidence {
    /// The endpoints that a policy leads to; nil: it has no rules.
    func endpoints(of policy: ServicePolicy, _ port: ServicePortPlan) -> Set<EndpointReference>?
    /// Whether external traffic is led to the local policy.
    func leadsToLocalPolicy(_ port: ServicePortPlan) -> Bool
    /// Whether packets to the cluster IP are dropped: there are endpoints, and none on the node.
    func dropsClusterIP(_ port: ServicePortPlan) -> Bool
    /// Whether rules treat an endpoint as the node's own whatever the policies are; nil: that does not show.
    func treatsAsLocal(_ endpoint: PlannedEndpoint, of port: ServicePortPlan) -> Bool?
}

/// How well a node's rules fit each Node of the snapshot: which endpoints they treat as local, and which topology hints
/// they follow.
///
/// An endpoint counts only if the rules know it: what the snapshot has more than the rules says how old one of them is, not
/// which node it is.
struct NodeEvidence {
    /// Endpoints that the rules treat as local, by their Node.
    private var local: [String: Int] = [:]
    /// Endpoints that the rules treat as remote, by their Node.
    private var remote: [String: Int] = [:]
    private var localCount = 0
    private let behaviors: ProxyBehaviors
    /// Terminating endpoints that a Node would use as its own and the rules do not know, by their Node. They may be gone
    /// since, so they only break ties.
    private var terminating: [String: Int] = [:]
    /// Service ports whose endpoints are not those that a zone's hints select, by zone.
    private var zones: [String: Int] = [:]
    /// How many more Service ports do not fit a Node than its zone says, where hints name the Node itself or it depends on
    /// it which of several equal endpoints counts.
    var hintedNodes: [String: Int] = [:]

    init(_ plan: NodePlan, _ live: some PolicyEvidence) {
        behaviors = plan.behaviors
        let slices = plan.snapshot.endpointSlices
        let nodeZones = Dictionary(
            plan.snapshot.nodes.map { ($0.name.text, $0.zone) }, uniquingKeysWith: { first, _ in first })
        let names = Set(nodeZones.values).union([""]).sorted()
        for port in plan.servicePorts {
            let isHinted = !port.hintCoverage.isEmpty && port.usesClusterPolicy
            let showsLocal = port.endpoints.first.map { live.treatsAsLocal($0, of: port) != nil } ?? false
            guard port.usesLocalPolicy || isHinted || showsLocal else { continue }
            let cluster = live.endpoints(of: .cluster, port)
            if port.usesLocalPolicy { readLocal(port, cluster, live, slices) }
            if isHinted, let cluster { readHints(port, cluster, names, nodeZones, slices) }
            if showsLocal, let cluster { readEndpoints(port, cluster, live, slices) }
        }
        readEqualEndpoints(plan, live)
    }

    private mutating func readEndpoints(
        _ port: ServicePortPlan, _ cluster: Set<EndpointReference>, _ live: some PolicyEvidence,
        _ slices: [EndpointSlice]
    ) {
        for endpoint in port.endpoints where cluster.contains(.address(endpoint.address, port: endpoint.port)) {
            guard let node = slices.nodeName(of: endpoint.source), let isLocal = live.treatsAsLocal(endpoint, of: port)
            else { continue }
            if isLocal {
                local[node, default: 0] += 1
                localCount += 1
            } else {
                remote[node, default: 0] += 1
            }
        }
    }

    private mutating func readLocal(
        _ port: ServicePortPlan, _ cluster: Set<EndpointReference>?, _ live: some PolicyEvidence,
        _ slices: [EndpointSlice]
    ) {
        let isDropped = live.dropsClusterIP(port)
        let found = live.endpoints(of: .local, port)
        if found == nil {
            // A damaged chain is not one without local endpoints, to which nothing leads.
            guard !live.leadsToLocalPolicy(port) else { return }
        } else if found?.isEmpty == true {
            return
        }
        let locals = found ?? []
        for endpoint in port.endpoints where endpoint.couldTakeTraffic(behaviors) {
            guard let node = slices.nodeName(of: endpoint.source) else { continue }
            let reference = EndpointReference.address(endpoint.address, port: endpoint.port)
            if locals.contains(reference) {
                local[node, default: 0] += 1
                localCount += 1
            } else if cluster?.contains(reference) == true, endpoint.conditions.contains(.ready) || locals.isEmpty {
                // Beside ready ones the local policy leaves terminating endpoints out, wherever they are.
                remote[node, default: 0] += 1
            } else if !port.usesClusterPolicy, isDropped {
                // kube-proxy knows endpoints, none of which is the node's own.
                remote[node, default: 0] += 1
            } else if !endpoint.conditions.contains(.ready), locals.isEmpty {
                terminating[node, default: 0] += 1
            }
        }
    }

    private mutating func readHints(
        _ port: ServicePortPlan, _ found: Set<EndpointReference>, _ names: [String], _ nodeZones: [String: String],
        _ slices: [EndpointSlice]
    ) {
        var hinted: [String: Set<EndpointReference>] = [:]
        var hintedForNodes: [String: Set<EndpointReference>] = [:]
        var ready: Set<EndpointReference> = []
        for endpoint in port.endpoints where endpoint.conditions.contains(.ready) {
            let reference = EndpointReference.address(endpoint.address, port: endpoint.port)
            ready.insert(reference)
            let hints = slices[Int(endpoint.source.slice)].endpoints[Int(endpoint.source.endpoint)].hints
            if port.hintCoverage.contains(.zones) {
                for zone in hints?.zones ?? [] { hinted[zone, default: []].insert(reference) }
            }
            guard port.hintCoverage.contains(.nodes) else { continue }
            for node in hints?.nodes ?? [] { hintedForNodes[node, default: []].insert(reference) }
        }
        if !behaviors.contains(.emptyZoneMatchesHints) { hinted[""] = nil }
        let known = found.intersection(ready)
        for zone in names where (hinted[zone] ?? ready) != known { zones[zone, default: 0] += 1 }
        // Hints that name the Node win over those of its zone.
        for (node, endpoints) in hintedForNodes {
            guard let zone = nodeZones[node] else { continue }
            let fitsZone = (hinted[zone] ?? ready) == known
            hintedNodes[node, default: 0] += (fitsZone ? 1 : 0) - (endpoints == known ? 1 : 0)
        }
    }

    /// How much of the rules does not fit a Node; nil: a kube-proxy whose name is no Node's.
    func misfit(_ node: Node?) -> Int {
        let zone = zones[node?.zone ?? ""] ?? 0
        guard let node else { return localCount + zone }
        let name = node.name.text
        return (remote[name] ?? 0) + localCount - (local[name] ?? 0) + zone + (hintedNodes[name] ?? 0)
    }

    /// The name of no Node whose endpoints are those that the rules treat as local; nil: there is none.
    var nameBesideNodes: String? {
        let most = local.max { left, right in
            (left.value, right.key) < (right.value, left.key)
        }
        guard let most, (remote[most.key] ?? 0) + localCount - most.value < localCount else { return nil }
        return most.key
    }

    /// How many terminating endpoints a Node would use that the rules do not know.
    func doubt(_ node: Node) -> Int { terminating[node.name.text] ?? 0 }

    /// The number of endpoints that the rules treat as a Node's own.
    func support(_ node: Node) -> Int { local[node.name.text] ?? 0 }
}

extension NodePlan {
    /// The Services whose rules depend on the node under any version, with what belongs to them; nil: there are none.
    var servicesThatShowNodes: ClusterSnapshot? {
        var names: Set<String> = []
        let hinted = Set(
            snapshot.endpointSlices.lazy.filter { $0.endpoints.contains { $0.hints != nil } }.compactMap { slice in
                slice.serviceName.map { "\(slice.namespace)/\($0)" }
            })
        for port in servicePorts {
            let service = port.name.qualifiedService
            guard
                port.usesLocalPolicy || !port.duplicates.isEmpty || !port.sourceRanges.isEmpty
                    || hinted.contains(service)
            else { continue }
            names.insert(service)
        }
        return names.isEmpty ? nil : try? snapshot.limited(to: names)
    }
}

extension [EndpointSlice] {
    func nodeName(of source: EndpointSource) -> String? {
        self[Int(source.slice)].endpoints[Int(source.endpoint)].nodeName
    }
}

/// Which Node a node's rules fit.
struct NodeFit {
    /// The Node that fits best, the given one if it fits as well as any; nil: the rules fit a kube-proxy whose name is no
    /// Node's.
    let node: Node?
    /// Whether the rules fit no other as well.
    let isOnly: Bool

    /// - Parameters:
    ///   - given: the Node that was given or planned with, if the snapshot has it.
    ///   - facts: what else points to a Node: the pod CIDR and the addresses in the rules.
    init(_ evidence: NodeEvidence, _ nodes: [Node], given: Node?, _ facts: NodePointers) {
        var misfits: [Int] = []
        for node in nodes { misfits.append(evidence.misfit(node)) }
        let none = evidence.misfit(nil)
        guard let least = misfits.min(), least <= none else {
            node = nil
            isOnly = true
            return
        }
        var best: [Node] = []
        for (node, misfit) in zip(nodes, misfits) where misfit == least { best.append(node) }
        // A pod CIDR or an address of another Node alone is that Node's.
        let isElsewhere = given.map { given in
            !facts.points(to: given, among: nodes) && best.contains { facts.points(to: $0, among: nodes) }
        }
        if let given, isElsewhere != true, best.contains(where: { $0.name == given.name }) {
            node = given
            isOnly = best.count == 1 && least < none
            return
        }
        if best.count > 1, let least = best.map({ facts.misfit($0) }).min() {
            best = best.filter { facts.misfit($0) == least }
        }
        if best.count > 1, let least = best.map({ evidence.doubt($0) }).min() {
            best = best.filter { evidence.doubt($0) == least }
        }
        if best.count > 1, let most = best.map({ evidence.support($0) }).max() {
            best = best.filter { evidence.support($0) == most }
        }
        var isOnly = best.count == 1 && (least < none || nodes.count == 1)
        if best.count > 1, let pointed = best.first(where: { facts.points(to: $0, among: nodes) }) {
            best = [pointed]
            isOnly = true
        }
        node = best.first
        self.isOnly = isOnly
    }
}

/// What else of a node's rules points to a Node.
struct NodePointers {
    /// The range of sources that count as local pods.
    let podRange: IPPrefix?
    /// The addresses that take node ports.
    let addresses: [IPAddress]
    /// What shows the node's IP, and the settings with which it is taken from a Node.
    var nodeIP: (evidence: NodeIPEvidence, settings: ProxySettings, behaviors: ProxyBehaviors)?

    /// How much of what shows the node's IP does not fit a Node.
    fileprivate func misfit(_ node: Node) -> Int {
        guard let nodeIP, !nodeIP.evidence.isEmpty else { return 0 }
        return nodeIP.evidence.misfit(NodeFacts.nodeIP(nodeIP.settings, node, nodeIP.behaviors))
    }

    /// Whether the rules name a Node's pod CIDR, which no other has, or its address as one that takes node ports.
    fileprivate func points(to node: Node, among nodes: [Node]) -> Bool {
        if nodes.count > 1, let podRange, node.podCIDRs.contains(podRange) { return true }
        return (node.internalIPs + node.externalIPs).contains { addresses.contains($0) }
    }
}
