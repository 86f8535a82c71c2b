/// Settings from flags.
extension ProxySettings {
    /// kube-proxy's defaults with flags on top, such as `["--cluster-cidr", "10.244.0.0/16", "--masquerade-all"]`.
    ///
    /// - Parameter flags: `--flag value` or `--flag=value`; of a flag given twice the last value counts, but for
    ///   ``ProxyFlag/nodeAddress``, which collects. Unknown feature gates have no effect.
    /// - Throws: ``SettingError`` for an unknown flag, or a value that is missing or invalid.
    public init(flags: [String]) throws(SettingError) {
        self.init()
        var rest = flags[...]
        while let argument = rest.popFirst() {
            let (name, attached) = ProxyFlag.split(argument)
            guard argument.hasPrefix("--"), let flag = ProxyFlag(rawValue: String(name.dropFirst(2))) else {
                throw SettingError(.unknownFlag, "unknown flag '\(name)'")
            }
            guard let text = attached ?? (flag.isBoolean ? "true" : rest.popFirst()) else {
                throw SettingError(.missingValue, "the flag \(name) needs a value")
            }
            try set(flag, to: text)
        }
    }

    /// Sets what a flag says.
    ///
    /// - Parameter text: the flag's value; `true` or `false` for one that is on or off.
    /// - Returns: the names of feature gates that have no effect on the rules.
    /// - Throws: ``SettingError`` if the value is invalid.
    @discardableResult
    public mutating func set(_ flag: ProxyFlag, to text: String) throws(SettingError) -> [String] {
        switch flag {
        case .node: try setNodeName(text)
        case .family: try setFamily(text)
        case .proxyMode: try setMode(text)
        case .version: try setVersion(text)
        case .clusterCIDR: try setClusterCIDRs(text)
        case .detectLocalMode: try setDetectLocalMode(text)
        case .podBridgeInterface: try setPodBridgeInterface(text)
        case .podInterfaceNamePrefix: try setPodInterfaceNamePrefix(text)
        case .masqueradeAll: masqueradeAll = try ProxyFlag.boolean(text)
        case .masqueradeBit: try setMasqueradeBit(text)
        case .nftablesMasqueradeBit: try setNftablesMasqueradeBit(text)
        case .localhostNodePorts: localhostNodePorts = try ProxyFlag.boolean(text)
        case .nodePortAddresses:
            try setNodePortAddresses(text.split(separator: ",", omittingEmptySubsequences: false).map { String($0) })
        case .nodeAddress: try addHostAddress(text)
        case .bindAddress: try setBindAddress(text)
        case .featureGates: return try setFeatureGates(text)
        case .conntrackTCPBeLiberal: conntrackTCPBeLiberal = try ProxyFlag.boolean(text)
        case .nfacct: hasAccountingCounters = try ProxyFlag.boolean(text)
        case .noRandomFully: hasRandomFully = try !ProxyFlag.boolean(text)
        case .ipvsScheduler: try ipvs.setScheduler(text)
        case .ipvsExcludeCIDRs: try ipvs.setExcludeCIDRs(text)
        case .ipvsStrictARP: ipvs.strictARP = try ProxyFlag.boolean(text)
        case .ipvsTCPTimeout: ipvs.tcpTimeout = try IPVSSettings.timeout(text)
        case .ipvsTCPFinTimeout: ipvs.tcpFinTimeout = try IPVSSettings.timeout(text)
        case .ipvsUDPTimeout: ipvs.udpTimeout = try IPVSSettings.timeout(text)
        case .kernelVersion: try ipvs.setKernelVersion(text)
        case .ipvsForwarding: try ipvs.setForwarding(text)
        }
        return []
    }

    /// Takes gates as `NAME=BOOL` with commas between them.
    ///
    /// - Returns: the names of those without effect on the rules.
    private mutating func setFeatureGates(_ text: String) throws(SettingError) -> [String] {
        var unknown: [String] = []
        for pair in text.split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw SettingError("invalid feature gate '\(pair)': expected NAME=true or NAME=false")
            }
            let name = String(parts[0])
            let isOn = try ProxyFlag.boolean(String(parts[1]))
            if !setFeatureGate(name, isOn) { unknown.append(name) }
        }
        return unknown
    }
}

extension ProxyFlag {
    /// `--name=value` in two; without a value where there is no `=`.
    package static func split(_ argument: String) -> (name: String, value: String?) {
        guard let equals = argument.firstIndex(of: "=") else { return (argument, nil) }
        return (String(argument[..<equals]), String(argument[argument.index(after: equals)...]))
    }

    /// The words that Go's flags accept as a boolean (`strconv.ParseBool`).
    package static func boolean(_ text: String) throws(SettingError) -> Bool {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw SettingError("'\(text)' is neither true nor false")
        }
    }
}
