internal import NetAddress

extension LintRule {
    static let addressConflict = LintRule(
        name: "address-conflict", severity: .error,
        explanation:
            "Two Service ports answer on the same address, port and protocol: as external IP, load-balancer IP or "
            + "cluster IP. kube-proxy writes rules for both in an order that may change with every sync, and the first "
            + "takes all connections.",
        remedy: "give one of them another address or port, or make one Service of both"
    ) { subject, report in
        struct Entrance: Hashable {
            let address: IPAddress
            let port: UInt16
            let transport: TransportProtocol
        }
        var owners: [Entrance: [Int]] = [:]
        for (index, port) in subject.plan.servicePorts.enumerated() {
            // An address that a Service port has twice is no conflict.
            for address in Set([port.clusterIP] + port.externalIPs + port.loadBalancerIPs) {
                let entrance = Entrance(address: address, port: port.port, transport: port.name.transport)
                owners[entrance, default: []].append(index)
            }
        }
        // In any order: findings are sorted in the end.
        for (entrance, indices) in owners where indices.count > 1 {
            let ports = indices.map { subject.plan.servicePorts[$0] }
            let number = "\(entrance.transport.kubernetesName) port \(entrance.port)"
            let kind = ports.allSatisfy { $0.clusterIP == entrance.address } ? "cluster IP" : "address"
            report.add(
                .port(ports[0]),
                "the \(kind) \(entrance.address) with \(number) is also that of "
                    + listed(
                        ports.dropFirst().prefix(LintSubject.exampleLimit).map(\.name.description),
                        of: ports.count - 1) + "; all connections go to one of them")
        }
    }
}
