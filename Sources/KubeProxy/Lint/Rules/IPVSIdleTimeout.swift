extension LintRule {
    static let ipvsIdleTimeout = LintRule(
        leavingIPVS: "ipvs-idle-timeout", .info, [.idleTimeout], of: .cluster,
        explanation:
            "IPVS has timeouts of its own for silent connections, 900 s for TCP and 300 s for UDP unless kube-proxy's "
            + "configuration sets others. In iptables mode those of connection tracking count.",
        remedy:
            "see whether anything relies on IPVS' timeouts, such as keep-alives tuned to them or UDP clients with "
            + "long pauses; otherwise nothing")
}
