extension LintRule {
    static let ipvsOwnSource = LintRule(
        leavingIPVS: "ipvs-own-source", .info, [.ownSource], of: .port,
        explanation:
            "Under externalTrafficPolicy Local the node's own traffic is masqueraded in iptables mode, and is not in "
            + "IPVS mode: endpoints see another address of it. Where it is that of kube-ipvs0, endpoints of other nodes "
            + "cannot answer.",
        remedy:
            "let what allows clients by address, such as network policies, allow all addresses of the nodes")
}
