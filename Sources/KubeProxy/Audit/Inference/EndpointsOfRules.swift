internal import Iptables
internal import KubeObjects
internal import NetAddress

/// What kube-proxy would write for some Service ports if their endpoints were those that a node's rules have. What then
/// still differs is not explained by rules and a snapshot of different age.
struct EndpointsOfRules {
    private let rules: RulesByService
    private let hashes: Set<ChainHash>

    /// - Parameter changed: the Service ports, by their hashes. One plan is made for all of them.
    init?(_ iptables: IptablesPlan, _ changed: Set<ChainHash>, _ live: ChainsByName, _ names: ChainOwners) {
        let plan = iptables.plan
        let snapshot = plan.snapshot
        var services: [Int: Service] = [:]
        var slices: [EndpointSlice] = []
        let dropped = EndpointsOfRules.droppedFrontends(live)
        var node = plan.node.name.flatMap { DNSSubdomain($0) }.map { Node(name: $0) }
        if let known = snapshot.nodes.first(where: { $0.name.text == plan.node.name }) { node = known }
        for port in plan.servicePorts where changed.contains(iptables.hash(of: port)) {
            services[port.serviceIndex] = snapshot.services[port.serviceIndex]
            slices += EndpointsOfRules.slices(of: port, iptables.chains(of: port), live, node, dropped, slices.count)
        }
        guard !services.isEmpty,
            let small = try? ClusterSnapshot(
                services: services.sorted { $0.key < $1.key }.map(\.value), endpointSlices: slices,
                nodes: node.map { [$0] } ?? [])
        else { return nil }
        var settings = plan.settings
        settings.nodeName = plan.node.name
        settings.version = plan.version.version
        guard let small = try? NodePlan(small, settings) else { return nil }
        let expected = IptablesPlan(small)
        rules = RulesByService(ChainsByName(expected.ruleset(keepsComments: false)), names)
        hashes = Set(small.servicePorts.map { expected.hash(of: $0) })
    }

    /// What differs in a Service port all the same; nil: nothing is known of it.
    func details(_ hash: ChainHash, _ live: RulesByService) -> [RuleDetail]? {
        guard hashes.contains(hash) else { return nil }
        return RuleComparison.details(ServiceFacts(hash, rules), ServiceFacts(hash, live))
    }

    /// Slices with the endpoints that the rules of a Service port have.
    private static func slices(
        of port: ServicePortPlan, _ chains: ServicePortChains, _ live: ChainsByName, _ node: Node?,
        _ dropped: Set<Frontend>, _ number: Int
    ) -> [EndpointSlice] {
        let cluster = live.endpoints(ofPolicy: chains.clusterPolicy) ?? []
        let local = live.endpoints(ofPolicy: chains.localPolicy) ?? []
        var byPort: [UInt16: [Endpoint]] = [:]
        for reference in cluster.union(local) {
            guard case .address(let address, let number) = reference, address.family == port.clusterIP.family else {
                continue
            }
            let isLocal = local.contains(reference)
            byPort[number, default: []].append(Endpoint(address: address, nodeName: isLocal ? node?.name.text : nil))
        }
        if byPort.isEmpty, port.frontends.contains(where: { dropped.contains($0.frontend) }) {
            // Packets are dropped, not refused: there are endpoints, but none on this node.
            byPort[9] = [Endpoint(address: port.clusterIP)]
        }
        return byPort.sorted { $0.key < $1.key }.enumerated().compactMap { index, entry in
            guard let name = DNSSubdomain("s\(number + index)") else { return nil }
            return EndpointSlice(
                namespace: port.name.namespace, name: name, serviceName: port.name.service,
                family: port.clusterIP.family,
                ports: [EndpointPort(name: port.name.port, transport: port.name.transport, port: entry.key)],
                endpoints: entry.value)
        }
    }

    /// The frontends whose packets are dropped, as they are where a Service has endpoints on other nodes only.
    static func droppedFrontends(_ live: ChainsByName) -> Set<Frontend> {
        var found: Set<Frontend> = []
        for chain in ["KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES"] {
            for rule in live.rules("filter", chain) where rule.target == .drop {
                if let frontend = rule.frontend { found.insert(frontend) }
            }
        }
        return found
    }
}
