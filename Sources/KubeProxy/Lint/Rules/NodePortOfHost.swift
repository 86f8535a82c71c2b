internal import NetAddress

extension LintRule {
    static let nodePortOfHost = LintRule(
        name: "node-port-of-host", severity: .warning,
        explanation:
            "A node port is one at which programs of every node usually listen, such as kubelet (10250), the API server (6443) "
            + "or sshd (22). kube-proxy takes what is sent to that port of every node, so that the program cannot be reached "
            + "there any more. The API server gives out such ports only where --service-node-port-range was widened.",
        remedy: "give the Service another node port, and keep --service-node-port-range to ports that no program uses"
    ) { subject, report in
        for port in subject.plan.servicePorts where port.name.transport == .tcp {
            guard let program = hostPrograms[port.nodePort] else { continue }
            report.add(
                .port(port),
                "node port \(port.nodePort) is the port of \(program), which cannot be reached on any node any more")
        }
    }
}

/// The programs of a node with the ports at which they listen by default.
private let hostPrograms: [UInt16: String] = [
    22: "sshd", 179: "BGP routers such as Calico's", 2379: "etcd", 2380: "etcd", 6443: "the API server",
    10250: "kubelet",
    10256: "kube-proxy's own health check", 10257: "kube-controller-manager", 10259: "kube-scheduler",
]
