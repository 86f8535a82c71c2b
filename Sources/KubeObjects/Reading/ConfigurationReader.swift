internal import KubeChainsBytes
internal import KubeChainsJSON

extension KubeProxyConfiguration {
    /// Reads the object that a string of a ConfigMap holds; all places are that of the string. Nil, with a warning: it is
    /// YAML.
    init?(inside text: JSONString, at offset: Int, _ json: inout JSONReader) throws(ReadFault) {
        let source = SnapshotSource(name: "", bytes: json.decode(text))
        var inner = JSONReader(source.bytes, source: json.source)
        inner.outerOffset = text.offset
        inner.skipSpace()
        guard inner.position < source.bytes.count, source.bytes[inner.position] == UInt8(ascii: "{") else {
            json.warn(
                at: text.offset,
                "the ConfigMap has kube-proxy's configuration as YAML, which is not read; \(InputShape.configurationAdvice)"
            )
            return nil
        }
        do throws(ReadFault) {
            try self.init(&inner)
        } catch {
            throw .value(at: text.offset, "kube-proxy's configuration in the ConfigMap: \(error.message)")
        }
        json.warnings += inner.warnings
    }

    /// Reads the object that begins here.
    init(_ json: inout JSONReader) throws(ReadFault) {
        place = ObjectPlace(json.location(json.position))
        try json.object("the configuration") { json, key throws(ReadFault) in
            if json.key(key, is: "mode", "Mode") {
                mode = try json.stringSetting("mode")
            } else if json.key(key, is: "hostnameOverride", "HostnameOverride") {
                hostnameOverride = try json.stringSetting("hostnameOverride")
            } else if json.key(key, is: "bindAddress", "BindAddress") {
                bindAddress = try json.stringSetting("bindAddress")
            } else if json.key(key, is: "clusterCIDR", "ClusterCIDR") {
                clusterCIDR = try json.stringSetting("clusterCIDR")
            } else if json.key(key, is: "detectLocalMode", "DetectLocalMode") {
                detectLocalMode = try json.stringSetting("detectLocalMode")
            } else if json.key(key, is: "detectLocal", "DetectLocal") {
                try readDetectLocal(&json)
            } else if json.key(key, is: "nodePortAddresses", "NodePortAddresses") {
                nodePortAddresses = try json.stringSettings("nodePortAddresses")
            } else if json.key(key, is: "featureGates", "FeatureGates") {
                try readFeatureGates(&json)
            } else if json.key(key, is: "iptables", "IPTables") {
                try readIPTables(&json)
            } else if json.key(key, is: "nftables", "NFTables") {
                try readNftables(&json)
            } else if json.key(key, is: "conntrack", "Conntrack") {
                try readConntrack(&json)
            } else if json.key(key, is: "ipvs", "IPVS") {
                try readIPVS(&json)
            } else if json.string(key, equals: "Linux") {
                try readLinux(&json)
            } else {
                try json.skipValue()
            }
        }
    }

    private mutating func readDetectLocal(_ json: inout JSONReader) throws(ReadFault) {
        (bridgeInterface, interfaceNamePrefix) = (nil, nil)
        if try json.skipNull() { return }
        try json.object("detectLocal") { json, key throws(ReadFault) in
            if json.key(key, is: "bridgeInterface", "BridgeInterface") {
                bridgeInterface = try json.stringSetting("bridgeInterface")
            } else if json.key(key, is: "interfaceNamePrefix", "InterfaceNamePrefix") {
                interfaceNamePrefix = try json.stringSetting("interfaceNamePrefix")
            } else if json.string(key, equals: "ClusterCIDRs") {
                let ranges = try json.stringSettings("ClusterCIDRs")
                if let first = ranges.first {
                    clusterCIDR = .init(value: ranges.map(\.value).joined(separator: ","), location: first.location)
                }
            } else {
                try json.skipValue()
            }
        }
    }

    private mutating func readFeatureGates(_ json: inout JSONReader) throws(ReadFault) {
        featureGates = []
        if try json.skipNull() { return }
        try json.object("featureGates") { json, key throws(ReadFault) in
            let location = json.location(json.position)
            guard let isOn = try json.boolean("the feature gate") else { return }
            let name = json.shared(key)
            featureGates.removeAll { $0.name == name }
            featureGates.append(FeatureGate(name: name, isOn: isOn, location: location))
        }
    }

    private mutating func readIPTables(_ json: inout JSONReader) throws(ReadFault) {
        (masqueradeAll, masqueradeBit, localhostNodePorts) = (nil, nil, nil)
        if try json.skipNull() { return }
        try json.object("iptables") { json, key throws(ReadFault) in
            if json.key(key, is: "masqueradeAll", "MasqueradeAll") {
                masqueradeAll = try json.booleanSetting("masqueradeAll")
            } else if json.key(key, is: "masqueradeBit", "MasqueradeBit") {
                masqueradeBit = try json.markBitSetting()
            } else if json.key(key, is: "localhostNodePorts", "LocalhostNodePorts") {
                localhostNodePorts = try json.booleanSetting("localhostNodePorts")
            } else {
                try json.skipValue()
            }
        }
    }

    private mutating func readNftables(_ json: inout JSONReader) throws(ReadFault) {
        (nftablesMasqueradeAll, nftablesMasqueradeBit) = (nil, nil)
        if try json.skipNull() { return }
        try json.object("nftables") { json, key throws(ReadFault) in
            if json.key(key, is: "masqueradeAll", "MasqueradeAll") {
                nftablesMasqueradeAll = try json.booleanSetting("masqueradeAll")
            } else if json.key(key, is: "masqueradeBit", "MasqueradeBit") {
                nftablesMasqueradeBit = try json.markBitSetting()
            } else {
                try json.skipValue()
            }
        }
    }

    private mutating func readConntrack(_ json: inout JSONReader) throws(ReadFault) {
        conntrackTCPBeLiberal = nil
        if try json.skipNull() { return }
        try json.object("conntrack") { json, key throws(ReadFault) in
            guard json.key(key, is: "tcpBeLiberal", "TCPBeLiberal") else { return try json.skipValue() }
            conntrackTCPBeLiberal = try json.booleanSetting("tcpBeLiberal")
        }
    }

    /// What `/configz` has for Linux, since 1.29.
    private mutating func readLinux(_ json: inout JSONReader) throws(ReadFault) {
        if try json.skipNull() { return }
        try json.object("Linux") { json, key throws(ReadFault) in
            if json.string(key, equals: "Conntrack") {
                try readConntrack(&json)
            } else if json.string(key, equals: "MasqueradeAll") {
                guard let setting = try json.booleanSetting("MasqueradeAll") else { return }
                (masqueradeAll, nftablesMasqueradeAll) = (setting, setting)
            } else {
                try json.skipValue()
            }
        }
    }

    private mutating func readIPVS(_ json: inout JSONReader) throws(ReadFault) {
        ipvs = IPVS()
        if try json.skipNull() { return }
        try json.object("ipvs") { json, key throws(ReadFault) in
            if json.key(key, is: "scheduler", "Scheduler") {
                ipvs.scheduler = try json.stringSetting("scheduler")
            } else if json.key(key, is: "excludeCIDRs", "ExcludeCIDRs") {
                ipvs.excludeCIDRs = try json.stringSettings("excludeCIDRs")
            } else if json.key(key, is: "strictARP", "StrictARP") {
                ipvs.strictARP = try json.booleanSetting("strictARP")
            } else if json.string(key, equals: "tcpTimeout") {
                ipvs.tcpTimeout = try json.stringSetting("tcpTimeout")
            } else if json.string(key, equals: "tcpFinTimeout") {
                ipvs.tcpFinTimeout = try json.stringSetting("tcpFinTimeout")
            } else if json.string(key, equals: "udpTimeout") {
                ipvs.udpTimeout = try json.stringSetting("udpTimeout")
            } else {
                try json.skipValue()
            }
        }
    }
}

extension JSONReader {
    /// Whether a key is a configuration file's, or the same field's in what `/configz` prints.
    fileprivate func key(_ key: JSONString, is name: StaticString, _ field: StaticString) -> Bool {
        string(key, equals: name) || string(key, equals: field)
    }

    /// Reads the `data` of a ConfigMap; the text of kube-proxy's configuration in it, if there is any (kubeadm calls it
    /// `config.conf`, others `config`).
    mutating func configurationText() throws(ReadFault) -> JSONString? {
        var text: JSONString?
        // Other ConfigMaps than kube-proxy's are not checked.
        guard bytes[position] == UInt8(ascii: "{") else {
            try skipValue()
            return nil
        }
        try object("data") { json, key throws(ReadFault) in
            let isText = json.bytes[json.position] == UInt8(ascii: "\"")
            if isText, json.string(key, equals: "config.conf") || json.string(key, equals: "config") {
                text = try json.string("the configuration") ?? text
            } else {
                try json.skipValue()
            }
        }
        return text
    }

    /// Reads a text setting; nil where it is `null` or empty, which both mean the default.
    fileprivate mutating func stringSetting(
        _ what: StaticString
    ) throws(ReadFault) -> KubeProxyConfiguration.Setting<String>? {
        guard let string = try string(what), !string.range.isEmpty else { return nil }
        return KubeProxyConfiguration.Setting(value: shared(string), location: location(string.offset))
    }

    /// Reads a list of texts; empty where it is `null`.
    fileprivate mutating func stringSettings(
        _ what: StaticString
    ) throws(ReadFault) -> [KubeProxyConfiguration.Setting<String>] {
        var settings: [KubeProxyConfiguration.Setting<String>] = []
        try strings(what) { json, string throws(ReadFault) in
            settings.append(.init(value: json.shared(string), location: json.location(string.offset)))
        }
        return settings
    }

    /// Reads the number of a bit of the packet mark; nil where it is `null`.
    fileprivate mutating func markBitSetting() throws(ReadFault) -> KubeProxyConfiguration.Setting<Int>? {
        let location = location(position)
        return try integer("masqueradeBit", in: 0...31).map {
            KubeProxyConfiguration.Setting(value: $0, location: location)
        }
    }

    fileprivate mutating func booleanSetting(
        _ what: StaticString
    ) throws(ReadFault) -> KubeProxyConfiguration.Setting<Bool>? {
        let location = location(position)
        return try boolean(what).map { KubeProxyConfiguration.Setting(value: $0, location: location) }
    }
}
