extension LintRule {
    static let ipvsClaimedTwice = LintRule(
        leavingIPVS: "ipvs-claimed-twice", .warning, [.claimedTwice], of: .port,
        explanation:
            "Several Service ports claim the same address and port, and the modes give it to different ones: IPVS to "
            + "the last that kube-proxy programs, iptables mode to the first whose rule matches. The order may change "
            + "with every sync.",
        remedy:
            "give one of them another address or port")
}
