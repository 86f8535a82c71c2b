internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let sourceRangesWithoutNode = LintRule(
        name: "source-ranges-without-node", severity: .info,
        explanation:
            "A node's own address is in none of the source ranges, so that what the node itself sends to the load "
            + "balancer's address is dropped. The same holds for pods whose addresses are in none of them.",
        remedy: "add the nodes' range, and that of the pods, if they should reach the load balancer's address"
    ) { subject, report in
        let addresses = NodeAddresses(subject.members)
        for port in subject.firstPorts where !port.sourceRanges.isEmpty && !port.loadBalancerIPs.isEmpty {
            let (count, examples) = addresses.outside(port.sourceRanges)
            guard count > 0 else { continue }
            let isAre = count == 1 ? "is" : "are"
            report.add(
                .service(port.serviceIndex),
                "\(listed(examples, of: count)) \(isAre) in no source range; what \(count == 1 ? "it sends" : "they send") "
                    + "to \(port.loadBalancerIPs[0]) is dropped")
        }
    }
}
