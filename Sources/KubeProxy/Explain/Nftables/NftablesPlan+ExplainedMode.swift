internal import NetAddress

extension NftablesPlan: ExplainedMode {
    func chain(of endpoint: PlannedEndpoint) -> ChainName? { nil }

    /// The maps say it.
    func fallback(of port: ServicePortPlan) -> String { "" }

    func localExternalPolicy(of port: ServicePortPlan) -> String {
        "externalTrafficPolicy Local: from outside only this node's endpoints are used, which see the client's address"
    }

    var affinity: String { "" }

    var nodePortAddresses: [IPAddress]? {
        if case .addresses(let addresses) = node.nodePorts { addresses } else { nil }
    }

    var unknownPods: String { "what is sent to the cluster IP is never masqueraded" }

    var ownSettings: [String] { [] }
}
