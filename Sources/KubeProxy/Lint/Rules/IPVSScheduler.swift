extension LintRule {
    static let ipvsScheduler = LintRule(
        leavingIPVS: "ipvs-scheduler", .warning, [.scheduling], of: .cluster,
        explanation:
            "iptables mode chooses endpoints at random, and has no counterpart to IPVS' schedulers but for rr and "
            + "wrr, which give each endpoint as much: no fewest connections, and no hash that brings a client back.",
        remedy:
            "set sessionAffinity: ClientIP on Services that need a client to come back; where connections weigh "
            + "differently, let clients or a proxy balance"
    ) { subject, _ in !subject.plan.settings.ipvs.scheduler.sharesEqually }
}
