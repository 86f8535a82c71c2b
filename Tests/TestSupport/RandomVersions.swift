/// What a random cluster needs besides so that every difference between kube-proxy's versions shows.
extension ClusterDescription {
    /// Sets the version, and adds labels, annotations and CIDRs which some versions read in another way.
    mutating func addVersionTraits(minor: Int, using generator: inout SeededGenerator) {
        settings.kubeProxyMinor = minor
        for index in services.indices { services[index].addVersionTraits(using: &generator) }
        for index in slices.indices where generator.chance(1, in: 15) {
            slices[index].proxyName = generator.pick(["", "my-proxy"])
        }
        // Versions up to 1.30 do not start with the word `primary`.
        if settings.nodePortAddresses == ["primary"], minor <= 30 { settings.nodePortAddresses = ["192.168.0.0/16"] }
        if generator.chance(1, in: 8) {
            settings.nodePortAddresses.removeAll { $0 == "primary" }
            settings.nodePortAddresses.append(generator.pick(["10.0.0.0/0", "192.168.0.0/00", "0::/0", "fe80::/0"]))
        }
    }

    /// Leaves out what is no address or CIDR, and gives the rest its canonical text.
    mutating func makeAddressesCanonical() {
        func text(_ given: String) -> String? { ReferenceAddress(given)?.text }
        func range(_ given: String) -> String? { ReferencePrefix(given)?.text }
        for index in services.indices {
            services[index].externalIPs = services[index].externalIPs.compactMap(text)
            services[index].sourceRanges = services[index].sourceRanges.compactMap(range)
            services[index].ingress = services[index].ingress.map { entry in
                var entry = entry
                entry.ip = entry.ip.flatMap(text)
                return entry
            }
        }
        for index in slices.indices where slices[index].addressType != "FQDN" {
            for position in slices[index].endpoints.indices {
                slices[index].endpoints[position].addresses = slices[index].endpoints[position].addresses.map {
                    text($0) ?? $0
                }
            }
        }
        for index in nodes.indices { nodes[index].podCIDRs = nodes[index].podCIDRs.compactMap(range) }
        settings.clusterCIDRs = settings.clusterCIDRs.compactMap(range)
    }
}

extension ClusterDescription.Service {
    fileprivate mutating func addVersionTraits(using generator: inout SeededGenerator) {
        isHeadless = generator.chance(1, in: 15)
        let values = ["Auto", "auto", "", "Disabled", "disabled", "PreferZone", "AUTO"]
        topologyHints = generator.pick(weighted: [(3, nil), (4, "Auto"), (2, generator.pick(values))])
        topologyMode = generator.pick(weighted: [(5, nil), (3, "Auto"), (2, generator.pick(values))])
        // A cluster IP alone is open to the policy Local of external IPs since 1.29.
        if type == "ClusterIP", !externalIPs.isEmpty, generator.chance(1, in: 2) { externalTrafficPolicy = "Local" }
    }
}
