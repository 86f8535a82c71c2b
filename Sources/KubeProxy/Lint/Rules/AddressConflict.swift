internal import KubeChainsBytes
internal import NetAddress

extension LintRule {
    static let addressConflict = LintRule(
        name: "address-conflict", severity: .error,
        explanation:
            "Two Service ports answer on the same address, port and protocol: as external IP, load-balancer IP or "
            + "cluster IP. kube-proxy writes rules for both in an order that may change with every sync, and the first "
            + "takes all connections, in nftables and IPVS mode the last.",
        remedy: "give one of them another address or port, or make one Service of both"
    ) { subject, report in
        let plans = subject.plan.servicePorts
        var owners = subject.plan.cluster.sharedFrontends
        for (index, port) in plans.enumerated() {
            for shared in port.frontends {
                let frontend = shared.frontend
                guard let address = frontend.address, let indices = owners[frontend], indices[0] == index else {
                    continue
                }
                // Reported once for an address that a Service port has twice.
                owners[frontend] = nil
                let others = indices.dropFirst().prefix(LintSubject.exampleLimit).map { plans[$0].name.description }
                report.add(
                    .port(port),
                    "the \(shared.kind == .clusterIP ? "cluster IP" : "address") \(address) with "
                        + "\(frontend.transport.kubernetesName) port \(frontend.port) is also that of "
                        + "\(listed(others, of: indices.count - 1)); all connections go to one of them")
            }
        }
    }
}
