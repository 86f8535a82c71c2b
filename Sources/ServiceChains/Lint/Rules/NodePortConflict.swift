internal import NetAddress

extension LintRule {
    static let nodePortConflict = LintRule(
        name: "node-port-conflict", severity: .error,
        explanation:
            "Two Service ports have the same node port and protocol, or one's health-check node port is another Service's "
            + "TCP node port. kube-proxy writes rules for both in an order that may change with every sync, and the "
            + "first takes all connections.",
        remedy: "give one of them another node port"
    ) { subject, report in
        struct Entrance: Hashable {
            let port: UInt16
            let transport: TransportProtocol
        }
        struct Owner {
            let index: Int
            let isHealthCheck: Bool
        }
        let plans = subject.plan.servicePorts
        var owners: [Entrance: [Owner]] = [:]
        for (index, port) in plans.enumerated() where port.nodePort > 0 {
            let entrance = Entrance(port: port.nodePort, transport: port.name.transport)
            owners[entrance, default: []].append(Owner(index: index, isHealthCheck: false))
        }
        // A Service has one health check, whatever the number of its ports.
        for (index, port) in plans.enumerated() where port.healthCheckNodePort > 0 {
            let entrance = Entrance(port: port.healthCheckNodePort, transport: .tcp)
            if let last = owners[entrance]?.last, last.isHealthCheck,
                plans[last.index].serviceIndex == port.serviceIndex
            {
                continue
            }
            owners[entrance, default: []].append(Owner(index: index, isHealthCheck: true))
        }
        // In any order: findings are sorted in the end.
        for (entrance, owners) in owners where owners.count > 1 {
            let names = owners.dropFirst().prefix(LintSubject.exampleLimit).map { owner in
                (owner.isHealthCheck ? "the health check of " : "") + plans[owner.index].name.description
            }
            let role = owners[0].isHealthCheck ? "health-check node port" : "node port"
            report.add(
                .port(plans[owners[0].index]),
                "the \(entrance.transport.kubernetesName) \(role) \(entrance.port) is also that of "
                    + listed(names, of: owners.count - 1) + "; all connections go to one of them")
        }
    }
}
