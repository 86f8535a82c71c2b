internal import KubeObjects

/// The decisions about some of the snapshot's Services that do not depend on a node.
struct PlannedServices: Sendable {
    private(set) var ports: [ClusterServicePort] = []
    /// Where each Service port's endpoints begin, and where the last one's end.
    private(set) var starts: [Int32] = [0]
    private(set) var endpoints: [ClusterEndpoint] = []
    private(set) var decisions = PlanDecisions()
    private(set) var nodeDependentPorts: [Int32] = []
    private(set) var skipped: [ClusterPlan.SkippedService] = []
    private(set) var equalEndpoints: [EqualEndpoints] = []
    private(set) var addressTexts: [Int: String] = [:]
    private let behaviors: ProxyBehaviors

    /// - Parameter isWhole: whether there is to be room for the decisions about all Services.
    init(
        _ snapshot: ClusterSnapshot, _ services: Range<Int>, _ slices: ServiceSlices, _ planner: ServicePortPlanner,
        isWhole: Bool
    ) {
        var planner = planner
        behaviors = planner.behaviors
        ports.reserveCapacity(isWhole ? snapshot.services.count : services.count)
        // Memory that is not used costs nothing, memory that is outgrown has been touched.
        endpoints.reserveCapacity(slices.endpointCount)
        decisions.endpoints.reserveCapacity(slices.endpointCount)
        let objects = snapshot.services.span
        for index in services {
            // Copied once, which costs more than most of what is done with it.
            let service = objects[index]
            switch planner.clusterIP(of: service) {
            case .failure(let reason):
                skipped.append(ClusterPlan.SkippedService(serviceIndex: index, reason: reason.reason))
            case .success(let clusterIP):
                planner.plan(service, index, clusterIP, slices[index], into: &self)
            }
        }
    }

    /// Adds a Service port with its endpoints, in the order of the slices.
    mutating func add(
        _ port: consuming ClusterServicePort, _ slices: [EndpointSlice],
        _ addEndpoints: (inout [ClusterEndpoint]) -> Void
    ) {
        let start = endpoints.count
        addEndpoints(&endpoints)
        if behaviors.contains(.localDuplicateWins) {
            mergeOlder(from: start, &port, slices)
        } else {
            endpoints.mergeTail(from: start, duplicates: &port.duplicates)
        }
        let range = start..<endpoints.count
        port.lookAtEndpoints(endpoints[range], slices, behaviors)
        decisions.endpoints.append(contentsOf: repeatElement(EndpointDecision(), count: range.count))
        var decision = PortDecision()
        if port.dependsOnNode {
            nodeDependentPorts.append(Int32(ports.count))
        } else {
            let selection = EndpointSelection(slices, behaviors, node: nil, zone: "")
            decision = selection.select(port, range, endpoints, &decisions.endpoints)
        }
        decisions.ports.append(decision)
        ports.append(port)
        starts.append(Int32(endpoints.count))
    }

    /// Adds what is decided about the Services after these.
    mutating func append(_ others: PlannedServices) {
        let (firstPort, firstEndpoint) = (Int32(ports.count), Int32(endpoints.count))
        ports += others.ports
        starts.append(contentsOf: others.starts.dropFirst().lazy.map { $0 + firstEndpoint })
        endpoints += others.endpoints
        decisions.ports += others.decisions.ports
        decisions.endpoints += others.decisions.endpoints
        nodeDependentPorts.append(contentsOf: others.nodeDependentPorts.lazy.map { $0 + firstPort })
        skipped += others.skipped
        for group in others.equalEndpoints {
            equalEndpoints.append(group.moved(ports: Int(firstPort), endpoints: Int(firstEndpoint)))
        }
        for (position, text) in others.addressTexts { addressTexts[position + Int(firstEndpoint)] = text }
    }

    /// Brings the endpoints of one Service port, which stand at the end, in order, as versions up to 1.35 do.
    private mutating func mergeOlder(
        from start: Int, _ port: inout ClusterServicePort, _ slices: [EndpointSlice]
    ) {
        guard endpoints.count > start else { return }
        let merged = OlderMerge(Array(endpoints[start...]), slices, behaviors)
        endpoints.removeSubrange(start...)
        for group in merged.groups {
            let position = endpoints.count
            endpoints.append(group.endpoints[0])
            if let text = group.text { addressTexts[position] = text }
            guard group.endpoints.count > 1 else { continue }
            port.duplicates += group.endpoints.dropFirst().map(\.source)
            port.hasEqualEndpoints = true
            equalEndpoints.append(
                EqualEndpoints(port: ports.count, position: position, candidates: group.endpoints))
        }
    }
}

extension ClusterServicePort {
    /// Takes in what its endpoints say that is the same on every node.
    mutating func lookAtEndpoints(
        _ endpoints: ArraySlice<ClusterEndpoint>, _ slices: [EndpointSlice], _ behaviors: ProxyBehaviors
    ) {
        let terminatingToo = behaviors.contains(.terminatingEndpoints)
        hasAnyEndpoint = endpoints.contains { $0.conditions.couldTakeTraffic(terminatingToo) }
        hintCoverage = HintCoverage(endpoints, slices, counted: countedHints)
    }
}

extension [ClusterEndpoint] {
    /// Brings the endpoints of one Service port, which stand at the end, in byte order of their texts. Of those with
    /// equal text a later one counts, unless it is terminating.
    fileprivate mutating func mergeTail(from start: Int, duplicates: inout [EndpointSource]) {
        guard count - start > 1 else { return }
        let texts = self[start...].map(\.text)
        if texts.indices.dropFirst().allSatisfy({ texts[$0 - 1] < texts[$0] }) { return }
        let order = texts.indices.sorted { left, right in
            texts[left] == texts[right] ? left < right : texts[left] < texts[right]
        }
        let endpoints = Array(self[start...])
        removeSubrange(start...)
        var previous = -1
        for index in order {
            let endpoint = endpoints[index]
            defer { previous = index }
            guard previous >= 0, texts[previous] == texts[index] else {
                append(endpoint)
                continue
            }
            if endpoint.conditions.contains(.terminating) {
                duplicates.append(endpoint.source)
            } else {
                duplicates.append(self[count - 1].source)
                self[count - 1] = endpoint
            }
        }
    }
}
