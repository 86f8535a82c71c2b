extension LintRule {
    static let ipvsLinkLocalNodePort = LintRule(
        leavingIPVS: "ipvs-link-local-node-port", .info, [.linkLocalNodePort], of: .cluster,
        explanation:
            "Node ports listen on no IPv6 link-local address in IPVS mode. In iptables mode they do, unless "
            + "nodePortAddresses says otherwise.",
        remedy:
            "set nodePortAddresses to where node ports should listen, if neighbours must not reach them so")
}
