internal import KubeObjects

extension LintRule {
    static let hintsMissing = LintRule(
        name: "hints-missing", severity: .warning,
        explanation:
            "A Service asks for traffic to stay in the zone or on the node, by the annotation "
            + "service.kubernetes.io/topology-mode: Auto, the older topology-aware-hints, or by trafficDistribution, but none "
            + "of its endpoints has a hint: traffic goes to the endpoints of all nodes. For the annotations the control plane "
            + "leaves hints out where there are too few endpoints, or where a Node lacks its zone or allocatable CPU "
            + "(kubernetes/kubernetes#119990); trafficDistribution needs a control plane that knows the value. Only "
            + "information where no Node has a zone.",
        remedy:
            "look at the Service's events and at kube-controller-manager's log for TopologyAwareHints; for trafficDistribution "
            + "at the control plane's version (PreferClose 1.31, PreferSameZone and PreferSameNode 1.34)"
    ) { subject, report in
        let nodes = subject.snapshot.nodes
        let zones = Set(nodes.lazy.map(\.zone)).subtracting([""])
        guard nodes.count > 1, zones.count != 1 else { return }
        for port in subject.plan.servicePorts where port.usesClusterPolicy {
            let service = subject.service(port)
            guard let request = service.hintRequest else { continue }
            let hints = HintSummary(port, subject)
            guard hints.ready > 1, hints.hinted == 0 else { continue }
            if service.trafficDistribution == "PreferSameNode" {
                report.add(
                    .port(port),
                    "\(request) asks for traffic to stay on the node, but no endpoint has a hint; it goes to all nodes")
            } else if zones.isEmpty {
                report.add(
                    .port(port),
                    "\(request) asks for traffic to stay in the zone, but no Node has the label topology.kubernetes.io/zone; "
                        + "it goes to all nodes", .info)
            } else {
                report.add(
                    .port(port),
                    "\(request) asks for traffic to stay in the zone, but no endpoint has a hint; it goes to all zones")
            }
        }
    }
}

extension Service {
    /// What asks for topology hints; nil: nothing.
    fileprivate var hintRequest: String? {
        if let mode = topologyMode, mode == "Auto" || mode == "auto" {
            return "service.kubernetes.io/topology-mode: \(mode)"
        }
        if topologyMode == nil, let hints = topologyAwareHints, hints == "Auto" || hints == "auto" {
            return "service.kubernetes.io/topology-aware-hints: \(hints)"
        }
        guard let trafficDistribution, trafficDistribution.hasPrefix("Prefer") else { return nil }
        return "trafficDistribution: \(trafficDistribution)"
    }
}
