extension LintRule {
    static let ipvsForwarding = LintRule(
        leavingIPVS: "ipvs-forwarding", .warning, [.forwarding], of: .cluster,
        explanation:
            "Direct routing and tunnels have no counterpart in iptables mode, which always rewrites the destination "
            + "and takes the answers back.",
        remedy:
            "let the endpoints give up the virtual addresses, and see that the node's link can take the answers too")
}
