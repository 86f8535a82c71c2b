internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let nftablesHairpinWithoutNode = LintRule(
        name: "nftables-hairpin-without-node", severity: .info, modes: [.nftables],
        explanation:
            "From 1.36 on kube-proxy masquerades what a pod sends to itself through a Service only if the endpoint's nodeName is "
            + "this node. An endpoint without nodeName, as in slices made by hand, that is a pod cannot reach itself: such "
            + "connections time out.",
        remedy: "set nodeName in the EndpointSlice, if the endpoint is a pod that uses its own Service"
    ) { subject, report in
        guard subject.plan.behaviors.contains(.nftablesEndpointMaps) else { return }
        for port in subject.plan.servicePorts {
            let count = port.endpoints.count { planned in
                planned.couldTakeTraffic(subject.plan.behaviors) && subject.endpoint(planned).nodeName == nil
            }
            guard count > 0 else { continue }
            report.add(
                .port(port),
                "\(counted(count, "endpoint")) without nodeName cannot reach \(count == 1 ? "itself" : "themselves") "
                    + "through the Service")
        }
    }
}
