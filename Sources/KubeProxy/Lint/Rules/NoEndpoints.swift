internal import KubeObjects

extension LintRule {
    static let noEndpoints = LintRule(
        name: "no-endpoints", severity: .warning,
        explanation:
            "A Service port has no endpoint that is ready or, where none is, at least serving and terminating. kube-proxy "
            + "refuses its connections with an ICMP error.",
        remedy: "look at the pods that the Service selects: whether there are any, and why they are not ready"
    ) { subject, report in
        // Without any slice the snapshot is at fault, which a warning says once.
        guard !subject.snapshot.endpointSlices.isEmpty else { return }
        for port in subject.plan.servicePorts where !port.hasAnyEndpoint {
            if !port.endpoints.isEmpty {
                let count = port.endpoints.count
                report.add(
                    .port(port),
                    count == 1
                        ? "its only endpoint is not ready; connections are refused"
                        : "none of its \(count) endpoints is ready; connections are refused")
                continue
            }
            // Endpoints of another port or family have rules of their own.
            let service = subject.service(port)
            guard subject.endpointCount(of: service) == 0,
                subject.endpointCount(of: service, ofOtherFamily: true) == 0
            else { continue }
            report.add(
                .port(port),
                subject.slices(of: service).isEmpty
                    ? "the Service has no EndpointSlice; connections are refused"
                    : "the Service has no endpoint; connections are refused")
        }
    }
}
