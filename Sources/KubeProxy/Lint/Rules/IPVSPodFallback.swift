extension LintRule {
    static let ipvsPodFallback = LintRule(
        leavingIPVS: "ipvs-pod-fallback", .warning, [.podFallback], of: .port,
        explanation:
            "kube-proxy is not told which traffic is that of pods. Under externalTrafficPolicy Local iptables mode "
            + "then drops what pods send to external addresses on nodes without an endpoint, where IPVS mode uses "
            + "endpoints of other nodes.",
        remedy:
            "set clusterCIDR in kube-proxy's configuration, or another detectLocalMode, before the mode changes")
}
