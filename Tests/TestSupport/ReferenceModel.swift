/// An independent model of kube-proxy 1.24 to 1.37 in iptables mode: what its first sync writes for one node and one IP
/// family.
///
/// It works on plain values, straight from the rules' description and without regard to speed, so that the product can
/// be compared with it byte for byte over many random clusters.
public struct ReferenceModel: Sendable {
    /// The entire text for iptables-restore or ip6tables-restore.
    public let text: String
    /// The number of chains and rules, added up from the decisions for each service port, not counted in ``text``; in the
    /// newest recorded version.
    public let counts: Counts
    /// The endpoints of each service port, in the order of the text.
    public let shares: [Shares]
    /// The number of endpoints in every condition; above ``largeClusterThreshold`` kube-proxy leaves comments out.
    public let endpointCount: Int

    private let chains: [ServiceChainList]

    /// The number of endpoints up to which comments are written at balancing rules and endpoint chains.
    public static let largeClusterThreshold = 1000

    /// Works out the rules of a cluster.
    public init(_ cluster: ClusterDescription) {
        let node = ReferenceNode(cluster)
        let ports = cluster.referenceServicePorts(node: node)
        let endpointCount = ports.reduce(0) { $0 + $1.endpointCount }
        var writer = ReferenceText(
            node: node, settings: cluster.settings, isLargeCluster: endpointCount > Self.largeClusterThreshold)
        chains = ports.map { port in
            ServiceChainList(namespace: port.namespace, service: port.service, names: writer.append(port))
        }
        text = writer.text
        counts = ports.reduce(Counts(node: node, settings: cluster.settings)) { counts, port in
            counts + Counts(port, node: node, settings: cluster.settings)
        }
        shares = ports.map(Shares.init)
        self.endpointCount = endpointCount
    }

    /// The nat chains which the text declares for the ports of a Service, its endpoints' chains included, in order.
    public func chainNames(namespace: String, name: String) -> [String] {
        chains.filter { $0.namespace == namespace && $0.service == name }.flatMap(\.names)
    }

    private struct ServiceChainList: Sendable {
        let namespace: String
        let service: String
        let names: [String]
    }

    /// The endpoints of one service port to which traffic goes in equal shares.
    public struct Shares: Sendable, Equatable {
        /// The namespace of the Service.
        public let namespace: String
        /// The name of the Service.
        public let service: String
        /// Empty for a port without a name.
        public let portName: String
        /// In lower case.
        public let proto: String
        /// `namespace/service`, followed by `:port` where the port has a name.
        public let name: String
        /// The `ip:port` of each endpoint for the policy Cluster.
        public let cluster: [String]
        /// The `ip:port` of each endpoint for the policy Local.
        public let local: [String]

        init(_ port: ReferenceServicePort) {
            namespace = port.namespace
            service = port.service
            portName = port.portName
            proto = port.proto
            name = port.name
            cluster = port.selection.cluster.map(\.text)
            local = port.selection.local.map(\.text)
        }
    }
}

extension ReferenceModel {
    /// How many chains a text declares and how many rules it adds, by table.
    public struct Counts: Sendable, Equatable {
        /// Chains declared in the filter table.
        public var filterChains: Int
        /// Rules added to the filter table.
        public var filterRules: Int
        /// Chains declared in the nat table.
        public var natChains: Int
        /// Rules added to the nat table.
        public var natRules: Int

        /// Creates a set of counts.
        public init(filterChains: Int, filterRules: Int, natChains: Int, natRules: Int) {
            self.filterChains = filterChains
            self.filterRules = filterRules
            self.natChains = natChains
            self.natRules = natRules
        }

        static func + (first: Self, second: Self) -> Self {
            Self(
                filterChains: first.filterChains + second.filterChains,
                filterRules: first.filterRules + second.filterRules,
                natChains: first.natChains + second.natChains,
                natRules: first.natRules + second.natRules)
        }
    }
}

extension ReferenceModel.Counts {
    /// What is written without any Service: the shared chains, the masquerade and forward rules, the node port tail.
    init(node: ReferenceNode, settings: ClusterDescription.Settings) {
        let localnetGuard = node.localhostNodePorts ? 1 : 0
        let tail = node.nodePortsOnAllAddresses ? 1 : node.nodePortAddresses.count
        self.init(
            filterChains: 5 + localnetGuard,
            filterRules: localnetGuard + (settings.conntrackTCPLiberal ? 2 : 3),
            natChains: 4,
            natRules: 4 + tail)
    }

    /// What one service port adds.
    init(_ port: ReferenceServicePort, node: ReferenceNode, settings: ClusterDescription.Settings) {
        let hasAny = port.selection.hasAny
        let loadBalancerIPs = port.loadBalancerIPs.count
        let hasNodePort = port.nodePort == 0 ? 0 : 1
        self.init(filterChains: 0, filterRules: 0, natChains: 0, natRules: 0)

        if !port.acceptsInternal { filterRules += 1 }
        if !port.acceptsExternal { filterRules += port.externalIPs.count + loadBalancerIPs + hasNodePort }
        if port.usesFirewallChain { filterRules += loadBalancerIPs }
        if port.healthCheckPort != 0 { filterRules += 1 }

        if port.acceptsInternal {
            natRules += settings.masqueradeAll || node.localTraffic != nil ? 2 : 1
        }
        if hasAny {
            let nodePortRules = settings.nfacctCounters && node.localhostNodePorts ? 2 : 1
            natRules += port.externalIPs.count + loadBalancerIPs + hasNodePort * nodePortRules
        }
        if port.usesExternalChain {
            let localPolicyRules = node.localTraffic == nil ? 2 : 3
            natChains += 1
            natRules += (port.isExternalLocal ? localPolicyRules : 1) + (port.acceptsExternal ? 1 : 0)
        }
        if port.usesFirewallChain {
            let admitsNode = port.sourceRanges.contains { $0.contains(node.nodeIP) }
            natChains += 1
            natRules += port.sourceRanges.count + (admitsNode ? loadBalancerIPs : 0) + 1
        }
        for endpoints in [port.selection.cluster, port.selection.local] where !endpoints.isEmpty {
            natChains += 1
            natRules += endpoints.count * (port.affinityTimeout == nil ? 1 : 2)
        }
        natChains += port.selection.reached.count
        natRules += 2 * port.selection.reached.count
    }
}
