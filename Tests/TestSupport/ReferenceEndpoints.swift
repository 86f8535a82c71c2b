/// An endpoint of a service port, as read from the EndpointSlices.
struct ReferenceEndpoint {
    let ip: String
    /// The source of the rule for a pod that reaches itself.
    let hairpinSource: String
    /// `ip:port`, or `[ip]:port` for IPv6; up to 1.30 with the address as the slice spells it.
    let text: String
    let isLocal: Bool
    let isReady: Bool
    let isServing: Bool
    let isTerminating: Bool
    let zoneHints: [String]
    let nodeHints: [String]

    /// Usable when nothing is ready: still serving while it terminates.
    var isServingTerminating: Bool { isServing && isTerminating }

    init?(_ endpoint: ClusterDescription.Endpoint, port: Int, node: ReferenceNode) {
        guard let first = endpoint.addresses.first, let address = ReferenceAddress(first) else { return nil }
        ip = address.text
        let printed = node.version.isUpTo(30) ? first : address.text
        text = printed.contains(":") ? "[\(printed)]:\(port)" : "\(printed):\(port)"
        hairpinSource = node.version.isUpTo(28) ? address.text : printed
        isLocal = !node.name.isEmpty && endpoint.nodeName == node.name
        isReady = endpoint.ready ?? true
        isServing = endpoint.serving ?? true
        isTerminating = endpoint.terminating ?? false
        zoneHints = endpoint.zoneHints
        nodeHints = endpoint.nodeHints
    }
}

/// The endpoints of one service port, from the slices of its Service in order of their names: one for each `ip:port`,
/// sorted by that text.
func referenceEndpoints(
    slices: [ClusterDescription.Slice], portName: String, protocolName: String, node: ReferenceNode
) -> [ReferenceEndpoint] {
    var stored: [String: ReferenceEndpoint] = [:]
    for slice in slices.sorted(by: { bytesPrecede($0.name, $1.name) }) {
        for slicePort in slice.ports {
            guard (slicePort.name ?? "") == portName, (slicePort.protocolName ?? "TCP") == protocolName,
                let port = slicePort.port, port != 0
            else { continue }
            let endpoints = slice.endpointsInOrder(node.version)
            for endpoint in endpoints.compactMap({ ReferenceEndpoint($0, port: port, node: node) }) {
                let replaces = node.version.isUpTo(35) ? endpoint.isLocal : !endpoint.isTerminating
                if stored[endpoint.text] == nil || replaces { stored[endpoint.text] = endpoint }
            }
        }
    }
    return stored.values.sorted { bytesPrecede($0.text, $1.text) }
}

extension ClusterDescription.Slice {
    /// The endpoints in the order in which they are taken: up to 1.30 sorted by their addresses.
    fileprivate func endpointsInOrder(_ version: ReferenceVersion) -> [ClusterDescription.Endpoint] {
        guard version.isUpTo(30) else { return endpoints }
        let keyed = endpoints.enumerated().map { (key: $1.addresses.joined(separator: ","), index: $0, endpoint: $1) }
        return keyed.sorted { first, second in
            first.key == second.key ? first.index < second.index : bytesPrecede(first.key, second.key)
        }.map(\.endpoint)
    }
}

/// The endpoints that a service port uses for each traffic policy.
struct ReferenceSelection {
    /// The endpoints of the policy Cluster.
    var cluster: [ReferenceEndpoint] = []
    /// The endpoints of the policy Local.
    var local: [ReferenceEndpoint] = []
    /// The endpoints which have a chain.
    var reached: [ReferenceEndpoint] = []
    /// Some endpoint somewhere is usable.
    var hasAny = false

    init(
        _ endpoints: [ReferenceEndpoint], usesCluster: Bool, usesLocal: Bool, asksForHints: Bool, node: ReferenceNode
    ) {
        if endpoints.isEmpty { return }
        let ready = endpoints.filter(\.isReady)
        // Up to 1.25, endpoints that terminate get nothing.
        let terminating = node.version.isUpTo(25) ? [] : endpoints.filter(\.isServingTerminating)
        var choosesByHints = false
        var usesTerminatingLocals = false
        if usesCluster {
            let isHinted = asksForHints ? Self.hintFilter(ready, node: node) : nil
            choosesByHints = isHinted != nil
            cluster = ready.filter(isHinted ?? { _ in true })
            if cluster.isEmpty { cluster = terminating }
            hasAny = !cluster.isEmpty
        }
        if usesLocal {
            hasAny = hasAny || !ready.isEmpty || !terminating.isEmpty
            local = ready.filter(\.isLocal)
            if local.isEmpty {
                local = terminating.filter(\.isLocal)
                usesTerminatingLocals = !local.isEmpty
            }
        }
        if !usesLocal {
            reached = cluster
        } else if !usesCluster {
            reached = local
        } else if !choosesByHints && !usesTerminatingLocals {
            reached = cluster
        } else {
            let used = Set((cluster + local).map(\.text))
            reached = endpoints.filter { used.contains($0.text) }
        }
    }

    /// Tells which of the ready endpoints are hinted for the node or its zone; nil if hints do not count.
    private static func hintFilter(
        _ ready: [ReferenceEndpoint], node: ReferenceNode
    ) -> ((ReferenceEndpoint) -> Bool)? {
        let isHintedForNode = { (endpoint: ReferenceEndpoint) in endpoint.nodeHints.contains(node.name) }
        let countsNodeHints = !node.version.isUpTo(33)
        if countsNodeHints, ready.allSatisfy({ !$0.nodeHints.isEmpty }), ready.contains(where: isHintedForNode) {
            return isHintedForNode
        }
        if node.version.isUpTo(32), node.zone.isEmpty { return nil }
        let isHintedForZone = { (endpoint: ReferenceEndpoint) in endpoint.zoneHints.contains(node.zone) }
        if ready.allSatisfy({ !$0.zoneHints.isEmpty }), ready.contains(where: isHintedForZone) {
            return isHintedForZone
        }
        return nil
    }
}
