internal import KubeSnapshot
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
        for port in subject.plan.servicePorts where port.endpoints.isEmpty {
            let service = subject.service(port)
            guard subject.endpointCount(of: service) > 0 else { continue }
            var carried: Set<String> = []
            for slice in subject.slices(of: service) {
                for slicePort in slice.ports where slicePort.port > 0 {
                    let transport = slicePort.transport.kubernetesName
                    switch slicePort.name {
                    case .absent: carried.insert("one without a name (passed over)")
                    case .empty: carried.insert("\"\"/\(transport)")
                    case .label(let name): carried.insert("\(name)/\(transport)")
                    }
                }
            }
            let wanted = "\(port.name.port?.text ?? "\"\"")/\(port.name.transport.kubernetesName)"
            let names = carried.sorted()
            report.add(
                .port(port),
                carried.contains(wanted)
                    ? "only EndpointSlices without endpoints carry the port \(wanted); connections are refused"
                    : "no EndpointSlice carries the port \(wanted); "
                        + (names.isEmpty
                            ? "they carry none"
                            : "there is \(listed(Array(names.prefix(LintSubject.exampleLimit)), of: names.count))")
                        + "; connections are refused")
        }
    }
}
