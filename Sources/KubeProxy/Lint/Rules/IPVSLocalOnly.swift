extension LintRule {
    static let ipvsLocalOnly = LintRule(
        leavingIPVS: "ipvs-local-only", .info, [.localOnly], of: .port,
        explanation:
            "Under externalTrafficPolicy Local pods and the node itself get only the node's own endpoints in IPVS "
            + "mode, as clients outside do. In iptables mode they are not outside, and get endpoints of all nodes by "
            + "the same addresses.",
        remedy:
            "let pods use the cluster IP with internalTrafficPolicy: Local, if they should stay on their node")
}
