internal import KubeChainsBytes
internal import KubeChainsJSON
internal import NetAddress

/// What explanations say differently in each of kube-proxy's modes.
protocol ExplainedMode: Backend {
    /// The chain of an endpoint; nil where none is written, or no endpoint has one.
    func chain(of endpoint: PlannedEndpoint) -> ChainName?

    /// What becomes of a local policy without local endpoints, as the end of a sentence.
    func fallback(of port: ServicePortPlan) -> String
    /// What `externalTrafficPolicy: Local` means.
    func localExternalPolicy(of port: ServicePortPlan) -> String
    /// What else `sessionAffinity: ClientIP` depends on, as the end of a sentence.
    var affinity: String { get }
    /// The addresses at which node ports answer; nil: at all local addresses.
    var nodePortAddresses: [IPAddress]? { get }
    /// Whose source is rewritten on the way to cluster IPs where pods cannot be detected.
    var unknownPods: String { get }
    /// What the mode's own settings do: sentences.
    var ownSettings: [String] { get }
}

extension NodePlan {
    /// What the mode of the settings makes of the plan.
    ///
    /// - Throws: ``SnapshotError`` if the mode cannot serve a Service as the settings ask for it.
    func explainedMode(with workers: Workers?) throws(SnapshotError) -> any ExplainedMode {
        switch settings.mode {
        case .iptables: IptablesPlan(self, with: workers)
        case .nftables: try NftablesPlan(self, with: workers)
        case .ipvs: try IPVSPlan(self)
        }
    }
}

extension IptablesPlan: ExplainedMode {
    /// The policy's chains say it.
    func fallback(of port: ServicePortPlan) -> String { "" }

    func localExternalPolicy(of port: ServicePortPlan) -> String {
        "externalTrafficPolicy Local: from outside only this node's endpoints are used, which see the client's address"
    }

    var affinity: String { "" }

    var nodePortAddresses: [IPAddress]? {
        if case .addresses(let addresses) = plan.node.nodePorts { addresses } else { nil }
    }

    var unknownPods: String { "what is sent to the cluster IP is never masqueraded" }

    var ownSettings: [String] {
        guard plan.isLargeCluster else { return [] }
        return [
            "large cluster (\(plan.endpointCount) endpoints, more than \(NodePlan.largeClusterThreshold)): rules of "
                + "endpoints have no comments"
        ]
    }
}
