extension LintRule {
    static let ipvsInternalRefusal = LintRule(
        leavingIPVS: "ipvs-internal-refusal", .info, [.internalRefusal], of: .port,
        explanation:
            "Under internalTrafficPolicy Local a node without an endpoint of its own refuses connections to the "
            + "cluster IP at once in IPVS mode. In iptables mode it drops them, and clients time out.",
        remedy:
            "give clients a short timeout, run an endpoint on each node that has clients, or set "
            + "internalTrafficPolicy: Cluster")
}
