internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let portWithoutSlice = LintRule(
        name: "port-without-slice", severity: .error,
        explanation:
            "The Service has endpoints, but no EndpointSlice of its carries a port with this Service port's name and "
            + "protocol. kube-proxy matches by these two only, never by targetPort, and refuses the connections. The "
            + "usual cause is a named targetPort that no container has.",
        remedy: "compare the Service's ports and targetPorts with the names of the containers' ports"
    ) { subject, report in
        var serviceIndex = -1
        var carried: Set<String> = []
        var sorted: [String] = []
        for port in subject.plan.servicePorts where port.endpoints.isEmpty {
            let service = subject.service(port)
            guard subject.endpointCount(of: service) > 0 else { continue }
            if port.serviceIndex != serviceIndex {
                serviceIndex = port.serviceIndex
                carried = Set(subject.slices(of: service).flatMap { $0.ports.compactMap(\.carriedName) })
                sorted = carried.sorted()
            }
            let wanted = "\(port.name.port?.text ?? "\"\"")/\(port.name.transport.kubernetesName)"
            report.add(
                .port(port),
                carried.contains(wanted)
                    ? "only EndpointSlices without endpoints carry the port \(wanted); connections are refused"
                    : "no EndpointSlice carries the port \(wanted); "
                        + (sorted.isEmpty
                            ? "they carry none"
                            : "there is \(listed(Array(sorted.prefix(LintSubject.exampleLimit)), of: sorted.count))")
                        + "; connections are refused")
        }
    }
}

extension EndpointPort {
    /// The port for a message; nil if it has no number, so that kube-proxy skips it.
    fileprivate var carriedName: String? {
        guard port > 0 else { return nil }
        switch name {
        case .empty: return "\"\"/\(transport.kubernetesName)"
        case .label(let label): return "\(label)/\(transport.kubernetesName)"
        }
    }
}
