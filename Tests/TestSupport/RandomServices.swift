/// Random Services with every field that matters to kube-proxy.
extension SeededGenerator {
    mutating func services(for family: Family) -> [ClusterDescription.Service] {
        let count = number(in: 1...pick([4, 8, 12]))
        var services: [ClusterDescription.Service] = []
        while services.count < count {
            let service = service(for: family)
            let isTaken = services.contains { $0.namespace == service.namespace && $0.name == service.name }
            if !isTaken { services.append(service) }
        }
        return services
    }

    private mutating func service(for family: Family) -> ClusterDescription.Service {
        let namespace = pick(["default", "kube-system", "ns", "ns-1", "ns1", "a", "a-b", "a0"])
        let name = pick(["a", "a-b", "db", "web", "web-api", "kube-dns", "svc", "svc-1", "svc-10", "svc-2"])
        var service = ClusterDescription.Service(namespace: namespace, name: name)
        service.type = pick(weighted: [
            (40, "ClusterIP"), (20, "NodePort"), (32, "LoadBalancer"), (4, "ExternalName"), (4, nil),
        ])
        if chance(1, in: 25) { service.proxyName = pick(["", "my-proxy"]) }
        setClusterIPs(of: &service, for: family)
        setPorts(of: &service)
        setExternalAddresses(of: &service, for: family)
        setPolicies(of: &service)
        return service
    }

    private mutating func setClusterIPs(of service: inout ClusterDescription.Service, for family: Family) {
        if service.type == "ExternalName" && chance(2, in: 3) { return }
        let families: [Family] = pick(weighted: [
            (65, [family]), (10, [family.other]), (15, [family, family.other]), (10, [family.other, family]),
        ])
        service.clusterIPs = families.map { clusterIP($0) }
        service.clusterIP = service.clusterIPs.first
        service.families = families
        switch number(in: 1...100) {
        case 1...12:
            service.families = []
            if chance(1, in: 2) { service.clusterIPs = [] }
        case 13...16:
            service.clusterIP = "None"
            service.clusterIPs = ["None"]
        case 17: service.clusterIP = ""
        case 18:
            service.clusterIP = nil
            service.clusterIPs = []
        case 19, 20: service.clusterIPs.removeLast()
        default: break
        }
    }

    private mutating func setPorts(of service: inout ClusterDescription.Service) {
        let names = shuffled(["http", "https", "metrics", "dns", "dns-tcp", "grpc-web", "a", "p80", "a-b", "0x"])
        let count = pick(weighted: [(4, 0), (56, 1), (25, 2), (10, 3), (5, 4)])
        let hasNodePorts = service.type == "NodePort" || service.type == "LoadBalancer"
        service.ports = (0..<count).map { index in
            let isUnnamed = index == 0 && chance(1, in: count == 1 ? 2 : 20)
            let unnamed: String? = chance(1, in: 4) ? "" : nil
            var port = ClusterDescription.ServicePort(
                name: isUnnamed ? unnamed : names[index],
                protocolName: protocolName(),
                port: chance(1, in: 6) ? number(in: 1...65535) : pick([53, 80, 443, 8080, 9090]))
            if chance(hasNodePorts ? 18 : 1, in: 20) { port.nodePort = number(in: 30000...32767) }
            if port.nodePort == nil && chance(1, in: 8) { port.nodePort = 0 }
            return port
        }
    }

    mutating func protocolName() -> String? {
        pick(weighted: [(66, "TCP"), (24, "UDP"), (7, "SCTP"), (3, nil)])
    }

    private mutating func setExternalAddresses(of service: inout ClusterDescription.Service, for family: Family) {
        let isBalanced = service.type == "LoadBalancer"
        if chance(1, in: 4) {
            for _ in 1...number(in: 1...3) {
                let shared = family == .ipv4 ? "198.51.100.90" : "2001:db8:98::a"
                let repeated = service.externalIPs.last ?? shared
                service.externalIPs.append(
                    pick(weighted: [
                        (10, externalIP(family)), (4, externalIP(family.other)), (2, shared), (1, repeated),
                        (2, bogusAddress()),
                    ]))
            }
        }
        if chance(isBalanced ? 16 : 1, in: 20) {
            for _ in 1...number(in: 1...3) { service.ingress.append(ingress(for: family)) }
        }
        if chance(isBalanced ? 9 : 1, in: 20) {
            for _ in 1...number(in: 1...4) { service.sourceRanges.append(sourceRange()) }
            if chance(1, in: 6) { service.sourceRanges.append(service.sourceRanges[0]) }
        }
    }

    private mutating func ingress(for family: Family) -> ClusterDescription.Ingress {
        let mode = pick(weighted: [(4, nil), (4, "VIP"), (2, "Proxy")])
        let hostname = chance(1, in: 5) ? "lb.example.com" : nil
        let ip = pick(weighted: [
            (14, loadBalancerIP(family)), (4, loadBalancerIP(family.other)), (1, bogusAddress()), (1, ""), (3, nil),
        ])
        return ClusterDescription.Ingress(ip: ip, hostname: ip == nil ? "lb2.example.com" : hostname, mode: mode)
    }

    private mutating func setPolicies(of service: inout ClusterDescription.Service) {
        let isExternal = service.type == "NodePort" || service.type == "LoadBalancer" || !service.externalIPs.isEmpty
        service.externalTrafficPolicy =
            isExternal
            ? pick(weighted: [(50, "Cluster"), (45, "Local"), (5, nil)])
            : pick(weighted: [(80, nil), (15, "Cluster"), (5, "Local")])
        // kube-proxy itself ignores the policy Local where the type is absent; the API server always fills the type in.
        if service.type == nil { service.externalTrafficPolicy = nil }
        service.internalTrafficPolicy = pick(weighted: [(40, nil), (40, "Cluster"), (20, "Local")])
        service.sessionAffinity = pick(weighted: [(72, "None"), (23, "ClientIP"), (5, nil)])
        if service.sessionAffinity == "ClientIP" {
            service.affinityTimeout = pick(weighted: [(9, pick([1, 60, 3600, 10800, 86400])), (1, nil)])
        }
        let needsHealthCheck = service.type == "LoadBalancer" && service.externalTrafficPolicy == "Local"
        if chance(needsHealthCheck ? 17 : 1, in: 20) {
            service.healthCheckNodePort = pick(weighted: [(19, number(in: 30000...32767)), (1, 0)])
        }
    }
}
