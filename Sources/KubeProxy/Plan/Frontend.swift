public import NetAddress

/// Where traffic for a Service port comes in: an address and port, or a node port on any address of the node.
public struct Frontend: Sendable, Hashable {
    /// What makes an address and port a frontend.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The four kinds of addresses and ports that a Service answers on.
        case clusterIP, externalIP, loadBalancerIP, nodePort
    }

    /// Nil for a node port.
    public let address: IPAddress?
    /// The port.
    public let port: UInt16
    /// The protocol.
    public let transport: TransportProtocol
}

/// A frontend with the Service port that it belongs to.
public struct ServiceFrontend: Sendable {
    /// Which kind it is.
    public let kind: Frontend.Kind
    /// The address, port and protocol.
    public let frontend: Frontend
    /// The Service port that it belongs to.
    public let servicePort: ServicePortPlan

    fileprivate init(_ kind: Frontend.Kind, _ address: IPAddress?, _ servicePort: ServicePortPlan) {
        self.kind = kind
        self.servicePort = servicePort
        frontend = Frontend(
            address: address, port: kind == .nodePort ? servicePort.nodePort : servicePort.port,
            transport: servicePort.name.transport)
    }
}

extension ServicePortPlan {
    /// The Service port's frontends in kube-proxy's order. An address that the Service lists twice comes twice.
    public var frontends: [ServiceFrontend] {
        [ServiceFrontend(.clusterIP, clusterIP, self)]
            + externalIPs.map { ServiceFrontend(.externalIP, $0, self) }
            + loadBalancerIPs.map { ServiceFrontend(.loadBalancerIP, $0, self) }
            + (nodePort > 0 ? [ServiceFrontend(.nodePort, nil, self)] : [])
    }
}

extension ClusterPlan {
    /// The frontends that several Service ports have, each with the positions of these, in their order. All traffic there
    /// goes to one of them.
    public var sharedFrontends: [Frontend: [Int]] {
        var owners: [Frontend: Int] = [:]
        owners.reserveCapacity(tables.ports.count)
        var shared: [Frontend: [Int]] = [:]
        for (index, port) in tables.ports.enumerated() {
            func add(_ address: IPAddress?, _ number: UInt16) {
                let frontend = Frontend(address: address, port: number, transport: port.name.transport)
                guard let owner = owners[frontend] else {
                    owners[frontend] = index
                    return
                }
                // A frontend that a Service port has twice is not shared.
                if (shared[frontend]?.last ?? owner) != index { shared[frontend, default: [owner]].append(index) }
            }
            for address in [port.clusterIP] + port.externalIPs + port.loadBalancerIPs { add(address, port.port) }
            if port.nodePort > 0 { add(nil, port.nodePort) }
        }
        return shared
    }
}
