internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let endpointsNotRead = LintRule(
        name: "endpoints-not-read", severity: .warning,
        explanation:
            "An Endpoints object has addresses that none of the Service's EndpointSlices has, as when somebody edited it. "
            + "kube-proxy reads EndpointSlices only: nothing is sent to these addresses (kubernetes/kubernetes#98066).",
        remedy:
            "edit the EndpointSlices, or remove the Service's selector so that the control plane mirrors the Endpoints"
    ) { subject, report in
        for endpoints in subject.snapshot.unreadEndpoints where endpoints.hasSlice {
            let names = endpoints.addresses.prefix(LintSubject.exampleLimit).map(\.description)
            report.add(
                .endpoints(endpoints),
                "kube-proxy does not read Endpoints, and no EndpointSlice of the Service has "
                    + listed(names, of: endpoints.addresses.count))
        }
    }
}
