internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let externalIPsOff = LintRule(
        name: "external-ips-off", severity: .warning,
        explanation:
            "A Service has external IPs, but the feature gate AllowServiceExternalIPs is off: kube-proxy writes no rule for "
            + "them.",
        remedy: "remove the external IPs, or use a load balancer"
    ) { subject, report in
        guard !subject.plan.settings.allowServiceExternalIPs, subject.plan.behaviors.contains(.externalIPsGate) else {
            return
        }
        for port in subject.firstPorts {
            let addresses = subject.service(port).externalIPs.filter { $0.family == subject.plan.settings.family }
            guard !addresses.isEmpty else { continue }
            let names = addresses.prefix(LintSubject.exampleLimit).map(\.description)
            report.add(
                .service(port.serviceIndex),
                "there are no rules for \(listed(names, of: addresses.count)): AllowServiceExternalIPs is off")
        }
    }
}
