/// Random EndpointSlices for random Services.
extension SeededGenerator {
    /// The slices of the Services, some of which do not fit, and some of Services that do not exist.
    mutating func slices(
        for services: [ClusterDescription.Service], nodes: [ClusterDescription.Node],
        settings: ClusterDescription.Settings
    ) -> [ClusterDescription.Slice] {
        var factory = SliceFactory(
            nodeNames: nodes.map(\.name) + ["other-node"], ownNode: settings.node,
            ownZone: nodes.first { $0.name == settings.node }?.zone)
        var slices: [ClusterDescription.Slice] = []
        for service in services {
            let count = pick(weighted: [(2, 0), (5, 1), (3, 2), (2, 3)])
            slices += factory.slices(of: service, family: settings.family, count: count, using: &self)
            if chance(1, in: 3) {
                slices += factory.slices(
                    of: service, family: settings.family.other, count: number(in: 0...2), using: &self)
            }
        }
        if chance(1, in: 5) {
            var unknown = ClusterDescription.Service(namespace: pick(["a", "ns-1", "nowhere"]), name: "gone")
            unknown.ports = [ClusterDescription.ServicePort(name: nil, protocolName: "TCP", port: 80)]
            slices += factory.slices(of: unknown, family: settings.family, count: 1, using: &self)
        }
        return slices
    }

    /// Slices of one Service in which a port has exactly `count` endpoints of a family, 100 to a slice.
    mutating func largeSlices(
        of service: ClusterDescription.Service, family: Family, count: Int, nodeNames: [String]
    ) -> [ClusterDescription.Slice] {
        stride(from: 0, to: count, by: 100).map { start in
            var slice = ClusterDescription.Slice(
                namespace: service.namespace, name: "\(service.name)-large-\(start / 100)", service: service.name,
                addressType: family.rawValue)
            slice.ports = service.ports.map { port in
                ClusterDescription.SlicePort(name: port.name ?? "", protocolName: port.protocolName, port: 8080)
            }
            slice.endpoints = (start..<min(start + 100, count)).map { index in
                let address = family == .ipv4 ? "10.7.\(index / 250).\(index % 250)" : "fd00:7::\(index + 1)"
                var endpoint = ClusterDescription.Endpoint(addresses: [address])
                endpoint.ready = chance(29, in: 30)
                endpoint.nodeName = pick(nodeNames)
                return endpoint
            }
            return slice
        }
    }
}

/// Makes slices whose endpoints lie on the nodes of one cluster.
private struct SliceFactory {
    let nodeNames: [String]
    let ownNode: String
    let ownZone: String?
    private var nextNumber = 0

    init(nodeNames: [String], ownNode: String, ownZone: String?) {
        self.nodeNames = nodeNames
        self.ownNode = ownNode
        self.ownZone = ownZone
    }

    /// Which hints the endpoints of a Service carry.
    private enum HintStyle {
        case none, zones, nodes, both, some
    }

    mutating func slices(
        of service: ClusterDescription.Service, family: ClusterDescription.Family, count: Int,
        using generator: inout SeededGenerator
    ) -> [ClusterDescription.Slice] {
        let style = generator.pick(weighted: [
            (50, HintStyle.none), (18, .zones), (10, .nodes), (10, .both), (12, .some),
        ])
        let isHealthy = generator.chance(3, in: 5)
        let basePorts = service.ports.map { slicePort(for: $0, using: &generator) }
        var addresses: [String] = []
        return (0..<count).map { _ in
            var slice = slice(of: service, family: family, using: &generator)
            slice.ports = basePorts.compactMap { changed($0, using: &generator) }
            if generator.chance(1, in: 5) { slice.ports.append(foreignPort(using: &generator)) }
            let size = generator.chance(1, in: 8) ? 0 : generator.number(in: 1...generator.pick([2, 5, 9]))
            slice.endpoints = (0..<size).map { _ in
                let isRepeated = !addresses.isEmpty && generator.chance(1, in: 6)
                let address = isRepeated ? generator.pick(addresses) : generator.podIP(family)
                addresses.append(address)
                let text = slice.addressType == "FQDN" ? "pod.example.com" : generator.spelled(address)
                return endpoint(text, isHealthy: isHealthy, style: style, using: &generator)
            }
            return slice
        }
    }

    private mutating func slice(
        of service: ClusterDescription.Service, family: ClusterDescription.Family,
        using generator: inout SeededGenerator
    ) -> ClusterDescription.Slice {
        nextNumber += 1
        var slice = ClusterDescription.Slice(
            namespace: service.namespace, name: "\(service.name)-\(generator.hexadecimal(4))\(nextNumber)",
            service: service.name, addressType: family.rawValue)
        switch generator.number(in: 1...60) {
        case 1...3: slice.isHeadless = true
        case 4: slice.service = nil
        case 5: slice.service = ""
        case 6: slice.addressType = "FQDN"
        default: break
        }
        return slice
    }

    private func slicePort(
        for port: ClusterDescription.ServicePort, using generator: inout SeededGenerator
    ) -> ClusterDescription.SlicePort {
        ClusterDescription.SlicePort(
            name: port.name ?? "", protocolName: port.protocolName,
            port: generator.pick([port.port, 8080, 8080, 8000, generator.number(in: 1...65535)]))
    }

    /// A slice's own version of a port: mostly the same, sometimes another number, sometimes one that does not match.
    private func changed(
        _ port: ClusterDescription.SlicePort, using generator: inout SeededGenerator
    ) -> ClusterDescription.SlicePort? {
        var port = port
        switch generator.number(in: 1...60) {
        case 1...4: port.port = generator.number(in: 1...65535)
        case 5...7: port.protocolName = generator.protocolName()
        case 8: port.name = nil
        case 9: port.port = 0
        case 10: port.port = nil
        case 11...14: return nil
        default: break
        }
        return port
    }

    /// A port which need not be one of the Service's.
    private func foreignPort(using generator: inout SeededGenerator) -> ClusterDescription.SlicePort {
        ClusterDescription.SlicePort(
            name: generator.pick(["unrelated", "http", "a", "", nil]), protocolName: generator.protocolName(),
            port: generator.pick([7777, 80, 0, nil]))
    }

    private func endpoint(
        _ address: String, isHealthy: Bool, style: HintStyle, using generator: inout SeededGenerator
    ) -> ClusterDescription.Endpoint {
        var addresses = [address]
        if generator.chance(1, in: 25) { addresses.append(generator.podIP(generator.pick([.ipv4, .ipv6]))) }
        if generator.chance(1, in: 80) { addresses = [] }
        var endpoint = ClusterDescription.Endpoint(addresses: addresses)
        setConditions(of: &endpoint, isHealthy: isHealthy, using: &generator)
        endpoint.nodeName = generator.pick(weighted: [(5, ownNode), (10, generator.pick(nodeNames)), (1, nil), (1, "")])
        endpoint.zone = generator.pick(["zone-a", "zone-b", "zone-c", nil])
        setHints(of: &endpoint, style: style, using: &generator)
        return endpoint
    }

    private func setConditions(
        of endpoint: inout ClusterDescription.Endpoint, isHealthy: Bool, using generator: inout SeededGenerator
    ) {
        if isHealthy && generator.chance(4, in: 5) {
            endpoint.ready = generator.pick([true, true, nil])
            endpoint.serving = generator.pick([true, true, nil])
            endpoint.terminating = generator.pick([false, false, nil])
        } else {
            endpoint.ready = generator.pick(weighted: [(3, true), (8, false), (1, nil)])
            endpoint.serving = generator.pick(weighted: [(6, true), (4, false), (2, nil)])
            endpoint.terminating = generator.pick(weighted: [(6, true), (4, false), (2, nil)])
        }
    }

    private func setHints(
        of endpoint: inout ClusterDescription.Endpoint, style: HintStyle, using generator: inout SeededGenerator
    ) {
        var zones = [endpoint.zone ?? generator.pick(["zone-a", "zone-b"])]
        if generator.chance(1, in: 3) { zones.append(ownZone ?? "zone-c") }
        if generator.chance(1, in: 20) { zones.append("") }
        var names = [endpoint.nodeName ?? "no-such-node"]
        if generator.chance(1, in: 3) { names.append(generator.pick(nodeNames)) }
        let isForgotten = generator.chance(1, in: 25)
        switch style {
        case .none: break
        case .zones: endpoint.zoneHints = isForgotten ? [] : zones
        case .nodes: endpoint.nodeHints = isForgotten ? [] : names
        case .both:
            endpoint.zoneHints = zones
            endpoint.nodeHints = isForgotten ? [] : names
        case .some:
            if generator.chance(3, in: 5) { endpoint.zoneHints = zones }
            if generator.chance(1, in: 3) { endpoint.nodeHints = names }
        }
    }
}
