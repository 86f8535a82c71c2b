internal import KubeObjects

extension LintRule {
    static let hintsNeedAnnotation = LintRule(
        name: "hints-need-annotation", severity: .warning,
        explanation:
            "kube-proxy up to 1.30 follows the hints of endpoints only if an annotation of the Service asks for it: "
            + "service.kubernetes.io/topology-aware-hints or, since 1.27, service.kubernetes.io/topology-mode. The "
            + "field trafficDistribution alone is not enough.",
        remedy: "annotate the Service with service.kubernetes.io/topology-aware-hints: Auto, or run kube-proxy 1.31"
    ) { subject, report in
        guard subject.plan.behaviors.contains(.hintsNeedAnnotation) else { return }
        for port in subject.plan.servicePorts where port.usesClusterPolicy && port.countedHints.isEmpty {
            let hints = HintSummary(port, subject)
            guard hints.hinted > 0 else { continue }
            let version = subject.plan.version.version
            let value = subject.service(port).topologyAwareHints ?? subject.service(port).topologyMode
            report.add(
                .port(port),
                value == nil
                    ? "its endpoints have hints, but kube-proxy \(version) ignores them, since the Service has no annotation "
                        + "for it"
                    : "its endpoints have hints, but kube-proxy \(version) ignores them with the annotation "
                        + "'\((value ?? ""))'")
        }
    }
}
