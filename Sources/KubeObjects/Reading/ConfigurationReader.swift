internal import KubeChainsJSON

extension KubeProxyConfiguration {
    /// Reads the object that begins here.
    init(_ json: inout JSONReader) throws(ReadFault) {
        place = ObjectPlace(json.location(json.position))
        try json.object("the configuration") { json, key throws(ReadFault) in
            if json.string(key, equals: "mode") {
                mode = try json.stringSetting("mode")
            } else if json.string(key, equals: "hostnameOverride") {
                hostnameOverride = try json.stringSetting("hostnameOverride")
            } else if json.string(key, equals: "bindAddress") {
                bindAddress = try json.stringSetting("bindAddress")
            } else if json.string(key, equals: "clusterCIDR") {
                clusterCIDR = try json.stringSetting("clusterCIDR")
            } else if json.string(key, equals: "detectLocalMode") {
                detectLocalMode = try json.stringSetting("detectLocalMode")
            } else if json.string(key, equals: "detectLocal") {
                try readDetectLocal(&json)
            } else if json.string(key, equals: "nodePortAddresses") {
                nodePortAddresses = try json.stringSettings("nodePortAddresses")
            } else if json.string(key, equals: "featureGates") {
                try readFeatureGates(&json)
            } else if json.string(key, equals: "iptables") {
                try readIPTables(&json)
            } else if json.string(key, equals: "nftables") {
                try readNftables(&json)
            } else if json.string(key, equals: "conntrack") {
                try readConntrack(&json)
            } else if json.string(key, equals: "ipvs") {
                try readIPVS(&json)
            } else {
                try json.skipValue()
            }
        }
    }

    private mutating func readDetectLocal(_ json: inout JSONReader) throws(ReadFault) {
        (bridgeInterface, interfaceNamePrefix) = (nil, nil)
        if try json.skipNull() { return }
        try json.object("detectLocal") { json, key throws(ReadFault) in
            if json.string(key, equals: "bridgeInterface") {
                bridgeInterface = try json.stringSetting("bridgeInterface")
            } else if json.string(key, equals: "interfaceNamePrefix") {
                interfaceNamePrefix = try json.stringSetting("interfaceNamePrefix")
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
            if json.string(key, equals: "masqueradeAll") {
                masqueradeAll = try json.booleanSetting("masqueradeAll")
            } else if json.string(key, equals: "masqueradeBit") {
                masqueradeBit = try json.markBitSetting()
            } else if json.string(key, equals: "localhostNodePorts") {
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
            if json.string(key, equals: "masqueradeAll") {
                nftablesMasqueradeAll = try json.booleanSetting("masqueradeAll")
            } else if json.string(key, equals: "masqueradeBit") {
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
            guard json.string(key, equals: "tcpBeLiberal") else { return try json.skipValue() }
            conntrackTCPBeLiberal = try json.booleanSetting("tcpBeLiberal")
        }
    }

    private mutating func readIPVS(_ json: inout JSONReader) throws(ReadFault) {
        ipvs = IPVS()
        if try json.skipNull() { return }
        try json.object("ipvs") { json, key throws(ReadFault) in
            if json.string(key, equals: "scheduler") {
                ipvs.scheduler = try json.stringSetting("scheduler")
            } else if json.string(key, equals: "excludeCIDRs") {
                ipvs.excludeCIDRs = try json.stringSettings("excludeCIDRs")
            } else if json.string(key, equals: "strictARP") {
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
