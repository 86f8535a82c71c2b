internal import NetAddress

extension IPVSPlan: ExplainedMode {
    func chain(of endpoint: PlannedEndpoint) -> ChainName? { nil }

    func fallback(of port: ServicePortPlan) -> String {
        guard policy(serving: .local, of: port) == .cluster, port.hasAnyEndpoint else { return "" }
        return port.usesClusterPolicy
            ? "; there is none, so endpoints of other nodes stand in" : "; there is none, so connections are refused"
    }

    func localExternalPolicy(of port: ServicePortPlan) -> String {
        "externalTrafficPolicy Local: only this node's endpoints are used, by pods and the node itself too, and see the "
            + "client's address" + fallback(of: port)
    }

    var affinity: String { " to the same address and port, and as long as one is open" }

    var nodePortAddresses: [IPAddress]? {
        if case .addresses = plan.node.nodePorts { nodeIPs } else { nil }
    }

    var unknownPods: String { "of what is sent to the cluster IP only the node's own is masqueraded" }

    var ownSettings: [String] {
        let scheduler = plan.settings.ipvs.scheduler
        let choice = "scheduler \(scheduler): \(scheduler.choice)"
        return switch plan.settings.ipvs.forwarding {
        case .masquerading: [choice]
        case .gatewaying: [choice, "gatewaying: packets go as they are to the endpoint's hardware address"]
        case .tunneling: [choice, "tunneling: packets go as they are, within others, to the endpoint"]
        }
    }
}
