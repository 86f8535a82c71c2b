extension LintRule {
    static let ipvsExternalFallback = LintRule(
        leavingIPVS: "ipvs-external-fallback", .info, [.externalFallback], of: .port,
        explanation:
            "Under externalTrafficPolicy Local a node without an endpoint of its own sends what comes from outside on "
            + "to endpoints of other nodes in IPVS mode, with the client's address, so that the answers do not come "
            + "back through it. iptables mode drops it. Clients time out in both; only the endpoints see the "
            + "difference.",
        remedy:
            "nothing, if clients are sent only to nodes with an endpoint, as load balancers' health checks do")
}
