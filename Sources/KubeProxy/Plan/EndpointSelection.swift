internal import KubeObjects
internal import NetAddress

/// Decides which endpoints of a Service port are used on one node (kube-proxy 1.36: `CategorizeEndpoints` of
/// `pkg/proxy/topology.go`).
struct EndpointSelection {
    private let node: NodeFacts
    private var hasher = ChainHasher()

    init(_ node: NodeFacts) {
        self.node = node
    }

    /// Sorts the endpoints of a Service port, drops duplicates, and decides the part of each.
    mutating func select(_ plan: inout ServicePortPlan, _ slices: [EndpointSlice]) {
        guard !plan.endpoints.isEmpty else { return nameChains(&plan, false) }
        sortAndDropDuplicates(&plan)
        if plan.usesClusterPolicy { selectForCluster(&plan, slices) }
        var localFallsBack = false
        if plan.usesLocalPolicy { localFallsBack = selectForLocal(&plan) }
        // The endpoints of the cluster policy hold those of the local one, unless something narrowed or widened one only.
        let reachesLocal =
            !plan.usesClusterPolicy || plan.usesLocalPolicy && (plan.topologyMode != .none || localFallsBack)
        nameChains(&plan, reachesLocal)
    }

    /// In byte order of their texts. Of those with equal text a later one counts, unless it is terminating.
    private func sortAndDropDuplicates(_ plan: inout ServicePortPlan) {
        let endpoints = plan.endpoints
        let texts = endpoints.map(\.text)
        var isSorted = true
        for index in texts.indices.dropFirst() where !(texts[index - 1] < texts[index]) {
            isSorted = false
            break
        }
        if isSorted { return }
        let order = endpoints.indices.sorted { left, right in
            texts[left] == texts[right] ? left < right : texts[left] < texts[right]
        }
        plan.endpoints.removeAll(keepingCapacity: true)
        var previous = -1
        for index in order {
            let endpoint = endpoints[index]
            defer { previous = index }
            guard previous >= 0, texts[previous] == texts[index] else {
                plan.endpoints.append(endpoint)
                continue
            }
            let last = plan.endpoints.count - 1
            if endpoint.conditions.contains(.terminating) {
                plan.duplicates.append(endpoint.source)
            } else {
                plan.duplicates.append(plan.endpoints[last].source)
                plan.endpoints[last] = endpoint
            }
        }
    }

    private func selectForCluster(_ plan: inout ServicePortPlan, _ slices: [EndpointSlice]) {
        plan.topologyMode = topologyMode(plan, slices)
        for index in plan.endpoints.indices where plan.endpoints[index].conditions.contains(.ready) {
            let hints = hints(of: plan.endpoints[index], slices)
            let use: EndpointUse
            switch plan.topologyMode {
            case .none: use = .used
            case .node: use = isHinted(hints, node: node.name) ? .used : .hintedForOtherNodes
            case .zone: use = isHinted(hints, zone: node.zone) ? .used : .hintedForOtherZones
            }
            plan.endpoints[index].clusterUse = use
            if use == .used { plan.clusterCount += 1 }
        }
        let noneIsUsed = plan.clusterCount == 0
        for index in plan.endpoints.indices where !plan.endpoints[index].conditions.contains(.ready) {
            let use = plan.endpoints[index].useWhileNotReady(noneIsReady: noneIsUsed)
            plan.endpoints[index].clusterUse = use
            if use.isUsed { plan.clusterCount += 1 }
        }
        plan.hasAnyEndpoint = plan.clusterCount > 0
    }

    /// - Returns: whether terminating endpoints stand in for ready ones.
    private func selectForLocal(_ plan: inout ServicePortPlan) -> Bool {
        plan.hasAnyEndpoint =
            plan.hasAnyEndpoint
            || plan.endpoints.contains { $0.couldTakeTraffic }
        let noneIsReady = !plan.endpoints.contains { $0.isLocal && $0.conditions.contains(.ready) }
        for index in plan.endpoints.indices {
            let endpoint = plan.endpoints[index]
            let use: EndpointUse
            if !endpoint.isLocal {
                use = .onOtherNode
            } else if endpoint.conditions.contains(.ready) {
                use = .used
            } else {
                use = endpoint.useWhileNotReady(noneIsReady: noneIsReady)
            }
            plan.endpoints[index].localUse = use
            if use.isUsed { plan.localCount += 1 }
        }
        return noneIsReady && plan.localCount > 0
    }

    /// Hints count only if every ready endpoint has them and one is for this node or zone.
    private func topologyMode(_ plan: ServicePortPlan, _ slices: [EndpointSlice]) -> TopologyMode {
        var allHaveNodes = true
        var allHaveZones = true
        var anyForNode = false
        var anyForZone = false
        var anyReady = false
        for endpoint in plan.endpoints where endpoint.conditions.contains(.ready) {
            anyReady = true
            guard let hints = hints(of: endpoint, slices) else { return .none }
            allHaveNodes = allHaveNodes && !hints.nodes.isEmpty
            allHaveZones = allHaveZones && !hints.zones.isEmpty
            guard allHaveNodes || allHaveZones else { return .none }
            anyForNode = anyForNode || isHinted(hints, node: node.name)
            anyForZone = anyForZone || isHinted(hints, zone: node.zone)
        }
        guard anyReady else { return .none }
        if allHaveNodes, anyForNode { return .node }
        return allHaveZones && anyForZone ? .zone : .none
    }

    private func hints(of endpoint: PlannedEndpoint, _ slices: [EndpointSlice]) -> TopologyHints? {
        slices[Int(endpoint.source.slice)].endpoints[Int(endpoint.source.endpoint)].hints
    }

    private func isHinted(_ hints: TopologyHints?, node: String?) -> Bool {
        node.map { hints?.nodes.contains($0) ?? false } ?? false
    }

    private func isHinted(_ hints: TopologyHints?, zone: String) -> Bool {
        hints?.zones.contains(zone) ?? false
    }

    /// Marks the endpoints for which chains are written, and names their chains and the Service port's.
    private mutating func nameChains(_ plan: inout ServicePortPlan, _ reachesLocal: Bool) {
        hasher.begin(plan)
        hasher.add()
        // Whose names are in the hasher's lanes.
        var owners = InlineArray<4, Int?>(repeating: nil)
        func name(_ plan: inout ServicePortPlan) {
            let count = hasher.count
            let hashes = hasher.finish()
            for lane in 0..<count {
                if let index = owners[lane] {
                    plan.endpoints[index].hash = hashes[lane]
                } else {
                    plan.hash = hashes[lane]
                }
            }
        }
        for index in plan.endpoints.indices {
            let endpoint = plan.endpoints[index]
            guard endpoint.clusterUse.isUsed || reachesLocal && endpoint.localUse.isUsed else { continue }
            plan.endpoints[index].isReachable = true
            owners[hasher.count] = index
            hasher.add(endpoint.text)
            if hasher.isFull { name(&plan) }
        }
        if hasher.count > 0 { name(&plan) }
    }
}

extension PlannedEndpoint {
    private var isServingWhileTerminating: Bool { conditions.isSuperset(of: [.serving, .terminating]) }

    /// Whether it takes traffic where no better endpoint does.
    var couldTakeTraffic: Bool { conditions.contains(.ready) || isServingWhileTerminating }

    /// The part of an endpoint that is not ready.
    fileprivate func useWhileNotReady(noneIsReady: Bool) -> EndpointUse {
        guard isServingWhileTerminating else { return .notReady }
        return noneIsReady ? .usedWhileTerminating : .terminating
    }
}
