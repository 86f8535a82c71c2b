internal import KubeObjects

extension LintRule {
    static let sliceWithoutService = LintRule(
        name: "slice-without-service", severity: .warning,
        explanation:
            "An EndpointSlice names a Service that is not in the snapshot. kube-proxy ignores it: either the label "
            + "kubernetes.io/service-name is wrong, or the slice was left behind.",
        remedy: "correct the label kubernetes.io/service-name, or delete the slice"
    ) { subject, report in
        // A snapshot without any Service is not that of a cluster.
        guard !subject.snapshot.services.isEmpty else { return }
        let services = Set(subject.snapshot.services.map(\.qualifiedName))
        for slice in subject.snapshot.endpointSlices {
            guard let service = slice.serviceName, !slice.isHeadless,
                !services.contains("\(slice.namespace)/\(service)")
            else { continue }
            report.add(.slice(slice), "its Service \(slice.namespace)/\(service) does not exist; it has no effect")
        }
    }
}
