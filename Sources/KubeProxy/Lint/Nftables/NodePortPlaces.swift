internal import KubeObjects
internal import NetAddress

extension LintSubject {
    /// Each Node to check with its addresses and those of them at which node ports answer in nftables mode; none if no Service
    /// has a node port.
    func nftablesNodePorts() -> [(node: Node, addresses: [IPAddress], open: [IPAddress])] {
        guard plan.servicePorts.contains(where: { $0.nodePort > 0 }) else { return [] }
        return nodes.compactMap { node in
            let facts = NodeFacts(plan.settings, node: node, plan.behaviors)
            guard case .addresses(let open) = NftablesNode(plan.settings, facts, plan.behaviors).nodePorts else {
                return nil
            }
            return (node, facts.hostAddresses.filter { !$0.isLoopback }, open)
        }
    }
}
