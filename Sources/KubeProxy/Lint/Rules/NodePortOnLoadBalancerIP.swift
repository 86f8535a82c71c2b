internal import NetAddress

extension LintRule {
    static let nodePortOnLoadBalancerIP = LintRule(
        name: "node-port-on-load-balancer-ip", severity: .info,
        explanation:
            "The load balancer's address is an address of a node, so that node ports answer on it too, of this Service and "
            + "of all others. A warning where the Service has source ranges, which do not hold there.",
        remedy:
            "keep node ports off that address by --nodeport-addresses, or give the load balancer an address of its own"
    ) { subject, report in
        let owners = subject.nodesByAddress
        guard !owners.isEmpty else { return }
        for port in subject.plan.servicePorts where port.nodePort > 0 {
            for address in port.loadBalancerIPs {
                guard let owner = owners[address] else { continue }
                if case .addresses(let open) = subject.nodePorts, !open.contains(address) { continue }
                report.add(
                    .port(port),
                    "node port \(port.nodePort) answers on the load balancer's address \(address), which is \(owner)'s"
                        + (port.sourceRanges.isEmpty ? "" : ", past the source ranges"),
                    port.sourceRanges.isEmpty ? nil : .warning)
            }
        }
    }
}
