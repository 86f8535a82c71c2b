import KubeChainsBytes

/// A large cluster made by rule: so many Services, each with so many endpoints, on nodes in three zones.
struct SyntheticCluster {
    let services: Int
    let endpointsPerService: Int
    /// By default as many as such a cluster has pods for, up to Kubernetes' limit.
    let nodes: Int
    /// Whether every second Service with a node port, which is 5 % of all, has externalTrafficPolicy Local.
    let hasLocalPolicies: Bool

    init(services: Int, endpointsPerService: Int, nodes: Int? = nil, hasLocalPolicies: Bool = false) {
        self.services = services
        self.endpointsPerService = endpointsPerService
        self.nodes = nodes ?? min(5000, max(3, services * endpointsPerService / 50))
        self.hasLocalPolicies = hasLocalPolicies
    }

    /// Writes the cluster as one List: Services, then EndpointSlices, then Nodes.
    func write(to emitter: inout JSONEmitter) {
        emitter.open("{")
        emitter.member("apiVersion", "v1")
        emitter.key("items")
        emitter.open("[")
        for index in 0..<services {
            emitter.element()
            writeService(index, &emitter)
        }
        for index in 0..<services {
            // The controller puts at most 100 endpoints into a slice.
            for start in stride(from: 0, to: endpointsPerService, by: 100) {
                emitter.element()
                writeSlice(of: index, start..<min(start + 100, endpointsPerService), &emitter)
            }
        }
        for index in 0..<nodes {
            emitter.element()
            writeNode(index, &emitter)
        }
        emitter.close("]")
        emitter.member("kind", "List")
        emitter.key("metadata")
        emitter.open("{")
        emitter.member("resourceVersion", "")
        emitter.close("}")
        emitter.close("}")
        if emitter.text.totalCount > 0 { emitter.literal("\n") }
    }

    private func namespace(_ index: Int) -> String { "team-\(index % 40)" }
    private func name(_ index: Int) -> String { "service-\(index)" }

    private func uid(_ index: Int) -> String {
        let digits = String(UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15, radix: 16)
        let padded = String(repeating: "0", count: 16 - digits.count) + digits
        return "\(padded.prefix(8))-\(padded.dropFirst(8).prefix(4))-4b1c-9f3a-\(padded.dropFirst(12))0000cafe"
    }

    private func writeMetadata(
        _ index: Int, _ name: String, _ emitter: inout JSONEmitter,
        _ more: (inout JSONEmitter) -> Void
    ) {
        emitter.key("metadata")
        emitter.open("{")
        emitter.member("creationTimestamp", "2026-01-01T00:00:00Z")
        more(&emitter)
        emitter.member("name", name)
        emitter.member("namespace", namespace(index))
        emitter.member("resourceVersion", "\(1_000_000 + index)")
        emitter.member("uid", uid(index))
        emitter.close("}")
    }

    private func writeService(_ index: Int, _ emitter: inout JSONEmitter) {
        let address = "172.\(16 + index >> 16).\(index >> 8 & 255).\(index & 255)"
        let isNodePort = index % 10 == 9
        emitter.open("{")
        emitter.member("apiVersion", "v1")
        emitter.member("kind", "Service")
        writeMetadata(index, name(index), &emitter) { emitter in
            emitter.key("labels")
            emitter.open("{")
            emitter.member("app", name(index))
            emitter.close("}")
        }
        emitter.key("spec")
        emitter.open("{")
        emitter.member("clusterIP", address)
        emitter.key("clusterIPs")
        emitter.open("[")
        emitter.element()
        emitter.string(address)
        emitter.close("]")
        if isNodePort {
            emitter.member("externalTrafficPolicy", hasLocalPolicies && index % 20 == 19 ? "Local" : "Cluster")
        }
        emitter.member("internalTrafficPolicy", "Cluster")
        emitter.key("ipFamilies")
        emitter.open("[")
        emitter.element()
        emitter.string("IPv4")
        emitter.close("]")
        emitter.member("ipFamilyPolicy", "SingleStack")
        emitter.key("ports")
        emitter.open("[")
        emitter.element()
        emitter.open("{")
        emitter.member("name", "http")
        if isNodePort { emitter.member("nodePort", 30_000 + index / 10 % 2768) }
        emitter.member("port", 80)
        emitter.member("protocol", "TCP")
        emitter.member("targetPort", 8080)
        emitter.close("}")
        emitter.close("]")
        emitter.key("selector")
        emitter.open("{")
        emitter.member("app", name(index))
        emitter.close("}")
        emitter.member("sessionAffinity", "None")
        emitter.member("type", isNodePort ? "NodePort" : "ClusterIP")
        emitter.close("}")
        emitter.key("status")
        emitter.open("{")
        emitter.key("loadBalancer")
        emitter.open("{")
        emitter.close("}")
        emitter.close("}")
        emitter.close("}")
    }

    private func writeSlice(of index: Int, _ range: Range<Int>, _ emitter: inout JSONEmitter) {
        emitter.open("{")
        emitter.member("addressType", "IPv4")
        emitter.member("apiVersion", "discovery.k8s.io/v1")
        emitter.key("endpoints")
        emitter.open("[")
        for endpoint in range {
            emitter.element()
            writeEndpoint(index * endpointsPerService + endpoint, of: index, &emitter)
        }
        emitter.close("]")
        emitter.member("kind", "EndpointSlice")
        writeMetadata(index, "\(name(index))-\(uid(index + range.lowerBound).prefix(5))", &emitter) { emitter in
            emitter.member("generateName", name(index) + "-")
            emitter.member("generation", 3)
            emitter.key("labels")
            emitter.open("{")
            emitter.member("app", name(index))
            emitter.member("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io")
            emitter.member("kubernetes.io/service-name", name(index))
            emitter.close("}")
        }
        emitter.key("ports")
        emitter.open("[")
        emitter.element()
        emitter.open("{")
        emitter.member("name", "http")
        emitter.member("port", 8080)
        emitter.member("protocol", "TCP")
        emitter.close("}")
        emitter.close("]")
        emitter.close("}")
    }

    private func writeEndpoint(_ number: Int, of index: Int, _ emitter: inout JSONEmitter) {
        let node = number % nodes
        emitter.open("{")
        emitter.key("addresses")
        emitter.open("[")
        emitter.element()
        emitter.string("10.\(node >> 8).\(node & 255).\(2 + number / nodes % 250)")
        emitter.close("]")
        emitter.key("conditions")
        emitter.open("{")
        emitter.member("ready", true)
        emitter.member("serving", true)
        emitter.member("terminating", false)
        emitter.close("}")
        emitter.member("nodeName", nodeName(node))
        emitter.key("targetRef")
        emitter.open("{")
        emitter.member("kind", "Pod")
        emitter.member("name", "\(name(index))-\(uid(index).prefix(8))-\(uid(number).prefix(5))")
        emitter.member("namespace", namespace(index))
        emitter.member("uid", uid(number))
        emitter.close("}")
        emitter.member("zone", zone(node))
        emitter.close("}")
    }

    private func nodeName(_ node: Int) -> String { "node-\(node)" }
    private func zone(_ node: Int) -> String { "zone-\(node % 3)" }

    private func writeNode(_ index: Int, _ emitter: inout JSONEmitter) {
        emitter.open("{")
        emitter.member("apiVersion", "v1")
        emitter.member("kind", "Node")
        emitter.key("metadata")
        emitter.open("{")
        emitter.key("labels")
        emitter.open("{")
        emitter.member("kubernetes.io/hostname", nodeName(index))
        emitter.member("topology.kubernetes.io/zone", zone(index))
        emitter.close("}")
        emitter.member("name", nodeName(index))
        emitter.member("uid", uid(index))
        emitter.close("}")
        emitter.key("spec")
        emitter.open("{")
        emitter.key("podCIDRs")
        emitter.open("[")
        emitter.element()
        emitter.string("10.\(index >> 8).\(index & 255).0/24")
        emitter.close("]")
        emitter.close("}")
        emitter.key("status")
        emitter.open("{")
        emitter.key("addresses")
        emitter.open("[")
        emitter.element()
        emitter.open("{")
        emitter.member("address", "192.168.\(index >> 8).\(index & 255)")
        emitter.member("type", "InternalIP")
        emitter.close("}")
        emitter.close("]")
        emitter.close("}")
        emitter.close("}")
    }
}
