internal import KubeObjects

extension LintRule {
    static let hintsMissing = LintRule(
        name: "hints-missing", severity: .warning,
        explanation:
            "A Service asks for traffic to stay in the zone, by the annotation service.kubernetes.io/topology-mode: Auto, the "
            + "older topology-aware-hints, or by trafficDistribution, but none of its endpoints has a hint: traffic goes "
            + "to the endpoints of all zones. The control plane leaves hints out where there are too few endpoints, or where a "
            + "Node lacks its zone or allocatable CPU (kubernetes/kubernetes#119990).",
        remedy: "look at the Service's events and at kube-controller-manager's log for TopologyAwareHints"
    ) { subject, report in
        guard subject.zones.count > 1 else { return }
        for port in subject.plan.servicePorts where port.usesClusterPolicy {
            let service = subject.service(port)
            guard let request = service.hintRequest else { continue }
            let hints = HintSummary(port, subject)
            guard hints.ready > 1, hints.hinted == 0 else { continue }
            report.add(
                .port(port),
                "\(request) asks for traffic to stay in the zone, but no endpoint has a hint; it goes to all zones")
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
