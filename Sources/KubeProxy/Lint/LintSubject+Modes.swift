internal import KubeObjects

extension LintSubject {
    /// The difference from iptables mode for clients of a Service port, as a sentence; nil: none on any of the nodes.
    func difference(_ kind: ModeDifference.Kind, of port: ServicePortPlan) -> String? {
        guard let modes else { return nil }
        for (site, nodes) in sites(of: port, modes) {
            guard let found = modes.difference(kind, of: port, at: site) else { continue }
            let place = kind.dependsOnNode ? nodes.map { "; so on \($0)" } ?? "" : ""
            return "\(found.who): in IPVS mode \(found.ipvs); in iptables mode \(found.iptables)\(place)"
        }
        return nil
    }

    /// The kinds of nodes, those without an endpoint first, with their names unless it is all nodes.
    private func sites(
        of port: ServicePortPlan, _ modes: ModeComparison
    ) -> [(site: ModeComparison.Site, nodes: String?)] {
        guard coversCluster else {
            return members.isEmpty
                ? [(ModeComparison.Site(hasLocalEndpoint: true, hasOtherEndpoints: false), nil)]
                : [(modes.site(of: port), nil)]
        }
        let names = Set(port.endpoints.filter { $0.couldTakeTraffic(plan.behaviors) }.map { endpoint($0).nodeName })
        let without = nodesWithoutEndpoint(of: port)
        var sites: [(site: ModeComparison.Site, nodes: String?)] = []
        if let without {
            sites.append((ModeComparison.Site(hasLocalEndpoint: false, hasOtherEndpoints: true), without.text))
        }
        if without?.areAll != true {
            sites.append((ModeComparison.Site(hasLocalEndpoint: true, hasOtherEndpoints: names.count > 1), nil))
        }
        return sites
    }
}

extension ModeDifference.Kind {
    /// Whether it depends on which nodes have endpoints.
    fileprivate var dependsOnNode: Bool {
        switch self {
        case .internalFallback, .internalRefusal, .externalFallback, .podFallback, .ownSource: true
        default: false
        }
    }
}

extension LintRule {
    /// The subject of a finding, so that it is reported once.
    enum Scope {
        case port, service, cluster
    }

    /// A rule about what changes when a cluster leaves IPVS mode.
    ///
    /// - Parameter isWanted: the Service ports for which it is reported.
    init(
        leavingIPVS name: String, _ severity: FindingSeverity, _ kinds: [ModeDifference.Kind], of scope: Scope,
        explanation: String, remedy: String,
        where isWanted: @escaping @Sendable (LintSubject, ServicePortPlan) -> Bool = { _, _ in true }
    ) {
        self.init(name: name, severity: severity, modes: [.ipvs], explanation: explanation, remedy: remedy) {
            subject, report in
            for kind in kinds {
                var reported: Set<String> = []
                var service = -1
                for port in subject.plan.servicePorts where isWanted(subject, port) {
                    // A Service's ports follow each other.
                    if scope == .service, port.serviceIndex == service { continue }
                    guard let message = subject.difference(kind, of: port) else { continue }
                    switch scope {
                    case .port: report.add(.port(port), message)
                    case .service: report.add(.service(port.serviceIndex), message)
                    case .cluster: if reported.insert(message).inserted { report.add(.cluster, message) }
                    }
                    service = port.serviceIndex
                }
            }
        }
    }
}
