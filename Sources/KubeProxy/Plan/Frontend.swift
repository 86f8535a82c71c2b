public import NetAddress

/// Where traffic for a Service port comes in: an address and port, or a node port on any address of the node.
public struct Frontend: Sendable, Hashable {
    /// What makes a frontend of an address.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case clusterIP, externalIP, loadBalancerIP, nodePort
    }

    /// Nil for a node port.
    public let address: IPAddress?
    public let port: UInt16
    public let transport: TransportProtocol
}

extension ServicePortPlan {
    /// The Service port's frontends in kube-proxy's order; an address that the Service lists twice comes twice.
    public var frontends: [(kind: Frontend.Kind, frontend: Frontend)] {
        func frontend(_ kind: Frontend.Kind, _ address: IPAddress?) -> (Frontend.Kind, Frontend) {
            (
                kind,
                Frontend(
                    address: address, port: kind == .nodePort ? nodePort : port, transport: name.transport)
            )
        }
        return [frontend(.clusterIP, clusterIP)] + externalIPs.map { frontend(.externalIP, $0) }
            + loadBalancerIPs.map { frontend(.loadBalancerIP, $0) }
            + (nodePort > 0 ? [frontend(.nodePort, nil)] : [])
    }
}
