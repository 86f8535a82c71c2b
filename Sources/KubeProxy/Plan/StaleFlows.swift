internal import KubeObjects
public import NetAddress

/// A UDP connection that the kernel tracks, with what matters for Services.
public struct UDPFlow: Sendable, Hashable {
    /// The client's destination.
    public let destination: IPAddress
    /// The port that the client sent to.
    public let destinationPort: UInt16
    /// The source of replies.
    public let replySource: IPAddress

    /// A flow with these addresses.
    public init(destination: IPAddress, destinationPort: UInt16, replySource: IPAddress) {
        self.destination = destination
        self.destinationPort = destinationPort
        self.replySource = replySource
    }
}

extension NodePlan {
    /// The flows that send clients of a UDP Service to an address that no longer serves it: UDP has no end of a
    /// connection, so the kernel would send the client there as long as it keeps sending (kube-proxy 1.36:
    /// `CleanStaleEntries` of `pkg/proxy/conntrack/cleanup.go`).
    public func staleFlows(among flows: [UDPFlow]) -> [UDPFlow] {
        var servers: [Frontend: Set<IPAddress>] = [:]
        for port in servicePorts where port.name.transport == .udp {
            let serving = Set(port.endpoints.lazy.filter { $0.conditions.contains(.serving) }.map(\.address))
            for address in [port.clusterIP] + port.externalIPs + port.loadBalancerIPs {
                servers[Frontend(address: address, port: port.port, transport: .udp)] = serving
            }
            if port.nodePort > 0 { servers[Frontend(address: nil, port: port.nodePort, transport: .udp)] = serving }
        }
        return flows.filter { flow in
            let serving =
                servers[Frontend(address: flow.destination, port: flow.destinationPort, transport: .udp)]
                ?? servers[Frontend(address: nil, port: flow.destinationPort, transport: .udp)]
            return serving.map { !$0.contains(flow.replySource) } ?? false
        }
    }
}
