import KubeChainsBytes

/// A snapshot of one node in which one thing is large.
struct GrowthSnapshot {
    /// What is large.
    enum Kind: String {
        /// Slices of one Service, with an endpoint each.
        case slices
        /// Source ranges, load-balancer IPs or external IPs of one Service with one endpoint.
        case sourceRanges, loadBalancerIPs, externalIPs
        /// Ports of one Service, each with a slice of its own.
        case portsAndSlices
        /// Ports of one Service, and as many slices with other ports.
        case portsAndOtherSlices
        /// Services without slices, in lists nested 240 deep.
        case nestedLists
        /// Services with an endpoint each, of which the first 2,700 have node ports.
        case services
    }

    let kind: Kind
    let count: Int

    /// How deep the lists are.
    private static let depth = 240

    /// Writes the objects as one List.
    func write(to emitter: inout JSONEmitter) {
        let depth = kind == .nestedLists ? Self.depth : 1
        for level in 0..<depth {
            if level > 0 { emitter.element() }
            emitter.open("{")
            emitter.member("apiVersion", "v1")
            emitter.member("kind", "List")
            emitter.key("items")
            emitter.open("[")
        }
        writeNode(&emitter)
        switch kind {
        case .services, .nestedLists:
            for index in 0..<count {
                let nodePort = kind == .services && index < 2700 ? 30_000 + index : nil
                writeService(index, type: nodePort == nil ? "ClusterIP" : "NodePort", nodePort: nodePort, &emitter)
                if kind == .services { writeSlice(index, of: index, endpoint: index, &emitter) }
            }
        case .slices:
            writeService(0, &emitter)
            for index in 0..<count { writeSlice(index, of: 0, endpoint: index, &emitter) }
        case .sourceRanges:
            writeService(0, type: "LoadBalancer", nodePort: 30_080, ranges: count, loadBalancerIPs: 1, &emitter)
            writeSlice(0, of: 0, endpoint: 0, &emitter)
        case .loadBalancerIPs:
            writeService(0, type: "LoadBalancer", nodePort: 30_080, ranges: 1, loadBalancerIPs: count, &emitter)
            writeSlice(0, of: 0, endpoint: 0, &emitter)
        case .externalIPs:
            writeService(0, externalIPs: count, &emitter)
            writeSlice(0, of: 0, endpoint: 0, &emitter)
        case .portsAndSlices, .portsAndOtherSlices:
            writeService(0, ports: count, &emitter)
            let prefix = kind == .portsAndSlices ? "p" : "q"
            for index in 0..<count {
                writeSlice(index, of: 0, endpoint: index, port: "\(prefix)\(index)", &emitter)
            }
        }
        for _ in 0..<depth {
            emitter.close("]")
            emitter.close("}")
        }
    }

    private func address(_ number: Int, in network: Int) -> String {
        "\(network).\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
    }

    private func writeNode(_ emitter: inout JSONEmitter) {
        begin("Node", version: "v1", "n0", &emitter)
        emitter.key("status")
        emitter.open("{")
        emitter.key("addresses")
        emitter.open("[")
        emitter.element()
        emitter.open("{")
        emitter.member("type", "InternalIP")
        emitter.member("address", "192.168.0.10")
        emitter.close("}")
        emitter.close("]")
        emitter.close("}")
        emitter.close("}")
    }

    private func writeService(
        _ index: Int, type: String = "ClusterIP", nodePort: Int? = nil, ports: Int = 1, ranges: Int = 0,
        loadBalancerIPs: Int = 0, externalIPs: Int = 0, _ emitter: inout JSONEmitter
    ) {
        begin("Service", version: "v1", "s\(index)", &emitter)
        emitter.key("spec")
        emitter.open("{")
        emitter.member("type", type)
        emitter.member("clusterIP", "10.\(96 + index >> 16).\(index >> 8 & 255).\(index & 255)")
        list("externalIPs", (0..<externalIPs).map { address($0, in: 203) }, &emitter)
        list("loadBalancerSourceRanges", (0..<ranges).map { address($0 << 8, in: 11) + "/24" }, &emitter)
        emitter.key("ports")
        emitter.open("[")
        for port in 0..<ports {
            emitter.element()
            emitter.open("{")
            emitter.member("name", ports == 1 ? "p" : "p\(port)")
            emitter.member("port", ports == 1 ? 80 : 1 + port)
            if let nodePort { emitter.member("nodePort", nodePort) }
            emitter.close("}")
        }
        emitter.close("]")
        emitter.close("}")
        emitter.key("status")
        emitter.open("{")
        emitter.key("loadBalancer")
        emitter.open("{")
        emitter.key("ingress")
        emitter.open("[")
        for number in 0..<loadBalancerIPs {
            emitter.element()
            emitter.open("{")
            emitter.member("ip", address(number, in: 203))
            emitter.close("}")
        }
        emitter.close("]")
        emitter.close("}")
        emitter.close("}")
        emitter.close("}")
    }

    private func writeSlice(
        _ index: Int, of service: Int, endpoint: Int, port: String = "p", _ emitter: inout JSONEmitter
    ) {
        begin("EndpointSlice", version: "discovery.k8s.io/v1", "e\(index)", service: "s\(service)", &emitter)
        emitter.member("addressType", "IPv4")
        emitter.key("endpoints")
        emitter.open("[")
        emitter.element()
        emitter.open("{")
        list("addresses", ["10.\(128 + endpoint >> 16).\(endpoint >> 8 & 255).\(endpoint & 255)"], &emitter)
        emitter.member("nodeName", "n0")
        emitter.close("}")
        emitter.close("]")
        emitter.key("ports")
        emitter.open("[")
        emitter.element()
        emitter.open("{")
        emitter.member("name", port)
        emitter.member("port", 8080)
        emitter.close("}")
        emitter.close("]")
        emitter.close("}")
    }

    /// Begins an object of a list, which the caller closes.
    private func begin(
        _ kind: String, version: String, _ name: String, service: String? = nil, _ emitter: inout JSONEmitter
    ) {
        emitter.element()
        emitter.open("{")
        emitter.member("apiVersion", version)
        emitter.member("kind", kind)
        emitter.key("metadata")
        emitter.open("{")
        emitter.member("name", name)
        if kind != "Node" { emitter.member("namespace", "default") }
        if let service {
            emitter.key("labels")
            emitter.open("{")
            emitter.member("kubernetes.io/service-name", service)
            emitter.close("}")
        }
        emitter.close("}")
    }

    private func list(_ key: StaticString, _ texts: [String], _ emitter: inout JSONEmitter) {
        emitter.key(key)
        emitter.open("[")
        for text in texts {
            emitter.element()
            emitter.string(text)
        }
        emitter.close("]")
    }
}
