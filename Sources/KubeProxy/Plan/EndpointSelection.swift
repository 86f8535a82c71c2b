internal import KubeObjects
internal import NetAddress

/// Decides which endpoints of a Service port are used on one node (kube-proxy 1.36: `CategorizeEndpoints` of
/// `pkg/proxy/topology.go`).
///
/// No closure captures a span here, not even the right side of `&&`: the optimiser crashes on it (Swift 6.3.1).
struct EndpointSelection {
    private let slices: [EndpointSlice]
    private let node: String?
    private let zone: String
    private let usesTerminating: Bool
    /// Whether hints by zone count on the node.
    private let matchesZone: Bool

    /// - Parameters:
    ///   - node: the node's name; nil: a node that has no endpoints of its own.
    ///   - zone: the node's zone; empty where it is not known.
    init(_ slices: [EndpointSlice], _ behaviors: ProxyBehaviors, node: String?, zone: String) {
        self.slices = slices
        self.node = node
        self.zone = zone
        usesTerminating = behaviors.contains(.terminatingEndpoints)
        let zoneIsKnown = !zone.isEmpty
        matchesZone = zoneIsKnown ? true : behaviors.contains(.emptyZoneMatchesHints)
    }

    /// Decides the part of each endpoint. Which are local is known already.
    ///
    /// - Parameters:
    ///   - range: the positions of the Service port's endpoints.
    ///   - all: the endpoints of all Service ports.
    func select(
        _ port: borrowing ClusterServicePort, _ range: Range<Int>, _ all: [ClusterEndpoint],
        _ decisions: inout [EndpointDecision]
    ) -> PortDecision {
        var decision = PortDecision()
        guard !range.isEmpty else { return decision }
        let endpoints = all.span
        var uses = decisions.mutableSpan
        if port.usesClusterPolicy { selectForCluster(port.hintCoverage, range, endpoints, &uses, &decision) }
        var localFallsBack = false
        if port.usesLocalPolicy { localFallsBack = selectForLocal(range, endpoints, &uses, &decision) }
        // The cluster policy's endpoints include the local policy's, unless only one of them was narrowed or widened.
        let reachesLocal =
            !port.usesClusterPolicy || port.usesLocalPolicy && (decision.topologyMode != .none || localFallsBack)
        for index in range {
            uses[index].isReachable = uses[index].clusterUse.isUsed || reachesLocal && uses[index].localUse.isUsed
        }
        return decision
    }

    private func selectForCluster(
        _ coverage: HintCoverage, _ range: Range<Int>, _ endpoints: Span<ClusterEndpoint>,
        _ uses: inout MutableSpan<EndpointDecision>, _ decision: inout PortDecision
    ) {
        decision.topologyMode = topologyMode(coverage, range, endpoints)
        for index in range where endpoints[index].conditions.contains(.ready) {
            let use: EndpointUse
            switch decision.topologyMode {
            case .none: use = .used
            case .node: use = isForNode(endpoints[index]) ? .used : .hintedForOtherNodes
            case .zone: use = isForZone(endpoints[index]) ? .used : .hintedForOtherZones
            }
            uses[index].clusterUse = use
            if use == .used { decision.clusterCount += 1 }
        }
        let noneIsUsed = decision.clusterCount == 0
        for index in range where !endpoints[index].conditions.contains(.ready) {
            let use = endpoints[index].conditions.useWhileNotReady(noneIsReady: noneIsUsed, usesTerminating)
            uses[index].clusterUse = use
            if use.isUsed { decision.clusterCount += 1 }
        }
    }

    /// - Returns: whether terminating endpoints are used in place of ready ones.
    private func selectForLocal(
        _ range: Range<Int>, _ endpoints: Span<ClusterEndpoint>, _ uses: inout MutableSpan<EndpointDecision>,
        _ decision: inout PortDecision
    ) -> Bool {
        var noneIsReady = true
        for index in range where endpoints[index].conditions.contains(.ready) {
            guard uses[index].isLocal else { continue }
            noneIsReady = false
            break
        }
        for index in range {
            let use: EndpointUse
            if !uses[index].isLocal {
                use = .onOtherNode
            } else if endpoints[index].conditions.contains(.ready) {
                use = .used
            } else {
                use = endpoints[index].conditions.useWhileNotReady(noneIsReady: noneIsReady, usesTerminating)
            }
            uses[index].localUse = use
            if use.isUsed { decision.localCount += 1 }
        }
        return noneIsReady && decision.localCount > 0
    }

    /// Hints count only if every ready endpoint has them and one is for this node or zone.
    private func topologyMode(
        _ coverage: HintCoverage, _ range: Range<Int>, _ endpoints: Span<ClusterEndpoint>
    ) -> TopologyMode {
        var isAnyForZone = false
        let looksForZone = matchesZone ? coverage.contains(.zones) : false
        for index in range where endpoints[index].conditions.contains(.ready) {
            if coverage.contains(.nodes), isForNode(endpoints[index]) { return .node }
            if looksForZone, !isAnyForZone { isAnyForZone = isForZone(endpoints[index]) }
        }
        return isAnyForZone ? .zone : .none
    }

    private func isForNode(_ endpoint: ClusterEndpoint) -> Bool {
        node.map { slices.hints(of: endpoint)?.nodes.contains($0) ?? false } ?? false
    }

    private func isForZone(_ endpoint: ClusterEndpoint) -> Bool {
        slices.hints(of: endpoint)?.zones.contains(zone) ?? false
    }
}

/// Which topology hints all ready endpoints of a Service port have; none where there is no ready endpoint.
struct HintCoverage: OptionSet, Sendable {
    let rawValue: UInt8

    static let nodes = HintCoverage(rawValue: 1)
    static let zones = HintCoverage(rawValue: 2)
}

extension HintCoverage {
    /// - Parameter counted: the hints that are looked for.
    init(_ endpoints: ArraySlice<ClusterEndpoint>, _ slices: [EndpointSlice], counted: HintCoverage) {
        var coverage = counted
        var isAnyReady = false
        for endpoint in endpoints where endpoint.conditions.contains(.ready) {
            isAnyReady = true
            let hints = slices.hints(of: endpoint)
            if hints?.nodes.isEmpty ?? true { coverage.remove(.nodes) }
            if hints?.zones.isEmpty ?? true { coverage.remove(.zones) }
            if coverage.isEmpty { break }
        }
        self = isAnyReady ? coverage : []
    }
}

extension [EndpointSlice] {
    fileprivate func hints(of endpoint: ClusterEndpoint) -> TopologyHints? {
        span[Int(endpoint.source.slice)].endpoints[Int(endpoint.source.endpoint)].hints
    }
}

extension Endpoint.Conditions {
    private var isServingWhileTerminating: Bool { isSuperset(of: [.serving, .terminating]) }

    /// Whether an endpoint takes traffic where no better one does.
    ///
    /// - Parameter terminatingToo: whether endpoints that terminate and still serve do.
    func couldTakeTraffic(_ terminatingToo: Bool) -> Bool {
        contains(.ready) || terminatingToo && isServingWhileTerminating
    }

    /// How an endpoint that is not ready is used.
    fileprivate func useWhileNotReady(noneIsReady: Bool, _ usesTerminating: Bool) -> EndpointUse {
        guard isServingWhileTerminating else { return .notReady }
        guard usesTerminating else { return .terminatingUnused }
        return noneIsReady ? .usedWhileTerminating : .terminating
    }
}
