/// An endpoint of a service port, as read from the EndpointSlices.
struct ReferenceEndpoint {
    let ip: String
    /// `ip:port`, or `[ip]:port` for IPv6.
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
        text = address.family == .ipv4 ? "\(address.text):\(port)" : "[\(address.text)]:\(port)"
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
            guard slicePort.name == portName, (slicePort.protocolName ?? "TCP") == protocolName,
                let port = slicePort.port, port != 0
            else { continue }
            for endpoint in slice.endpoints.compactMap({ ReferenceEndpoint($0, port: port, node: node) })
            where stored[endpoint.text] == nil || !endpoint.isTerminating {
                stored[endpoint.text] = endpoint
            }
        }
    }
    return stored.values.sorted { bytesPrecede($0.text, $1.text) }
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

    init(_ endpoints: [ReferenceEndpoint], usesCluster: Bool, usesLocal: Bool, node: ReferenceNode) {
        if endpoints.isEmpty { return }
        let ready = endpoints.filter(\.isReady)
        var choosesByHints = false
        var usesTerminatingLocals = false
        if usesCluster {
            let isHinted = Self.hintFilter(ready, node: node)
            choosesByHints = isHinted != nil
            cluster = ready.filter(isHinted ?? { _ in true })
            if cluster.isEmpty { cluster = endpoints.filter(\.isServingTerminating) }
            hasAny = !cluster.isEmpty
        }
        if usesLocal {
            hasAny = hasAny || endpoints.contains { $0.isReady || $0.isServingTerminating }
            local = ready.filter(\.isLocal)
            if local.isEmpty {
                local = endpoints.filter { $0.isLocal && $0.isServingTerminating }
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
        if ready.allSatisfy({ !$0.nodeHints.isEmpty }), ready.contains(where: isHintedForNode) {
            return isHintedForNode
        }
        let isHintedForZone = { (endpoint: ReferenceEndpoint) in endpoint.zoneHints.contains(node.zone) }
        if ready.allSatisfy({ !$0.zoneHints.isEmpty }), ready.contains(where: isHintedForZone) {
            return isHintedForZone
        }
        return nil
    }
}
