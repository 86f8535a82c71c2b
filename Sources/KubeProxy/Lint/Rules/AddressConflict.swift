internal import NetAddress

extension LintRule {
    static let addressConflict = LintRule(
        name: "address-conflict", severity: .error,
        explanation:
            "Two Service ports answer on the same address, port and protocol: as external IP, load-balancer IP or "
            + "cluster IP. kube-proxy writes rules for both in an order that may change with every sync, and the first "
            + "takes all connections, in IPVS mode the last.",
        remedy: "give one of them another address or port, or make one Service of both"
    ) { subject, report in
        let plans = subject.plan.servicePorts
        var owners: [String: [Int]] = [:]
        func entrances(_ port: ServicePortPlan) -> [String] {
            ([port.clusterIP] + port.externalIPs + port.loadBalancerIPs).map { address in
                "\(address) with \(port.name.transport.kubernetesName) port \(port.port)"
            }
        }
        for (index, port) in plans.enumerated() {
            // An address that a Service port has twice is not a conflict.
            for entrance in entrances(port) where owners[entrance]?.last != index {
                owners[entrance, default: []].append(index)
            }
        }
        for (index, port) in plans.enumerated() {
            for (position, entrance) in entrances(port).enumerated() {
                guard let indices = owners[entrance], indices.count > 1, indices[0] == index else { continue }
                // Reported once for an address that a Service port has twice.
                owners[entrance] = nil
                let others = indices.dropFirst().prefix(LintSubject.exampleLimit).map { plans[$0].name.description }
                report.add(
                    .port(port),
                    "the \(position == 0 ? "cluster IP" : "address") \(entrance) is also that of "
                        + "\(listed(others, of: indices.count - 1)); all connections go to one of them")
            }
        }
    }
}
