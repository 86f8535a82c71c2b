/// What a random cluster needs besides for nftables mode.
extension ClusterDescription {
    mutating func addNftablesTraits(using generator: inout SeededGenerator) {
        settings.proxyMode = "nftables"
        if generator.chance(1, in: 4) { settings.nftablesMasqueradeBit = generator.pick([0, 1, 13, 15, 20, 30, 31]) }
        let ranges = [
            "172.30.0.0/16", "10.96.0.0/12", "172.30.0.0/016", "172.30.1.2/16", "fd00:172:30::/112",
            "FD00:172:30::/108", "100.64.0.0/10",
        ]
        for _ in 0..<generator.number(in: 0...3) {
            let count = generator.number(in: 1...2)
            serviceCIDRs.append(Array(generator.shuffled(ranges).prefix(count)))
        }
        if settings.kubeProxyMinor < 37 {
            if settings.nodePortAddresses.count > 1 { settings.nodePortAddresses.removeAll { $0 == "primary" } }
        } else {
            settings.localhostNodePortsGate = generator.chance(1, in: 3)
            if generator.chance(1, in: 3) {
                settings.nodePortAddresses.append(generator.pick(["primary", "localhost", "all", "localhost"]))
            }
        }
        // Cuts comments, and names of endpoints.
        if generator.chance(1, in: 6), !services.isEmpty {
            let index = generator.number(in: 0...(services.count - 1))
            lengthenPortName(ofServiceAt: index)
        }
    }

    /// Gives a Service's first port the longest name that there can be, in its slices too.
    private mutating func lengthenPortName(ofServiceAt index: Int) {
        guard let port = services[index].ports.first else { return }
        let name = String(repeating: "p", count: 62) + "9"
        services[index].ports[0].name = name
        for slice in slices.indices where slices[slice].service == services[index].name {
            for place in slices[slice].ports.indices where slices[slice].ports[place].name == (port.name ?? "") {
                slices[slice].ports[place].name = name
            }
        }
    }
}
