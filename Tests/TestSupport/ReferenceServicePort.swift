/// A service port of one IP family with everything that decides its rules.
struct ReferenceServicePort {
    let namespace: String
    let service: String
    let portName: String
    /// The API's word, in upper case.
    let protocolName: String

    let clusterIP: String
    let port: Int
    /// 0 if there is none.
    let nodePort: Int
    /// The external IPs for which rules are written.
    let externalIPs: [String]
    let loadBalancerIPs: [String]
    let sourceRanges: [ReferencePrefix]
    /// Seconds; nil without session affinity.
    let affinityTimeout: Int?
    /// 0 if there is none.
    let healthCheckPort: Int
    let isExternalLocal: Bool
    let isInternalLocal: Bool

    let endpointCount: Int
    /// Traffic may go to the endpoints of all nodes.
    let usesCluster: Bool
    /// Traffic may be kept on the node.
    let usesLocal: Bool
    let selection: ReferenceSelection
    let usesExternalChain: Bool

    init(
        _ port: ClusterDescription.ServicePort, of service: ClusterDescription.Service, clusterIP: ReferenceAddress,
        slices: [ClusterDescription.Slice], node: ReferenceNode, allowExternalIPs: Bool
    ) {
        let version = node.version
        namespace = service.namespace
        self.service = service.name
        portName = port.name ?? ""
        protocolName = port.protocolName ?? "TCP"
        self.clusterIP = clusterIP.text
        self.port = port.port
        nodePort = port.nodePort ?? 0

        let externalIPs = Self.addresses(service.externalIPs, node: node)
        self.externalIPs = allowExternalIPs || version.isUpTo(35) ? externalIPs : []
        let virtualIPs = service.ingress.filter { version.isUpTo(29) || $0.mode == nil || $0.mode == "VIP" }
        loadBalancerIPs = Self.addresses(virtualIPs.compactMap(\.ip), node: node)
        sourceRanges = Self.ranges(service.sourceRanges, node: node)
        affinityTimeout = service.sessionAffinity == "ClientIP" ? service.affinityTimeout ?? 10800 : nil

        let type = service.type ?? "ClusterIP"
        let isReachable =
            type == "LoadBalancer" || type == "NodePort" || (!service.externalIPs.isEmpty && !version.isUpTo(28))
        isExternalLocal = service.externalTrafficPolicy == "Local" && isReachable
        isInternalLocal = service.internalTrafficPolicy == "Local"
        healthCheckPort = type == "LoadBalancer" && isExternalLocal ? service.healthCheckNodePort ?? 0 : 0

        let endpoints = referenceEndpoints(
            slices: slices, portName: portName, protocolName: protocolName, node: node)
        let isExternal = nodePort != 0 || !loadBalancerIPs.isEmpty || !externalIPs.isEmpty
        endpointCount = endpoints.count
        usesCluster = !isInternalLocal || isExternal
        usesLocal = isInternalLocal || (isExternalLocal && isExternal)
        selection = ReferenceSelection(
            endpoints, usesCluster: usesCluster, usesLocal: usesLocal,
            asksForHints: !version.isUpTo(30) || service.asksForHints(version), node: node)
        usesExternalChain = selection.hasAny && isExternal
    }

    private static func addresses(_ texts: [String], node: ReferenceNode) -> [String] {
        texts.compactMap { text in
            guard let address = ReferenceAddress(text), address.family == node.family else { return nil }
            return node.version.isUpTo(29) ? text : address.text
        }
    }

    private static func ranges(_ texts: [String], node: ReferenceNode) -> [ReferencePrefix] {
        let ranges = texts.compactMap { ReferencePrefix(trimmed($0)) }.filter { $0.family == node.family }
        return !node.version.isUpTo(33) && ranges.contains { $0.length == 0 } ? [] : ranges
    }

    private static func trimmed(_ text: String) -> String {
        let kept = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        return String(kept)
    }
}

extension ReferenceServicePort {
    /// `namespace/service`, followed by `:port` where the port has a name.
    var name: String { "\(namespace)/\(service)" + (portName.isEmpty ? "" : ":\(portName)") }

    /// The protocol in lower case.
    var proto: String { protocolName.lowercased() }

    /// Traffic to the cluster IP finds an endpoint.
    var acceptsInternal: Bool { selection.hasAny && !(isInternalLocal && selection.local.isEmpty) }

    /// Traffic from outside finds an endpoint.
    var acceptsExternal: Bool { selection.hasAny && !(isExternalLocal && selection.local.isEmpty) }

    /// The load balancer's addresses are open to the source ranges alone.
    var usesFirewallChain: Bool { selection.hasAny && !loadBalancerIPs.isEmpty && !sourceRanges.isEmpty }

    func precedes(_ other: Self) -> Bool {
        let keys = zip(
            [namespace, service, portName, protocolName],
            [other.namespace, other.service, other.portName, other.protocolName])
        for (mine, theirs) in keys where mine != theirs { return bytesPrecede(mine, theirs) }
        return false
    }
}

extension ClusterDescription {
    /// The service ports of the settings' family in the order of their rules.
    func referenceServicePorts(node: ReferenceNode) -> [ReferenceServicePort] {
        var servicePorts: [ReferenceServicePort] = []
        for service in services {
            // The recorded texts of nftables mode were made from objects that had been selected as 1.36 does.
            let sharesSelector = node.version.isUpTo(35) && settings.proxyMode != "nftables"
            if sharesSelector, service.isHeadless { continue }
            guard let clusterIP = service.consideredClusterIP(of: settings.family) else { continue }
            let slices = slices.filter { slice in
                slice.isConsidered(for: service, family: settings.family)
                    && !(sharesSelector && slice.proxyName != nil)
            }
            servicePorts += service.ports.map { port in
                ReferenceServicePort(
                    port, of: service, clusterIP: clusterIP, slices: slices, node: node,
                    allowExternalIPs: settings.allowExternalIPs)
            }
        }
        return servicePorts.sorted { $0.precedes($1) }
    }
}

extension ClusterDescription.Service {
    /// The cluster IP of a family; nil if kube-proxy passes the Service over.
    fileprivate func consideredClusterIP(of family: ClusterDescription.Family) -> ReferenceAddress? {
        guard proxyName == nil, type != "ExternalName", let clusterIP, !clusterIP.isEmpty, clusterIP != "None" else {
            return nil
        }
        if families.isEmpty {
            return ReferenceAddress(clusterIP).flatMap { $0.family == family ? $0 : nil }
        }
        guard let index = families.firstIndex(of: family), index < clusterIPs.count else { return nil }
        return ReferenceAddress(clusterIPs[index])
    }
}

extension ClusterDescription.Slice {
    fileprivate func isConsidered(
        for service: ClusterDescription.Service, family: ClusterDescription.Family
    ) -> Bool {
        !isHeadless && addressType == family.rawValue && namespace == service.namespace && self.service == service.name
    }
}
