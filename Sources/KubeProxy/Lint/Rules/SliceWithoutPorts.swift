internal import KubeChainsBytes
internal import KubeObjects

extension LintRule {
    static let sliceWithoutPorts = LintRule(
        name: "slice-without-ports", severity: .warning,
        explanation:
            "An EndpointSlice has endpoints but no port with a number, while other slices of the Service have some. kube-proxy "
            + "sends nothing to these endpoints. The usual cause is a named targetPort that some of the pods do not have.",
        remedy: "give all pods of the Service a container port of the name that targetPort asks for"
    ) { subject, report in
        for port in subject.firstPorts {
            let slices = subject.slices(of: subject.service(port))
            let bare = slices.filter { slice in !slice.ports.contains { $0.port > 0 } }
            guard !bare.isEmpty, bare.count < slices.count else { continue }
            for slice in bare {
                let count = slice.endpoints.count { $0.address != nil }
                guard count > 0 else { continue }
                report.add(
                    .slice(slice),
                    "it has \(counted(count, "endpoint")) and no port; \(count == 1 ? "it gets" : "they get") no connections"
                )
            }
        }
    }
}
