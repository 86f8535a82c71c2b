internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let wrongFamilyEndpoints = LintRule(
        name: "wrong-family-endpoints", severity: .error,
        explanation:
            "A Service has a cluster IP of a family of which it has no endpoint, but endpoints of the other family. "
            + "kube-proxy refuses its connections. A warning where the Service has a cluster IP of the other family too.",
        remedy: "let the pods listen on both families, or set the Service's ipFamilies to that of its endpoints"
    ) { subject, report in
        let family = subject.plan.settings.family
        for port in subject.firstPorts {
            let service = subject.service(port)
            guard subject.endpointCount(of: service) == 0 else { continue }
            let others = subject.endpointCount(of: service, ofOtherFamily: true)
            guard others > 0 else { continue }
            report.add(
                .service(port.serviceIndex),
                "the cluster IP \(port.clusterIP) is an \(family.name) address, but all endpoints "
                    + "(\(others)) are \(family.other.name) ones; connections to it are refused",
                service.clusterIP(family.other) != nil ? .warning : nil)
        }
    }
}
