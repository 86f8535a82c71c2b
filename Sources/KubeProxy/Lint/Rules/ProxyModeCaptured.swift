internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let proxyModeCaptured = LintRule(
        name: "proxy-mode-captured", severity: .warning,
        explanation:
            "The load balancer says with ipMode Proxy that traffic to its address must reach it, and not be sent to endpoints "
            + "directly, such as for TLS or the PROXY protocol. kube-proxy up to 1.29 does not look at ipMode: what nodes and "
            + "pods send to the address goes to endpoints, past the load balancer.",
        remedy: "run kube-proxy 1.30 or newer, or have the load balancer publish a hostname"
    ) { subject, report in
        guard subject.plan.behaviors.contains(.proxyModeAddressesServed) else { return }
        let family = subject.plan.settings.family
        for port in subject.firstPorts {
            let addresses = subject.service(port).loadBalancerIngress.filter {
                !$0.isVIP && $0.address.family == family
            }.map(\.address.description)
            guard !addresses.isEmpty else { continue }
            report.add(
                .service(port.serviceIndex),
                "kube-proxy \(subject.plan.version.version) captures traffic to "
                    + "\(listed(Array(addresses.prefix(LintSubject.exampleLimit)), of: addresses.count)), which ipMode Proxy "
                    + "leaves to the load balancer")
        }
    }
}
