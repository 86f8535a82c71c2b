internal import KubeObjects

extension LintRule {
    static let noEndpoints = LintRule(
        name: "no-endpoints", severity: .warning,
        explanation:
            "A Service port has no endpoint that is ready or, where none is, at least serving and terminating. kube-proxy "
            + "refuses its connections with an ICMP error, but not those of the node itself to external and load-balancer "
            + "IPs, which leave the node as if there were no Service.",
        remedy: "look at the pods that the Service selects: whether there are any, and why they are not ready"
    ) { subject, report in
        // Without any slice the snapshot is at fault, which a warning says once.
        guard !subject.snapshot.endpointSlices.isEmpty else { return }
        let nodes = subject.nodesByAddress
        let explained = subject.explainedServices
        let isIPTables = !subject.plan.settings.mode.backend.refusesOwnTraffic && subject.modes == nil
        for port in subject.plan.servicePorts where !port.hasAnyEndpoint {
            // The refusal stands in INPUT and FORWARD, which what the node sends does not pass, unless to itself.
            let open = (port.externalIPs + port.loadBalancerIPs).first { nodes[$0] == nil }
            let end =
                "connections are refused"
                + (isIPTables
                    ? open.map { ", but not the node's own to \($0), which leave the node" } ?? "" : "")
            if !port.endpoints.isEmpty {
                let count = port.endpoints.count
                report.add(
                    .port(port),
                    count == 1
                        ? "its only endpoint is not ready; \(end)"
                        : "none of its \(count) endpoints is ready; \(end)")
                continue
            }
            // Endpoints of another port or family have rules of their own.
            let service = subject.service(port)
            guard subject.endpointCount(of: service) == 0,
                subject.endpointCount(of: service, ofOtherFamily: true) == 0, !explained.contains(service.qualifiedName)
            else { continue }
            report.add(
                .port(port),
                subject.slices(of: service).isEmpty
                    ? "the Service has no EndpointSlice; \(end)"
                    : "the Service has no endpoint; \(end)",
                remedy: service.hasSelector
                    ? nil
                    : "write an EndpointSlice for the Service: it has no selector, so the control plane writes none")
        }
    }
}

extension LintSubject {
    /// The Services of which another finding says why they have no endpoints: those that there are cannot be read.
    fileprivate var explainedServices: Set<String> {
        var names = Set(snapshot.unreadEndpoints.map { "\($0.namespace)/\($0.name)" })
        for slice in snapshot.endpointSlices where slice.family == nil && !slice.endpoints.isEmpty {
            if let service = slice.serviceName { names.insert("\(slice.namespace)/\(service)") }
        }
        for slice in unreadSlices {
            if let service = slice.serviceName { names.insert("\(slice.namespace)/\(service)") }
        }
        return names
    }
}
