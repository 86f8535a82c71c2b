/// Random Nodes and render options.
extension SeededGenerator {
    mutating func nodes() -> [ClusterDescription.Node] {
        let network = pick([0, 1])
        let podNetwork = pick(["10.0", "10.1", "10.180"])
        return (0..<number(in: 1...4)).map { index in
            var node = ClusterDescription.Node(name: "node-\(index)")
            node.zone = pick(weighted: [(27, pick(["zone-a", "zone-b", "zone-c"])), (1, ""), (4, nil)])
            node.addresses = nodeAddresses(
                internals: ["192.168.\(network).\(index + 2)", "2001:db8::\(index + 2)"],
                external: "203.0.113.\(index + 2)")
            node.addresses.append(.init(type: "Hostname", address: node.name))
            let podCIDRs = ["\(podNetwork).\(index).0/24", "fd00:10:\(index)::/64"]
            node.podCIDRs = pick(weighted: [
                (8, podCIDRs), (3, podCIDRs.reversed()), (2, [podCIDRs[0]]), (2, [podCIDRs[1]]), (1, []),
                (1, ["bogus", "10.001.2.3/016", "FD00:10:0::1/48"] + podCIDRs), (1, ["", "::ffff:10.1.2.0/120"]),
            ])
            return node
        }
    }

    private mutating func nodeAddresses(internals: [String], external: String) -> [ClusterDescription.NodeAddress] {
        func internalIP(_ address: String) -> ClusterDescription.NodeAddress {
            .init(type: "InternalIP", address: address)
        }
        let ordered = chance(1, in: 3) ? internals.reversed() : internals
        var addresses = pick(weighted: [(6, ordered), (4, [internals[0]]), (2, [internals[1]]), (1, [])]).map(
            internalIP)
        if chance(1, in: 12) { addresses.insert(internalIP(bogusAddress()), at: 0) }
        if chance(9, in: 10) {
            let position = number(in: 0...addresses.count)
            addresses.insert(.init(type: "ExternalIP", address: external), at: position)
        }
        return addresses
    }

    mutating func settings(for nodes: [ClusterDescription.Node]) -> ClusterDescription.Settings {
        let node = chance(1, in: 30) ? "no-such-node" : pick(nodes).name
        var settings = ClusterDescription.Settings(node: node)
        settings.family = chance(2, in: 3) ? .ipv4 : .ipv6
        settings.masqueradeAll = chance(1, in: 5)
        if chance(1, in: 4) { settings.masqueradeBit = pick([0, 1, 13, 15, 20, 30, 31]) }
        settings.localhostNodePorts = chance(3, in: 4)
        settings.nfacctCounters = chance(1, in: 3)
        settings.conntrackTCPLiberal = chance(1, in: 5)
        settings.randomFully = chance(5, in: 6)
        settings.allowExternalIPs = chance(11, in: 12)
        if chance(1, in: 15) {
            settings.bindAddress = pick(["192.168.0.2", "2001:db8::2", "0.0.0.0", "::", "10.99.0.1"])
        }
        setNodePortAddresses(of: &settings)
        setDetector(of: &settings)
        return settings
    }

    private mutating func setNodePortAddresses(of settings: inout ClusterDescription.Settings) {
        let others = [
            "192.168.0.10/24", "192.168.0.2/24", "192.168.1.2/24", "192.168.0.9", "172.17.0.1/16", "203.0.113.7/24",
            "2001:db8::2/64", "2001:db8::10", "2001:db8:1::2/64", "fe80::1/64",
        ]
        let count = number(in: 0...5)
        settings.interfaceAddresses = ["127.0.0.1/8", "::1/128"] + shuffled(others).prefix(count)
        if chance(1, in: 10) { settings.interfaceAddresses.append(settings.interfaceAddresses.last ?? "::1") }
        guard chance(1, in: 2) else { return }
        let prefixes = [
            "192.168.0.0/24", "192.168.0.0/16", "192.168.1.7/24", "203.0.113.0/24", "10.99.0.0/16", "128.0.0.0/1",
            "127.0.0.0/8", "127.0.0.1/32", "0.0.0.0/0", "2001:db8::/64", "2001:db8::/32", "::1/128", "::/0",
            "fe80::/10",
        ]
        let listed = Array(shuffled(prefixes).prefix(number(in: 1...3)))
        settings.nodePortAddresses = pick(weighted: [(1, ["primary"]), (4, listed)])
    }

    private mutating func setDetector(of settings: inout ClusterDescription.Settings) {
        let prefixes = pick([
            ["10.0.0.0/8"], ["fd00:10::/32"], ["10.0.0.0/8", "fd00:10::/32"], ["fd00:10::/32", "10.0.0.0/8"],
            ["10.0.0.0/9", "10.128.0.0/9"], ["10.1.2.3/8", "FD00:10::5/32"], ["10.244.0.0/16"],
        ])
        settings.detectLocalMode = pick(weighted: [
            (4, nil), (7, "ClusterCIDR"), (6, "NodeCIDR"), (3, "BridgeInterface"), (4, "InterfaceNamePrefix"),
        ])
        switch settings.detectLocalMode {
        case "BridgeInterface": settings.bridgeInterface = pick(["cbr0", "cni0", "docker0", "br-1.2:3@x_y"])
        case "InterfaceNamePrefix": settings.interfaceNamePrefix = pick(["veth", "cali", "lxc_"])
        case "NodeCIDR": if chance(1, in: 6) { settings.clusterCIDRs = prefixes }
        default: if chance(5, in: 6) { settings.clusterCIDRs = prefixes }
        }
    }
}
