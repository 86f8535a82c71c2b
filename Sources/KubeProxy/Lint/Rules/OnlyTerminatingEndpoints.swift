internal import KubeChainsBytes
internal import KubeObjects

extension LintRule {
    static let onlyTerminatingEndpoints = LintRule(
        name: "only-terminating-endpoints", severity: .warning,
        explanation:
            "No endpoint of a Service port is ready, so kube-proxy sends new connections to those that are terminating and "
            + "still serving. They will be gone soon.",
        remedy: "look at why no new pod becomes ready"
    ) { subject, report in
        for port in subject.plan.servicePorts {
            let candidates = port.endpoints.filter { $0.couldTakeTraffic(subject.plan.behaviors) }
            guard !candidates.isEmpty, candidates.allSatisfy({ !$0.conditions.contains(.ready) }) else { continue }
            report.add(
                .port(port),
                "no endpoint is ready; new connections go to \(counted(candidates.count, "terminating endpoint"))")
        }
    }
}
