internal import KubeChainsBytes
internal import KubeObjects

extension LintRule {
    static let sliceNotRead = LintRule(
        name: "slice-not-read", severity: .warning,
        explanation:
            "An EndpointSlice of a Service with a cluster IP carries the label service.kubernetes.io/headless, or up to "
            + "kube-proxy 1.35 service.kubernetes.io/service-proxy-name. kube-proxy does not read such slices, so that their "
            + "endpoints get no connections. The control plane sets the first on the slices of headless Services; it may "
            + "stay where the Service is not headless any more.",
        remedy: "remove the label from the slice, or delete the slice, so that the control plane writes it anew"
    ) { subject, report in
        for slice in subject.unreadSlices {
            let label = slice.isHeadless ? "headless" : "service-proxy-name"
            report.add(
                .slice(slice),
                "the label service.kubernetes.io/\(label) keeps kube-proxy from reading it; "
                    + (slice.endpoints.count == 1 ? "its endpoint gets" : "its \(slice.endpoints.count) endpoints get")
                    + " no connections")
        }
    }
}

extension LintSubject {
    /// The slices of the family with endpoints that a label keeps kube-proxy from reading, although it reads their Service.
    var unreadSlices: [EndpointSlice] {
        let skipsProxyNames = plan.behaviors.contains(.sharedLabelSelector)
        let planned = Set(plan.servicePorts.lazy.map(\.serviceIndex))
        return snapshot.endpointSlices.filter { slice in
            guard slice.isHeadless || skipsProxyNames && slice.hasProxyName, !slice.endpoints.isEmpty,
                slice.family == plan.settings.family, let service = slice.serviceName
            else { return false }
            let index = snapshot.services.firstIndex(notBefore: slice.namespace, service)
            return planned.contains(index) && snapshot.services[index].name == service
                && snapshot.services[index].namespace == slice.namespace
        }
    }
}
