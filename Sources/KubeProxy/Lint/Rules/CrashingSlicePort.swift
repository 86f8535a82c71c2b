internal import KubeObjects

extension LintRule {
    static let crashingSlicePort = LintRule(
        name: "crashing-slice-port", severity: .error,
        explanation:
            "kube-proxy up to 1.30 sorts the ports of an EndpointSlice, and crashes on one without a number if there are "
            + "several. It starts again and crashes again: no node gets new rules.",
        remedy: "give every port of the slice a number, or leave the port out"
    ) { subject, report in
        guard subject.plan.behaviors.contains(.endpointsSortedInSlice) else { return }
        let family = subject.plan.settings.family
        for slice in subject.snapshot.endpointSlices where slice.isConsidered && slice.family == family {
            guard slice.origin == .endpointSlice, slice.ports.count > 1, slice.ports.contains(where: { $0.port == 0 })
            else { continue }
            report.add(
                .slice(slice),
                "one of its \(slice.ports.count) ports has no number, on which kube-proxy "
                    + "\(subject.plan.version.version) crashes")
        }
    }
}
