internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress

/// Explains the share of each endpoint of a Service port, and why other endpoints of the Service are not used.
struct EndpointReasons {
    private let mode: any ExplainedMode
    private let slices: [EndpointSlice]
    /// The positions of the Service's slices, of all families.
    private let own: [Int]
    /// How many of their endpoints have an address.
    private let count: Int
    /// What the snapshot has for the Service that is no endpoint to kube-proxy: sentences.
    let unread: [String]

    /// How many endpoints that do not belong to a Service port are listed with it: a Service with a slice for each port would
    /// have as many for each as there are ports.
    private static let listedAtMost = 100

    /// - Parameters:
    ///   - service: the position of the Service among the snapshot's.
    ///   - own: the positions of the Service's slices among the snapshot's.
    init(_ mode: any ExplainedMode, _ service: Int, _ own: [Int]) {
        self.mode = mode
        let snapshot = mode.plan.snapshot
        slices = snapshot.endpointSlices
        self.own = own
        count = own.reduce(0) { $0 + snapshot.endpointSlices[$1].endpoints.count { $0.address != nil } }
        unread = EndpointReasons.unread(snapshot.services[service], own, snapshot)
    }

    private var plan: NodePlan { mode.plan }

    /// Whether any endpoint of the Service port has topology hints.
    func hasHints(_ port: ServicePortPlan) -> Bool { port.endpoints.contains { object($0.source).hints != nil } }

    /// All endpoints of the Service port in the plan's order, then those of the Service that are not in the plan, as far as they
    /// are listed.
    ///
    /// - Parameter target: the endpoint to explain; without a port all endpoints of the address.
    /// - Returns: the endpoints, and how many more there are that do not belong to the Service port.
    func endpoints(
        of port: ServicePortPlan, _ target: (address: IPAddress, port: UInt16?)?
    ) -> (listed: [ExplainedEndpoint], others: Int) {
        func isTarget(_ address: IPAddress, _ number: UInt16?) -> Bool {
            guard let target else { return false }
            return target.address == address && (target.port == nil || target.port == number)
        }
        var known: Set<EndpointSource> = []
        var result: [ExplainedEndpoint] = []
        let fallsBack = port.usesLocalPolicy && mode.policy(serving: .local, of: port) == .cluster
        for endpoint in port.endpoints {
            known.insert(endpoint.source)
            let object = object(endpoint.source)
            let clusterOneIn = endpoint.clusterUse.isUsed ? port.clusterCount : nil
            let localOneIn = endpoint.localUse.isUsed ? port.localCount : nil
            result.append(
                ExplainedEndpoint(
                    address: endpoint.address, port: endpoint.port, chain: mode.chain(of: endpoint),
                    node: object.nodeName, zone: object.zone, clusterOneIn: clusterOneIn,
                    localOneIn: fallsBack ? clusterOneIn : localOneIn, reason: reason(endpoint, port),
                    isTarget: isTarget(endpoint.address, endpoint.port)))
        }
        for source in port.duplicates {
            known.insert(source)
            let rule =
                plan.behaviors.contains(.localDuplicateWins)
                ? ", the one on this node, or else the first (before kube-proxy 1.36)" : ""
            let reason =
                "a duplicate in slice \(slices[Int(source.slice)].name): another entry with this address counts\(rule)"
            if let endpoint = leftOut(source, port, reason, isTarget) { result.append(endpoint) }
        }
        let others = count - known.count
        let limit = min(others, EndpointReasons.listedAtMost)
        var listed = 0
        for slice in own {
            guard listed < limit else { break }
            for index in slices[slice].endpoints.indices where listed < limit {
                let source = EndpointSource(slice: Int32(slice), endpoint: Int32(index))
                guard !known.contains(source) else { continue }
                if let endpoint = leftOut(source, port, reason(slices[slice], port), isTarget) {
                    result.append(endpoint)
                    listed += 1
                }
            }
        }
        return (result, others - listed)
    }

    private static func unread(_ service: Service, _ own: [Int], _ snapshot: ClusterSnapshot) -> [String] {
        let slices = snapshot.endpointSlices
        var result: [String] = []
        for position in own {
            let slice = slices[position]
            let count = slice.endpoints.count { $0.address == nil }
            guard count > 0 else { continue }
            let what = "\(count) \(count == 1 ? "endpoint" : "endpoints") of slice \(slice.name)"
            result.append(
                slice.family == nil
                    ? "\(what): its addressType is neither IPv4 nor IPv6, and kube-proxy does not read it"
                    : "\(what) without an address of the slice's family")
        }
        for object in snapshot.unreadEndpoints
        where object.namespace == service.namespace && object.name == service.name {
            let addresses = object.addresses.prefix(8).map(\.description).joined(separator: ", ")
            result.append(
                "\(addresses)\(object.addresses.count > 8 ? ", …" : "") of the Endpoints object: kube-proxy reads "
                    + "EndpointSlices only, and "
                    + (object.hasSlice ? "none has " + (object.addresses.count == 1 ? "it" : "them") : "there is none"))
        }
        return result
    }

    private func object(_ source: EndpointSource) -> Endpoint {
        slices[Int(source.slice)].endpoints[Int(source.endpoint)]
    }

    private func leftOut(
        _ source: EndpointSource, _ port: ServicePortPlan, _ reason: String,
        _ isTarget: (IPAddress, UInt16?) -> Bool
    ) -> ExplainedEndpoint? {
        let object = object(source)
        guard let address = object.address else { return nil }
        let number = slices[Int(source.slice)].ports.first { port.name.takes($0) }?.port
        return ExplainedEndpoint(
            address: address, port: number, chain: nil, node: object.nodeName, zone: object.zone, clusterOneIn: nil,
            localOneIn: nil, reason: reason, isTarget: isTarget(address, number))
    }

    // MARK: Reasons

    /// Why the endpoints of a slice do not belong to the Service port.
    private func reason(_ slice: EndpointSlice, _ port: ServicePortPlan) -> String {
        if slice.isHeadless { return "slice \(slice.name) carries the label service.kubernetes.io/headless" }
        if slice.hasProxyName, plan.behaviors.contains(.sharedLabelSelector) {
            return "slice \(slice.name) carries the label service.kubernetes.io/service-proxy-name, with which "
                + "kube-proxy up to 1.35 skips it"
        }
        guard let family = slice.family else { return "slice \(slice.name) has neither IPv4 nor IPv6 addresses" }
        guard family == plan.settings.family else { return "of the other family, \(family.name): see --family" }
        let name = port.name.port.map { "named \($0)" } ?? "without a name"
        return "slice \(slice.name) has no \(port.name.transport.kubernetesName) port \(name)"
    }

    private func reason(_ endpoint: PlannedEndpoint, _ port: ServicePortPlan) -> String {
        let object = object(endpoint.source)
        let cluster = phrase(endpoint.clusterUse, object, port)
        let local = phrase(endpoint.localUse, object, port)
        switch (endpoint.clusterUse, endpoint.localUse) {
        case (.notAsked, _): return local
        case (_, .notAsked): return cluster
        default: return cluster == local ? cluster : "cluster policy: \(cluster); local policy: \(local)"
        }
    }

    private func phrase(_ use: EndpointUse, _ object: Endpoint, _ port: ServicePortPlan) -> String {
        let here = plan.node.name.map { "this node is \($0)" } ?? "this node has no name"
        switch use {
        case .notAsked: return "not asked for"
        case .used: return "ready"
        case .usedWhileTerminating: return "terminating, but still serving, and no endpoint is ready"
        case .notReady:
            return object.conditions.contains(.terminating) ? "terminating, and not serving any more" : "not ready"
        case .terminating: return "terminating, while others are ready"
        case .terminatingUnused: return "terminating, which kube-proxy \(plan.version.version.release) does not use"
        case .hintedForOtherNodes: return "hinted for \(list(object.hints?.nodes ?? [], "node")); \(here)"
        case .hintedForOtherZones:
            return "hinted for \(list(object.hints?.zones ?? [], "zone")); this node is in \(plan.node.zone)"
        case .onOtherNode:
            return object.nodeName.map { "on node \($0); \(here)" } ?? "on no node that its slice names; \(here)"
        }
    }

    private func list(_ names: [String], _ word: String) -> String {
        if names.isEmpty { return "no \(word)" }
        return "\(plural(word, names.count)) \(names.joined(separator: ", "))"
    }
}

/// The reasons of a Service, which its ports share.
struct EndpointReasonsByService {
    private let mode: any ExplainedMode
    private let slices: [Int: [Int]]
    private var last: (service: Int, reasons: EndpointReasons)?

    /// - Parameter slices: the positions of the slices of each Service that is asked for.
    init(_ mode: any ExplainedMode, _ slices: [Int: [Int]]) {
        self.mode = mode
        self.slices = slices
    }

    /// Those of the Service of a port. The ports of a Service follow each other.
    mutating func reasons(for port: ServicePortPlan) -> EndpointReasons {
        if let last, last.service == port.serviceIndex { return last.reasons }
        let reasons = EndpointReasons(mode, port.serviceIndex, slices[port.serviceIndex] ?? [])
        last = (port.serviceIndex, reasons)
        return reasons
    }
}
