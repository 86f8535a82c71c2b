extension LintRule {
    static let ipvsARP = LintRule(
        leavingIPVS: "ipvs-arp", .warning, [.addressResolution], of: .service,
        explanation:
            "External and load-balancer IPs are on the interface kube-ipvs0, so that every node answers ARP requests "
            + "for them unless strictARP is on. In iptables mode no node does, and addresses that are reached only so "
            + "fall silent.",
        remedy:
            "see that something else answers for the address or routes it to the nodes, such as MetalLB, a router or "
            + "a load balancer; turn strictARP on to try it before")
}
