internal import KubeObjects
public import NetAddress

/// Finds what a snapshot has of an address and a port that no rule of the node serves, with the reason for each.
struct UnservedSearch {
    let plan: NodePlan
    /// Where node ports listen in IPVS mode; nil: in iptables mode, which the plan knows.
    var nodeIPs: [IPAddress]?

    private var snapshot: ClusterSnapshot { plan.snapshot }
    private var skipped: [Int: Service.SkipReason] {
        Dictionary(uniqueKeysWithValues: plan.skippedServices.map { ($0.serviceIndex, $0.reason) })
    }

    /// What there is: sentences.
    func sentences(_ address: IPAddress, _ port: UInt16?, _ transport: TransportProtocol?) -> [String] {
        var result: [String] = []
        let skipped = skipped
        for (index, service) in snapshot.services.enumerated() {
            let reason = skipped[index].map { $0.sentence(service, plan.settings.family) }
            for role in roles(of: address, in: service) {
                let what = "\(address) is \(role) of \(service.qualifiedName)"
                if let reason {
                    result.append("\(what): \(reason)")
                } else if let port,
                    !service.ports.contains(where: { $0.port == port && transport.allows($0.transport) })
                {
                    result.append("\(what), which has no port \(port)\(text(transport)): \(ports(of: service))")
                }
            }
            guard let port,
                let owner = service.ports.first(where: { $0.nodePort == port && transport.allows($0.transport) })
            else { continue }
            let name = service.qualifiedName + (owner.name.map { ":\($0)" } ?? "")
            let what = "\(port) is the node port of \(name)"
            result.append(reason.map { "\(what): \($0)" } ?? "\(what), but \(nodePortReason(address))")
        }
        return result + endpoints(address, port, transport)
    }

    /// What an address is for a Service, of both families.
    func roles(of address: IPAddress, in service: Service) -> [String] {
        var roles: [String] = []
        if service.clusterIP(address.family) == address || service.clusterIPs.contains(address) {
            roles.append("the cluster IP")
        }
        if service.externalIPs.contains(address) { roles.append("an external IP") }
        if service.loadBalancerIngress.contains(where: { $0.address == address }) { roles.append("a load balancer IP") }
        return roles
    }

    /// `it has http (80/tcp)`.
    private func ports(of service: Service) -> String {
        let list = service.ports.map { "\($0.name.map { "\($0) " } ?? "")(\($0.port)/\($0.transport.name))" }
        return list.isEmpty ? "it has none" : "it has \(list.joined(separator: ", "))"
    }

    private func text(_ transport: TransportProtocol?) -> String { transport.map { "/\($0.name)" } ?? "" }

    // MARK: Node ports

    /// Why node ports do not answer at an address.
    private func nodePortReason(_ address: IPAddress) -> String {
        if address.isLoopback {
            if nodeIPs != nil { return "in IPVS mode node ports do not answer on loopback addresses" }
            if address.family == .ipv6 { return "node ports never answer on \(address), whatever the settings are" }
            return plan.settings.localhostNodePorts
                ? "--nodeport-addresses leaves loopback addresses out"
                : "node ports do not answer on loopback addresses, since --iptables-localhost-nodeports is false"
        }
        if plan.node.hostAddresses.contains(address) { return "--nodeport-addresses leaves \(address) out" }
        if let node = snapshot.nodes.first(where: { ($0.internalIPs + $0.externalIPs).contains(address) }) {
            return "\(address) is an address of the node \(node.name): give --node \(node.name)"
        }
        return "\(address) is no address of this node that is known; if it is one, --node-address says so"
    }

    // MARK: Endpoints

    /// Endpoints with the address that kube-proxy does not read, and those of other ports.
    private func endpoints(
        _ address: IPAddress, _ port: UInt16?, _ transport: TransportProtocol?
    ) -> [String] {
        var result: [String] = []
        for slice in snapshot.endpointSlices {
            guard slice.endpoints.indices.contains(where: { has(slice, $0, address) }) else { continue }
            let object =
                (slice.origin == .endpoints ? "Endpoints " : "EndpointSlice ") + "\(slice.namespace)/\(slice.name)"
            let isFirst = slice.endpoints.contains { $0.address == address }
            guard let service = slice.serviceName else {
                result.append("\(address) is in the \(object), which has no label kubernetes.io/service-name")
                continue
            }
            let owner = "\(slice.namespace)/\(service)"
            if slice.isHeadless {
                result.append(
                    "\(address) is in the \(object) of \(owner), which the label service.kubernetes.io/headless keeps "
                        + "kube-proxy from reading")
            } else if !snapshot.services.contains(where: { $0.namespace == slice.namespace && $0.name == service }) {
                result.append("\(address) is in the \(object) of \(owner), a Service that the snapshot does not have")
            } else if !isFirst {
                result.append(
                    "\(address) is not the first address of its endpoint in the \(object) of \(owner); kube-proxy takes "
                        + "only that one")
            } else if let port, !slice.ports.contains(where: { $0.port == port && transport.allows($0.transport) }) {
                let numbers = slice.ports.filter { $0.port > 0 }.map { "\($0.port)/\($0.transport.name)" }
                result.append(
                    "\(address) is an endpoint of \(owner), whose \(object) has no port \(port)\(text(transport)): "
                        + (numbers.isEmpty ? "it has none" : "it has \(numbers.joined(separator: ", "))"))
            } else {
                result.append("\(address) is in the \(object) of \(owner), which serves no port of the Service")
            }
        }
        for object in snapshot.unreadEndpoints where object.addresses.contains(address) {
            result.append(
                "\(address) is in the Endpoints \(object.namespace)/\(object.name), which kube-proxy does not read: it reads "
                    + "EndpointSlices, and none of this Service has the address")
        }
        return result
    }

    private func has(_ slice: EndpointSlice, _ index: Int, _ address: IPAddress) -> Bool {
        if slice.endpoints[index].address == address { return true }
        guard let texts = slice.addressTexts[index] else { return false }
        return texts.contains { IPAddress($0) == address }
    }
}

extension NodePlan {
    /// Why no rule of the node serves an address and port that the snapshot knows: sentences; empty where rules serve them, or
    /// nothing is known of them.
    public func remarks(
        onUnserved address: IPAddress, port: UInt16, transport: TransportProtocol
    ) -> [String] {
        let search = TargetSearch(plan: self, chains: nil)
        guard search.isUnserved(address, port, transport) else { return [] }
        return UnservedSearch(plan: self).sentences(address, port, transport)
    }
}

extension Optional where Wrapped: Equatable {
    /// Whether it is nil or equals the value.
    func allows(_ value: Wrapped) -> Bool { self == nil || self == value }
}
