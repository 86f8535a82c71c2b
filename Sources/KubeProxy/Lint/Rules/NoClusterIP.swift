internal import KubeObjects

extension LintRule {
    static let noClusterIP = LintRule(
        name: "no-cluster-ip", severity: .warning,
        explanation:
            "A Service has no clusterIP at all, which the API server always sets: this is a manifest, not an object of the "
            + "API. kube-proxy would have no rules for it, so none are rendered.",
        remedy: "take the Services from the cluster: kubectl get services,endpointslices,nodes -A -o json"
    ) { subject, report in
        for skipped in subject.plan.skippedServices where skipped.reason == .headless {
            let service = subject.snapshot.services[skipped.serviceIndex]
            guard service.clusterIP == .absent, service.type != .externalName else { continue }
            report.add(
                .service(skipped.serviceIndex),
                "it has no clusterIP: it comes from a manifest, not from the API, and is left out of the rules")
        }
    }
}
