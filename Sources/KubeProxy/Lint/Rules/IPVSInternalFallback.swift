extension LintRule {
    static let ipvsInternalFallback = LintRule(
        leavingIPVS: "ipvs-internal-fallback", .warning, [.internalFallback], of: .port,
        explanation:
            "Under internalTrafficPolicy Local a node without an endpoint of its own drops what is sent to the "
            + "cluster IP in iptables mode. IPVS mode uses endpoints of other nodes there, if the Service can be "
            + "reached from outside too.",
        remedy:
            "run an endpoint on each node that has clients, as a DaemonSet does, or set internalTrafficPolicy: "
            + "Cluster")
}
