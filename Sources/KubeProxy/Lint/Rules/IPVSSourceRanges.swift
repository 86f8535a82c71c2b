extension LintRule {
    static let ipvsSourceRanges = LintRule(
        leavingIPVS: "ipvs-source-ranges", .info, [.sourceRanges, .singleAddressRange], of: .service,
        explanation:
            "IPVS mode checks every packet against loadBalancerSourceRanges, so that connections stop when a client's "
            + "range is taken out, and briefly at each sync where a range is a single address. iptables mode looks at "
            + "the first packet of a connection only.",
        remedy:
            "to shut a client out at once in iptables mode, also delete its connections on the nodes (conntrack -D), "
            + "or close them at the load balancer")
}
