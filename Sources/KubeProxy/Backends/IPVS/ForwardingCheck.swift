internal import KubeChainsJSON
internal import KubeObjects
internal import NetAddress

extension IPVSPlan {
    /// How many Services a message names.
    private static let namedServices = 10

    /// Gatewaying and tunneling do not rewrite packets, so an endpoint gets them on the virtual server's own port.
    /// Endpoints count in every condition: a text that works now, but not once another endpoint becomes ready, would be
    /// a trap.
    func checkPorts() throws(SnapshotError) {
        let snapshot = plan.snapshot
        var first: (port: ServicePortPlan, asked: String, endpoint: PlannedEndpoint)?
        var others: [String] = []
        for port in plan.servicePorts {
            guard let (asked, endpoint) = mismatch(of: port) else { continue }
            guard let known = first else {
                first = (port, asked, endpoint)
                continue
            }
            let name = snapshot.services[port.serviceIndex].qualifiedName
            if port.serviceIndex != known.port.serviceIndex, others.last != name { others.append(name) }
        }
        guard let first else { return }
        let service = snapshot.services[first.port.serviceIndex]
        let named = others.prefix(IPVSPlan.namedServices).joined(separator: ", ")
        let more = others.count > IPVSPlan.namedServices ? ", … (\(others.count) in all)" : ""
        throw snapshot.error(
            "\(service.qualifiedName): \(plan.settings.ipvs.forwarding) does not translate ports, but \(first.asked) leads "
                + "to \(first.endpoint.text); let the endpoints listen on the same port, or use masquerading"
                + (others.isEmpty ? "" : "; other Services that it cannot serve: \(named)\(more)"),
            at: service.location)
    }

    /// The frontend of a Service port whose port differs from an endpoint's; nil: none.
    private func mismatch(of port: ServicePortPlan) -> (asked: String, endpoint: PlannedEndpoint)? {
        if let endpoint = port.endpoints.first(where: { $0.port != port.port }) {
            return ("port \(port.port)", endpoint)
        }
        guard port.nodePort > 0, !nodeIPs.isEmpty else { return nil }
        return port.endpoints.first { $0.port != port.nodePort }.map { ("node port \(port.nodePort)", $0) }
    }
}
