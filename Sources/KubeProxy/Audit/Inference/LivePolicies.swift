internal import Iptables
internal import NetAddress

/// What a node's iptables rules say about the policies of Service ports.
struct LivePolicies: PolicyEvidence {
    private let iptables: IptablesPlan
    private let live: ChainsByName
    private let dropped: Set<Frontend>

    init(_ iptables: IptablesPlan, _ live: ChainsByName) {
        self.iptables = iptables
        self.live = live
        dropped = EndpointsOfRules.droppedFrontends(live)
    }

    func endpoints(of policy: ServicePolicy, _ port: ServicePortPlan) -> Set<EndpointReference>? {
        let chains = iptables.chains(of: port)
        guard policy == .local else { return live.endpoints(ofPolicy: chains.clusterPolicy) }
        return dropsLocally(port) ? nil : live.endpoints(ofPolicy: chains.localPolicy)
    }

    func leadsToLocalPolicy(_ port: ServicePortPlan) -> Bool {
        let chains = iptables.chains(of: port)
        return !dropsLocally(port)
            && live.rules("nat", chains.external.description).contains {
                $0.target?.chain == chains.localPolicy.description
            }
    }

    func dropsClusterIP(_ port: ServicePortPlan) -> Bool {
        dropped.contains(Frontend(address: port.clusterIP, port: port.port, transport: port.name.transport))
            || dropsLocally(port)
    }

    /// Whether the local policy's chain drops everything, as kube-proxy 1.24 does without local endpoints.
    private func dropsLocally(_ port: ServicePortPlan) -> Bool {
        live.rules("nat", iptables.chains(of: port).localPolicy.description).contains {
            $0.target == .jump(KubeChain.markDrop.name)
        }
    }

    func treatsAsLocal(_ endpoint: PlannedEndpoint, of port: ServicePortPlan) -> Bool? { nil }
}

extension RuleEvidence {
    /// What points to a Node.
    var pointers: NodePointers {
        var range: IPPrefix?
        if case .source(let found)?? = localTraffic.winner(preferring: nil) { range = found }
        guard case .addresses(let addresses) = nodePorts else { return NodePointers(podRange: range, addresses: []) }
        return NodePointers(podRange: range, addresses: addresses)
    }
}
