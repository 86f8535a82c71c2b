extension LintRule {
    static let largeCluster = LintRule(
        name: "large-cluster", severity: .info, modes: [.iptables],
        explanation:
            "With more than 1,000 endpoints of all Service ports kube-proxy leaves the comments on endpoints out, cleans stale "
            + "chains up less often, and no longer writes all rules anew every hour. Said from 900 endpoints on.",
        remedy: "let no tool rely on the comments of KUBE-SVC, KUBE-SVL and KUBE-SEP rules"
    ) { subject, report in
        let count = subject.plan.endpointCount
        let limit = NodePlan.largeClusterThreshold
        if subject.plan.isLargeCluster {
            report.add(.cluster, "with \(count) endpoints, more than \(limit), comments on endpoints are left out")
        } else if count * 10 >= limit * 9 {
            report.add(.cluster, "with \(count) endpoints, comments on endpoints will soon be left out: above \(limit)")
        }
    }
}
