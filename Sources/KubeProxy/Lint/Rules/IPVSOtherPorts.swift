extension LintRule {
    static let ipvsOtherPorts = LintRule(
        leavingIPVS: "ipvs-other-ports", .info, [.otherPorts], of: .service,
        explanation:
            "The addresses of Services are the node's own in IPVS mode: pings of them, and connections to ports that "
            + "no Service has there, are rejected by the node. In iptables mode they are left alone, and reach whoever "
            + "has an external or load-balancer IP. Said only of Services with such addresses; cluster IPs mostly have "
            + "no other owner.",
        remedy:
            "see whether the owner of the address offers anything on other ports that pods should not reach; a "
            + "network policy keeps them from it"
    ) { subject, port in subject.modes?.hasBoundAddress(port) == true }
}
