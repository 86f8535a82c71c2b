internal import KubeChainsBytes
internal import KubeObjects

extension LintRule {
    static let sliceManagers = LintRule(
        name: "slice-managers", severity: .warning,
        explanation:
            "The EndpointSlices of a Service are written by several controllers, as the label "
            + "endpointslice.kubernetes.io/managed-by says. Mostly one of them has left its slices behind, such as those "
            + "mirrored from Endpoints before the Service had a selector: kube-proxy sends connections to their addresses all "
            + "the same (kubernetes/kubernetes#105987).",
        remedy: "delete the slices of the controller that does not look after the Service any more"
    ) { subject, report in
        for port in subject.firstPorts {
            let slices = subject.slices(of: subject.service(port)).filter { slice in
                slice.endpoints.contains { $0.address != nil }
            }
            let managers = Set(slices.compactMap(\.manager)).sorted()
            guard managers.count > 1 else { continue }
            let parts = managers.prefix(LintSubject.exampleLimit).map { manager in
                "\(manager) (\(slices.first { $0.manager == manager }?.name ?? ""))"
            }
            report.add(
                .service(port.serviceIndex),
                "its EndpointSlices are written by \(listed(Array(parts), of: managers.count)); one of them may be left over"
            )
        }
    }
}
