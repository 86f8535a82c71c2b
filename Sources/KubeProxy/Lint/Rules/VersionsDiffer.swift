internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let versionsDiffer = LintRule(
        name: "versions-differ", severity: .warning,
        explanation:
            "The nodes run several versions of kube-proxy which make different rules of a Service: other addresses, source "
            + "ranges, policies, hints or endpoints. A client's connection fares differently from node to node.",
        remedy: "finish the upgrade of the nodes, or change the Service so that both versions treat it alike"
    ) { subject, report in
        guard subject.coversCluster else { return }
        let groups = VersionGroup.all(subject)
        guard groups.count > 1 else { return }
        for pair in zip(groups, groups.dropFirst()) {
            for name in Set(pair.0.ports.keys).union(pair.1.ports.keys).sorted() {
                let (older, newer) = (pair.0.ports[name], pair.1.ports[name])
                guard let facts = older ?? newer, let difference = VersionGroup.difference(older, newer) else {
                    continue
                }
                let nodes = pair.0.nodes.count <= pair.1.nodes.count ? pair.0 : pair.1
                report.add(
                    .service(facts.service),
                    "kube-proxy \(pair.0.release) and \(pair.1.release) differ about \(name.port.map { "port \($0)" } ?? "its port")"
                        + "/\(name.transport.name): \(difference); "
                        + "\(listed(Array(nodes.nodes.prefix(LintSubject.exampleLimit)), of: nodes.nodes.count)) "
                        + "\(nodes.nodes.count == 1 ? "runs" : "run") \(nodes.release)")
            }
        }
    }
}

/// The nodes of one version, or of several that do the same, and what it makes of the Services.
private struct VersionGroup {
    /// What a version makes of a Service port, as far as it does not depend on the node.
    struct Facts: Hashable {
        /// The Service's index.
        let service: Int
        let externalIPs: [IPAddress]
        let loadBalancerIPs: [IPAddress]
        let sourceRanges: [IPPrefix]
        let externalPolicyIsLocal: Bool
        let hints: UInt8
        let endpoints: [String]
    }

    /// `1.N` of the oldest.
    let release: String
    let nodes: [String]
    let ports: [ServicePortName: Facts]

    /// The groups of the nodes to check, the oldest version first.
    static func all(_ subject: LintSubject) -> [VersionGroup] {
        var nodes: [ProxyBehaviors: (version: ProxyVersion, names: [String])] = [:]
        for node in subject.nodes {
            let version = VersionChoice(subject.plan.settings, node).version
            let behaviors = version.behaviors(in: subject.plan.settings.mode)
            let known = nodes[behaviors]
            nodes[behaviors] = (
                min(known?.version ?? version, version), (known?.names ?? []) + [node.name.text]
            )
        }
        guard nodes.count > 1 else { return [] }
        return nodes.values.sorted { $0.version < $1.version }.map { group in
            VersionGroup(subject, group.version, group.names)
        }
    }

    private init(_ subject: LintSubject, _ version: ProxyVersion, _ nodes: [String]) {
        release = version.knownRelease
        self.nodes = nodes
        var settings = subject.plan.settings
        settings.version = version
        let tables = ClusterPlan(subject.snapshot, settings).tables
        let terminatingToo = version.behaviors.contains(.terminatingEndpoints)
        var ports: [ServicePortName: Facts] = [:]
        for (index, port) in tables.ports.enumerated() {
            let endpoints = tables.endpoints[tables.endpoints(of: index)]
            ports[port.name] = Facts(
                service: port.serviceIndex, externalIPs: port.externalIPs, loadBalancerIPs: port.loadBalancerIPs,
                sourceRanges: port.sourceRanges, externalPolicyIsLocal: port.externalPolicyIsLocal,
                hints: port.hintCoverage.rawValue,
                endpoints: endpoints.filter { $0.conditions.couldTakeTraffic(terminatingToo) }.map(\.text.description))
        }
        self.ports = ports
    }

    /// What two versions differ about; nil: nothing.
    static func difference(_ older: Facts?, _ newer: Facts?) -> String? {
        guard let older, let newer else { return older == newer ? nil : "only one of them reads the Service" }
        if older.externalIPs != newer.externalIPs { return "the external IPs that have rules" }
        if older.loadBalancerIPs != newer.loadBalancerIPs { return "the load balancer's IPs that have rules" }
        if older.sourceRanges != newer.sourceRanges { return "the source ranges" }
        if older.externalPolicyIsLocal != newer.externalPolicyIsLocal { return "externalTrafficPolicy Local" }
        if older.endpoints != newer.endpoints { return "the endpoints" }
        return older.hints == newer.hints ? nil : "the topology hints"
    }
}
