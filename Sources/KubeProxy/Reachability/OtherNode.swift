public import Iptables
internal import KubeObjects
public import NetAddress

extension NodePlan {
    /// The other node whose pod has an address, by `spec.podCIDRs` of the Nodes; nil: none is known to have it, or it is one of
    /// this node's.
    public func otherNode(of address: IPAddress) -> TraceQuery.OtherNode? {
        let owner = snapshot.nodes.first { other in other.podCIDRs.contains { $0.contains(address) } }
        guard let owner, owner.name.text != node.name, !node.hostAddresses.contains(address) else { return nil }
        let here = servicePorts.flatMap { port in port.endpoints.filter(\.isLocal).map(\.address) }
        return TraceQuery.OtherNode(name: owner.name.text, endpointsHere: Set(here))
    }
}
