extension LintRule {
    static let affinityMemory = LintRule(
        name: "affinity-memory", severity: .info, modes: [.iptables],
        explanation:
            "ClientIP affinity is kept by the kernel's xt_recent, which remembers the last 100 clients of each endpoint "
            + "unless the module was loaded with another ip_list_tot. With more clients the earlier ones lose their "
            + "endpoint, whatever the timeout.",
        remedy:
            "load xt_recent with a larger ip_list_tot on every node, or keep sessions otherwise, such as by a cookie"
    ) { subject, report in
        for port in subject.firstPorts where port.affinitySeconds != nil {
            report.add(.service(port.serviceIndex), "session affinity remembers the last 100 clients of each endpoint")
        }
    }
}
