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
