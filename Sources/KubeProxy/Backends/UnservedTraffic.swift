public import NetAddress

/// What kube-proxy does about everybody's packets to addresses of Services beside their frontends.
public struct UnservedTraffic: Sendable, Hashable {
    /// What is beside the frontends.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Ports that no Service has at the addresses, and pings.
        case otherPorts = "other-ports"
        /// Addresses of the ServiceCIDRs that no Service has.
        case unallocated
    }

    /// What is sent to.
    public let kind: Kind
    /// Where.
    public let addresses: AddressSet
    /// What becomes of the packets.
    public let outcome: TrafficOutcome

    init(_ kind: Kind, _ addresses: AddressSet, _ outcome: TrafficOutcome) {
        self.kind = kind
        self.addresses = addresses
        self.outcome = outcome
    }
}

extension NodePlan {
    /// The endpoints of this node, by address, port and protocol.
    func localEndpoints(where isWanted: (PlannedEndpoint) -> Bool) -> Set<Frontend> {
        var all: Set<Frontend> = []
        for port in servicePorts {
            for endpoint in port.endpoints where endpoint.isLocal && isWanted(endpoint) {
                all.insert(
                    Frontend(address: endpoint.address, port: endpoint.port, transport: port.name.transport))
            }
        }
        return all
    }
}
