/// Where clients of a cluster's Services get to by way of one node: worked out from the Services and endpoints alone, by
/// what Kubernetes promises, without a look at rules.
public struct ReferenceFlows {
    /// Who sends a packet.
    public struct Client: Hashable, Sendable {
        /// What the client is, for messages.
        public let kind: String
        public let address: String
        /// The interface by which its packets come in; nil for the node itself.
        public let interface: String?
    }

    /// A client and where it sends a packet.
    public struct Flow: Hashable, Sendable {
        public let client: Client
        public let address: String
        public let port: Int
        /// In lower case.
        public let proto: String
        /// The endpoint, as `ip:port`, to which the client was sent before.
        public var affinity: String?
    }

    /// How a packet fares.
    public struct Fate: Hashable, Sendable {
        public let verdict: String
        /// Where it is sent in the end, as `ip:port`.
        public let destination: String
        public let isTranslated: Bool
        /// Whether the destination sees it come from the node; false where it gets nowhere.
        public let isMasqueraded: Bool

        public init(verdict: String, destination: String, isTranslated: Bool, isMasqueraded: Bool) {
            self.verdict = verdict
            self.destination = destination
            self.isTranslated = isTranslated
            self.isMasqueraded = isMasqueraded
        }
    }

    /// The addresses of the node.
    public let hostAddresses: [String]

    private let node: ReferenceNode
    private let settings: ClusterDescription.Settings
    private let ports: [ReferenceServicePort]
    private let host: [ReferenceAddress]

    public init(_ cluster: ClusterDescription) {
        node = ReferenceNode(cluster)
        settings = cluster.settings
        ports = cluster.referenceServicePorts(node: node)
        let own = cluster.nodes.first { $0.name == cluster.settings.node }
        host = ReferenceNode.interfaceAddresses(settings, node: own)
        hostAddresses = host.map(\.text)
    }
}

// MARK: Flows

extension ReferenceFlows {
    /// Every Service address and port, from every kind of client.
    public var flows: [Flow] {
        var flows: [Flow] = []
        for port in ports {
            let clients = clients(of: port)
            let addresses = [port.clusterIP] + port.externalIPs + port.loadBalancerIPs
            var targets = uniqueSorted(addresses).map { ($0, port.port) }
            if port.nodePort != 0 {
                let own = host.filter { $0.family == node.family }
                targets += uniqueSorted(own.map(\.text)).map { ($0, port.nodePort) }
            }
            if port.healthCheckPort != 0 { targets.append((node.nodeIP.text, port.healthCheckPort)) }
            for (address, number) in targets {
                for client in clients {
                    // Nobody else's packets for loopback arrive.
                    let isLoopback = ReferenceAddress(address)?.isLoopback == true
                    if isLoopback, client.interface != nil { continue }
                    var flow = Flow(client: client, address: address, port: number, proto: port.proto)
                    flows.append(flow)
                    guard port.affinityTimeout != nil, let last = port.selection.reached.last else { continue }
                    flow.affinity = last.text
                    flows.append(flow)
                }
            }
        }
        return flows
    }

    private func clients(of port: ReferenceServicePort) -> [Client] {
        let isIPv4 = node.family == .ipv4
        let outside = isIPv4 ? "192.0.2.7" : "2600:dead::7"
        var clients = [
            Client(kind: "a pod here", address: podAddress, interface: podInterface),
            Client(kind: "a pod elsewhere", address: isIPv4 ? "10.180.77.9" : "fd00:10::77:9", interface: "eth0"),
            Client(kind: "outside", address: outside, interface: "eth0"),
        ]
        let own = host.filter { $0.family == node.family }
        if let first = own.first(where: { !$0.isLoopback }) {
            clients.append(Client(kind: "the node", address: first.text, interface: nil))
        }
        clients.append(Client(kind: "loopback", address: isIPv4 ? "127.0.0.1" : "::1", interface: nil))
        if let endpoint = port.selection.reached.first {
            clients.append(Client(kind: "an endpoint", address: endpoint.ip, interface: podInterface))
        }
        for range in port.sourceRanges {
            clients.append(Client(kind: "inside \(range.text)", address: range.someAddress.text, interface: "eth0"))
            let other = isIPv4 ? "203.0.114.9" : "2a00::9"
            clients.append(Client(kind: "outside \(range.text)", address: other, interface: "eth0"))
        }
        return uniqueClients(clients)
    }

    private func uniqueClients(_ clients: [Client]) -> [Client] {
        var seen: Set<Client> = []
        return clients.filter { seen.insert($0).inserted }
    }

    /// The address of a pod that the local-traffic detector takes for one, if it tells them by address.
    private var podAddress: String {
        let isIPv4 = node.family == .ipv4
        guard case .range(let range)? = localTraffic else { return isIPv4 ? "10.1.2.3" : "fd00:10::1:3" }
        return range.someAddress.text
    }

    private var podInterface: String {
        guard case .interface(let name)? = localTraffic else { return "veth1" }
        return name.hasSuffix("+") ? name.dropLast() + "1" : name
    }
}

// MARK: Fates

extension ReferenceFlows {
    private enum LocalTraffic {
        case range(ReferencePrefix)
        case interface(String)
    }

    private var localTraffic: LocalTraffic? {
        guard let text = node.localTraffic else { return nil }
        let word = String(text.dropFirst(3))
        return text.hasPrefix("-s ") ? ReferencePrefix(word).map { .range($0) } : .interface(word)
    }

    /// Whether the client counts as a pod of this node.
    private func isLocalTraffic(_ client: Client, _ source: ReferenceAddress) -> Bool {
        switch localTraffic {
        case nil: false
        case .range(let range): range.contains(source)
        case .interface(let name):
            name.hasSuffix("+")
                ? client.interface?.hasPrefix(name.dropLast()) == true : client.interface == name
        }
    }

    private func isHost(_ address: ReferenceAddress) -> Bool { address.isLoopback || host.contains(address) }

    /// The endpoints among which a connection is shared out, and whether its source is rewritten.
    private struct Choice {
        let endpoints: [ReferenceEndpoint]
        let isMasqueraded: Bool
        let hasAffinity: Bool
    }

    /// How a flow's packet fares, with the chance of each fate.
    public func fates(of flow: Flow) -> [Fate: Double] {
        guard let source = ReferenceAddress(flow.client.address), let target = ReferenceAddress(flow.address) else {
            return [:]
        }
        let isFromHost = isHost(source)
        guard let choice = choice(flow, source, target) else {
            let verdict = verdict(flow, source, target, flow.port, isTranslated: false, isMasqueraded: false)
            let text = endpointText(target, flow.port)
            return [Fate(verdict: verdict, destination: text, isTranslated: false, isMasqueraded: false): 1]
        }
        var endpoints = choice.endpoints
        if choice.hasAffinity, let known = endpoints.first(where: { $0.text == flow.affinity }) { endpoints = [known] }
        var fates: [Fate: Double] = [:]
        for endpoint in endpoints {
            guard let address = ReferenceAddress(endpoint.ip),
                let port = endpoint.text.split(separator: ":").last.flatMap({ Int($0) })
            else { continue }
            // A pod that reaches itself would take its own packet for an answer.
            let isMarked = choice.isMasqueraded || address == source
            let verdict = verdict(flow, source, address, port, isTranslated: true, isMasqueraded: isMarked)
            // Packets for the node itself do not leave it, so their source stays.
            let leaves = isFromHost || !isHost(address)
            let fate = Fate(
                verdict: verdict, destination: endpoint.text, isTranslated: true,
                isMasqueraded: isMarked && leaves && verdict == "accept")
            fates[fate, default: 0] += 1 / Double(endpoints.count)
        }
        return fates
    }

    /// The first Service port in order that takes the packet; nil if none does.
    private func choice(_ flow: Flow, _ source: ReferenceAddress, _ target: ReferenceAddress) -> Choice? {
        let candidates = ports.filter { $0.proto == flow.proto }
        for port in candidates where port.port == flow.port {
            if port.acceptsInternal, port.clusterIP == target.text {
                let isForeign = node.localTraffic != nil && !isLocalTraffic(flow.client, source)
                return Choice(
                    endpoints: port.isInternalLocal ? port.selection.local : port.selection.cluster,
                    isMasqueraded: settings.masqueradeAll || isForeign, hasAffinity: port.affinityTimeout != nil)
            }
            guard port.selection.hasAny else { continue }
            let isAdmitted = port.loadBalancerIPs.contains(target.text) && isAdmitted(source, to: port)
            if port.externalIPs.contains(target.text) || isAdmitted,
                let choice = externalChoice(port, flow.client, source)
            {
                return choice
            }
        }
        guard takesNodePorts(target) else { return nil }
        guard node.nodePorts.hasRules else { return nil }
        for port in candidates where port.nodePort != 0 && port.nodePort == flow.port && port.selection.hasAny {
            if let choice = externalChoice(port, flow.client, source) { return choice }
        }
        return nil
    }

    /// Traffic from outside: under the policy Local it keeps its source and stays on the node, but pods of the node and the
    /// node itself may go to all endpoints.
    private func externalChoice(_ port: ReferenceServicePort, _ client: Client, _ source: ReferenceAddress) -> Choice? {
        let hasAffinity = port.affinityTimeout != nil
        guard port.isExternalLocal else {
            return Choice(endpoints: port.selection.cluster, isMasqueraded: true, hasAffinity: hasAffinity)
        }
        if isLocalTraffic(client, source) || isHost(source) {
            return Choice(
                endpoints: port.selection.cluster, isMasqueraded: !isLocalTraffic(client, source),
                hasAffinity: hasAffinity)
        }
        if port.selection.local.isEmpty { return nil }
        return Choice(endpoints: port.selection.local, isMasqueraded: false, hasAffinity: hasAffinity)
    }

    private func isAdmitted(_ source: ReferenceAddress, to port: ReferenceServicePort) -> Bool {
        if port.sourceRanges.isEmpty || port.sourceRanges.contains(where: { $0.contains(source) }) { return true }
        // A node in the ranges may come from the load balancer's own address.
        return port.sourceRanges.contains { $0.contains(node.nodeIP) } && port.loadBalancerIPs.contains(source.text)
    }

    private func takesNodePorts(_ address: ReferenceAddress) -> Bool {
        guard node.nodePortsOnAllAddresses else { return node.nodePortAddresses.contains(address.text) }
        return isHost(address) && (!address.isLoopback || node.nodePorts.exception == nil)
    }

    // MARK: Refusals

    /// What becomes of a new packet once its destination is settled.
    private func verdict(
        _ flow: Flow, _ source: ReferenceAddress, _ target: ReferenceAddress, _ number: Int, isTranslated: Bool,
        isMasqueraded: Bool
    ) -> String {
        let candidates = ports.filter { $0.proto == flow.proto }
        let toHost = isHost(target)
        func first(_ fits: (ReferenceServicePort) -> Bool) -> String? {
            candidates.first(where: fits).map { $0.selection.hasAny ? "drop" : "reject" }
        }
        let internalRefusal = first { port in
            !port.acceptsInternal && port.clusterIP == target.text && port.port == number
        }
        let externalRefusal = first { port in
            guard !port.acceptsExternal else { return false }
            let hasAddress = port.externalIPs.contains(target.text) || port.loadBalancerIPs.contains(target.text)
            let hasNodePort = node.nodePorts.hasRules && port.nodePort != 0
            return hasAddress && port.port == number || hasNodePort && port.nodePort == number && toHost
        }
        let isShutOut = candidates.contains { port in
            port.usesFirewallChain && port.loadBalancerIPs.contains(target.text) && port.port == number
        }
        let isHealthCheck =
            flow.proto == "tcp" && ports.contains { $0.healthCheckPort != 0 && $0.healthCheckPort == number }
        let isForeignLoopback =
            node.localhostNodePorts && target.isLoopback && !source.isLoopback && !isTranslated

        if toHost || isHost(source), isForeignLoopback { return "drop" }
        if isShutOut { return "drop" }
        if isHost(source) {
            if let internalRefusal { return internalRefusal }
            return toHost && !isHealthCheck ? externalRefusal ?? "accept" : "accept"
        }
        if toHost { return isHealthCheck ? "accept" : externalRefusal ?? "accept" }
        return isMasqueraded ? "accept" : internalRefusal ?? externalRefusal ?? "accept"
    }
}

/// `ip:port`, with brackets around an IPv6 address.
private func endpointText(_ address: ReferenceAddress, _ port: Int) -> String {
    address.family == .ipv4 ? "\(address.text):\(port)" : "[\(address.text)]:\(port)"
}

extension ReferencePrefix {
    /// An address of the range: its network with the last bit set, where the range leaves that bit open.
    fileprivate var someAddress: ReferenceAddress {
        guard length < network.octets.count * 8 else { return network }
        return ReferenceAddress(octets: network.octets.dropLast() + [network.octets[network.octets.count - 1] | 1])
    }
}
