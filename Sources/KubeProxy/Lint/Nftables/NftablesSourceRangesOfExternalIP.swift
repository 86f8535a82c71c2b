internal import NetAddress

extension LintRule {
    static let nftablesSourceRangesOfExternalIP = LintRule(
        name: "nftables-source-ranges-of-external-ip", severity: .info, modes: [.nftables],
        explanation:
            "An address is both an external IP and the load balancer's. In nftables mode the source ranges hold there, before "
            + "anything is translated. In iptables mode the rule of the external IP comes first, and they do not.",
        remedy: "make sure that all clients of the address are in the ranges"
    ) { subject, report in
        for port in subject.firstPorts where !port.sourceRanges.isEmpty {
            for address in port.externalIPs where port.loadBalancerIPs.contains(address) {
                report.add(
                    .service(port.serviceIndex),
                    "the source ranges hold for \(address), which is also an external IP; in iptables mode they do not")
            }
        }
    }
}
