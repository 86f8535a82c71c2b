internal import KubeObjects

extension LintRule {
    static let otherProxy = LintRule(
        name: "other-proxy", severity: .info,
        explanation:
            "The label service.kubernetes.io/service-proxy-name assigns a Service to another proxy. kube-proxy writes no rules "
            + "for it: without that proxy its addresses do not answer.",
        remedy: "remove the label if no such proxy runs on the nodes"
    ) { subject, report in
        for skipped in subject.plan.skippedServices where skipped.reason == .otherProxy {
            report.add(
                .service(skipped.serviceIndex),
                "kube-proxy has no rules for it: the label service.kubernetes.io/service-proxy-name leaves it to another proxy"
            )
        }
    }
}
