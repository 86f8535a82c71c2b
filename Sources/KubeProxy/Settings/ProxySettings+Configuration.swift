public import KubeChainsJSON
public import KubeObjects

extension ProxySettings {
    /// Takes over what a KubeProxyConfiguration sets.
    ///
    /// - Returns: warnings about what has no effect here.
    /// - Throws: ``SnapshotError`` for an invalid value, or an unsupported mode.
    public mutating func apply(
        _ configuration: KubeProxyConfiguration, of snapshot: ClusterSnapshot
    ) throws(SnapshotError) -> [PlacedMessage] {
        try set(configuration.mode, snapshot) { (settings, text) throws(SettingError) in try settings.setMode(text) }
        try set(configuration.hostnameOverride, snapshot) { (settings, text) throws(SettingError) in
            // kube-proxy trims and lower-cases it, as it does with the host's own name.
            try settings.setNodeName(text.trimmingSpace().lowercased())
        }
        try set(configuration.bindAddress, snapshot) { (settings, text) throws(SettingError) in
            try settings.setBindAddress(text)
        }
        try set(configuration.clusterCIDR, snapshot) { (settings, text) throws(SettingError) in
            try settings.setClusterCIDRs(text)
        }
        try set(configuration.detectLocalMode, snapshot) { (settings, text) throws(SettingError) in
            try settings.setDetectLocalMode(text)
        }
        try set(configuration.bridgeInterface, snapshot) { (settings, text) throws(SettingError) in
            try settings.setPodBridgeInterface(text)
        }
        try set(configuration.interfaceNamePrefix, snapshot) { (settings, text) throws(SettingError) in
            try settings.setPodInterfaceNamePrefix(text)
        }
        try setNodePortAddresses(configuration.nodePortAddresses, snapshot)
        setMasqueradeAll(configuration.masqueradeAll, in: [.iptables, .ipvs])
        setMasqueradeAll(configuration.nftablesMasqueradeAll, in: [.nftables])
        if let setting = configuration.masqueradeBit { masqueradeBit = setting.value }
        if let setting = configuration.nftablesMasqueradeBit { nftablesMasqueradeBit = setting.value }
        if let setting = configuration.localhostNodePorts { localhostNodePorts = setting.value }
        if let setting = configuration.conntrackTCPBeLiberal { conntrackTCPBeLiberal = setting.value }
        try apply(configuration.ipvs, snapshot)
        var warnings: [PlacedMessage] = []
        for gate in configuration.featureGates where !setFeatureGate(gate.name, gate.isOn) {
            warnings.append(
                PlacedMessage(message: ProxySettings.unknownGateMessage(gate.name), location: gate.location))
        }
        return warnings
    }

    /// Takes over what a section says of its modes.
    private mutating func setMasqueradeAll(_ setting: KubeProxyConfiguration.Setting<Bool>?, in modes: Set<ProxyMode>) {
        guard let setting else { return }
        if setting.value { masqueradingModes.formUnion(modes) } else { masqueradingModes.subtract(modes) }
    }

    private mutating func apply(
        _ section: KubeProxyConfiguration.IPVS, _ snapshot: ClusterSnapshot
    ) throws(SnapshotError) {
        try set(section.scheduler, snapshot) { (settings, text) throws(SettingError) in
            try settings.ipvs.setScheduler(text)
        }
        if !section.excludeCIDRs.isEmpty { ipvs.excludeCIDRs = [] }
        for setting in section.excludeCIDRs {
            try set(setting, snapshot) { (settings, text) throws(SettingError) in
                settings.ipvs.excludeCIDRs += try ProxySettings.prefixes([text])
            }
        }
        if let setting = section.strictARP { ipvs.strictARP = setting.value }
        try set(section.tcpTimeout, snapshot) { (settings, text) throws(SettingError) in
            settings.ipvs.tcpTimeout = try IPVSSettings.timeout(text)
        }
        try set(section.tcpFinTimeout, snapshot) { (settings, text) throws(SettingError) in
            settings.ipvs.tcpFinTimeout = try IPVSSettings.timeout(text)
        }
        try set(section.udpTimeout, snapshot) { (settings, text) throws(SettingError) in
            settings.ipvs.udpTimeout = try IPVSSettings.timeout(text)
        }
    }

    /// The warning about a feature gate without effect on the rules.
    public static func unknownGateMessage(_ name: String) -> String {
        "the feature gate \(name) is unknown here and has no effect on the rules"
    }

    /// Checks each element first, so that an error is attributed to it, and then all together.
    private mutating func setNodePortAddresses(
        _ settings: [KubeProxyConfiguration.Setting<String>], _ snapshot: ClusterSnapshot
    ) throws(SnapshotError) {
        for setting in settings {
            try set(setting, snapshot) { (target, text) throws(SettingError) in
                try target.setNodePortAddresses([text])
            }
        }
        let whole = settings.first { $0.value == "primary" } ?? settings.first
        try set(whole, snapshot) { (target, _) throws(SettingError) in
            try target.setNodePortAddresses(settings.map(\.value))
        }
    }

    private mutating func set<Value>(
        _ setting: KubeProxyConfiguration.Setting<Value>?, _ snapshot: ClusterSnapshot,
        _ apply: (inout ProxySettings, Value) throws(SettingError) -> Void
    ) throws(SnapshotError) {
        guard let setting else { return }
        do {
            try apply(&self, setting.value)
        } catch {
            throw snapshot.error(error.description, at: setting.location)
        }
    }
}

extension String {
    fileprivate func trimmingSpace() -> String {
        var text = Substring(self)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
