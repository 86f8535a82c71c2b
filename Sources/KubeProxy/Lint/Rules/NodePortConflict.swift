internal import KubeChainsBytes
internal import NetAddress

extension LintRule {
    static let nodePortConflict = LintRule(
        name: "node-port-conflict", severity: .error,
        explanation:
            "Two Service ports have the same node port and protocol, or one's health-check node port is another Service's "
            + "TCP node port. kube-proxy writes rules for both in an order that may change with every sync, and the "
            + "first takes all connections, in nftables and IPVS mode the last.",
        remedy: "give one of them another node port"
    ) { subject, report in
        let plans = subject.plan.servicePorts
        // An owner is a Service port's index; those of health checks are negative, with all bits inverted.
        var owners: [String: [Int]] = [:]
        func nodePort(_ port: ServicePortPlan) -> String { "\(port.name.transport.kubernetesName)/\(port.nodePort)" }
        for (index, port) in plans.enumerated() where port.nodePort > 0 {
            owners[nodePort(port), default: []].append(index)
        }
        // A Service has one health check, whatever the number of its ports.
        for (index, port) in plans.enumerated() where port.healthCheckNodePort > 0 {
            let key = "TCP/\(port.healthCheckNodePort)"
            let last = owners[key]?.last ?? 0
            if last < 0, plans[~last].serviceIndex == port.serviceIndex { continue }
            owners[key, default: []].append(~index)
        }
        for key in owners.keys.sorted() {
            guard let owners = owners[key], owners.count > 1 else { continue }
            let names = owners.dropFirst().prefix(LintSubject.exampleLimit).map { owner in
                owner < 0 ? "the health check of \(plans[~owner].name)" : plans[owner].name.description
            }
            let first = plans[owners[0] < 0 ? ~owners[0] : owners[0]]
            report.add(
                .port(first),
                "the \(owners[0] < 0 ? "health-check node port" : "node port") \(key) is also that of "
                    + "\(listed(names, of: owners.count - 1)); all connections go to one of them")
        }
    }
}
