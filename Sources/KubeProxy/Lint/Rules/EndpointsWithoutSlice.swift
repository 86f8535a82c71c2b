internal import KubeObjects

extension LintRule {
    static let endpointsWithoutSlice = LintRule(
        name: "endpoints-without-slice", severity: .error,
        explanation:
            "An Endpoints object has addresses, but its Service has no EndpointSlice. kube-proxy reads EndpointSlices only, so "
            + "it refuses connections. The control plane writes slices for such an Endpoints object unless the Service "
            + "selects pods or the label endpointslice.kubernetes.io/skip-mirror is set (kubernetes/kubernetes#93157).",
        remedy:
            "write an EndpointSlice with the label kubernetes.io/service-name, or remove what keeps the control plane from "
            + "doing it"
    ) { subject, report in
        let snapshot = subject.snapshot
        for endpoints in snapshot.unreadEndpoints where !endpoints.hasSlice {
            let index = snapshot.services.firstIndex(notBefore: endpoints.namespace, endpoints.name)
            var reason = "the control plane has not written one: look for endpointslicemirroring in its log"
            if endpoints.skipsMirror {
                reason = "the label endpointslice.kubernetes.io/skip-mirror keeps the control plane from writing one"
            } else if index < snapshot.services.count, snapshot.services[index].namespace == endpoints.namespace,
                snapshot.services[index].name == endpoints.name
            {
                guard snapshot.services[index].skipReason == nil else { continue }
                if snapshot.services[index].hasSelector {
                    reason =
                        "the control plane writes none for a Service with a selector: only for pods that it selects"
                }
            } else {
                continue
            }
            report.add(
                .endpoints(endpoints),
                "it has no EndpointSlice; kube-proxy does not read it and refuses connections; \(reason)")
        }
    }
}
