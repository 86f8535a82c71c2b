internal import KubeObjects
internal import NetAddress

/// What is wrong with a setting's text.
public struct SettingError: Error, Sendable, CustomStringConvertible {
    /// The kind of an error.
    public enum Code: Sendable, Hashable {
        /// There is no flag with this name.
        case unknownFlag
        /// A flag that takes a value stands last.
        case missingValue
        /// The value is not one that the setting can have.
        case invalidValue
        /// Another setting is needed too.
        case incomplete
    }

    /// What is wrong, to switch on.
    public let code: Code
    /// What was found and what was expected.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// An invalid value.
    init(_ description: String) { self.init(.invalidValue, description) }
}

/// Settings from text, from a flag or a configuration file.
extension ProxySettings {
    /// Takes a Node's name, a DNS subdomain.
    public mutating func setNodeName(_ text: String) throws(SettingError) {
        guard DNSSubdomain(text) != nil else {
            throw SettingError("invalid node name '\(text)': expected a DNS subdomain, such as worker-1")
        }
        nodeName = text
    }

    /// Takes `iptables` or `ipvs`.
    public mutating func setMode(_ text: String) throws(SettingError) {
        guard let mode = ProxyMode(rawValue: text) else {
            throw SettingError("invalid mode '\(text)': expected iptables, nftables or ipvs")
        }
        self.mode = mode
    }

    /// Takes `ipv4` or `ipv6`.
    public mutating func setFamily(_ text: String) throws(SettingError) {
        switch text {
        case "ipv4": family = .ipv4
        case "ipv6": family = .ipv6
        default: throw SettingError("invalid family '\(text)': expected ipv4 or ipv6")
        }
    }

    /// Takes CIDRs with commas between them.
    public mutating func setClusterCIDRs(_ text: String) throws(SettingError) {
        let texts = text.split(separator: ",", omittingEmptySubsequences: false)
        clusterCIDRs = try ProxySettings.prefixes(texts)
        clusterCIDRTexts = texts.map(String.init)
    }

    /// Takes a mode's name, such as `ClusterCIDR`.
    public mutating func setDetectLocalMode(_ text: String) throws(SettingError) {
        guard let mode = DetectLocalMode(rawValue: text) else {
            let known = DetectLocalMode.allCases.map(\.rawValue).joined(separator: ", ")
            throw SettingError("invalid mode '\(text)': expected one of \(known)")
        }
        detectLocalMode = mode
    }

    /// Takes an interface's name.
    public mutating func setPodBridgeInterface(_ text: String) throws(SettingError) {
        podBridgeInterface = try ProxySettings.interface(text)
    }

    /// Takes the first letters of interfaces' names.
    public mutating func setPodInterfaceNamePrefix(_ text: String) throws(SettingError) {
        podInterfaceNamePrefix = try ProxySettings.interface(text)
    }

    /// Takes a number from 0 to 31.
    public mutating func setMasqueradeBit(_ text: String) throws(SettingError) {
        masqueradeBit = try ProxySettings.markBit(text)
    }

    /// Takes a number from 0 to 31, for nftables mode.
    public mutating func setNftablesMasqueradeBit(_ text: String) throws(SettingError) {
        nftablesMasqueradeBit = try ProxySettings.markBit(text)
    }

    private static func markBit(_ text: String) throws(SettingError) -> Int {
        guard let bit = Int(text), (0...31).contains(bit) else {
            throw SettingError("invalid bit of the packet mark '\(text)': expected a number from 0 to 31")
        }
        return bit
    }

    /// Takes CIDRs, or the single word `primary`; in nftables mode from kube-proxy 1.37 on also the words `primary`,
    /// `localhost` and `all` in any mixture (``checkNodePortAddresses(for:)``).
    public mutating func setNodePortAddresses(_ texts: [String]) throws(SettingError) {
        if texts == ["primary"] {
            nodePortAddresses = .primary
        } else if texts.contains(where: { NodePortAddresses.Entry(word: $0) != nil }) {
            var entries: [NodePortAddresses.Entry] = []
            for text in texts {
                if let word = NodePortAddresses.Entry(word: text) {
                    entries.append(word)
                } else {
                    entries += try ProxySettings.prefixes([text]).map { .range($0) }
                }
            }
            nodePortAddresses = .entries(entries)
        } else {
            nodePortAddresses = .ranges(try ProxySettings.prefixes(texts))
            nodePortAddressTexts = texts
        }
    }

    /// Adds the address of a host's interface, with or without its prefix length.
    public mutating func addHostAddress(_ text: String) throws(SettingError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])), parts.count == 1 || IPPrefix(text) != nil else {
            throw SettingError("invalid address '\(text)': expected one such as 192.168.0.2 or 192.168.0.2/24")
        }
        hostAddresses = (hostAddresses ?? []) + [address]
    }

    /// Takes an address, which may be unspecified (`0.0.0.0`, `::`).
    public mutating func setBindAddress(_ text: String) throws(SettingError) {
        guard let address = IPAddress(text) else {
            throw SettingError("invalid address '\(text)': expected one such as 0.0.0.0 or 192.168.0.2")
        }
        bindAddress = address
    }

    /// Takes one gate; returns whether it is known.
    public mutating func setFeatureGate(_ name: String, _ isOn: Bool) -> Bool {
        switch name {
        case "AllowServiceExternalIPs": allowServiceExternalIPs = isOn
        case "KubeProxyNFTablesLocalhostNodePorts": localhostNodePortsInNftables = isOn
        default: return false
        }
        return true
    }

    /// Modes that need a value have one.
    ///
    /// - Throws: ``SettingError`` if the interface for the mode is missing.
    public func checkDetectLocalMode() throws(SettingError) {
        if detectLocalMode == .bridgeInterface, podBridgeInterface == nil {
            throw SettingError(.incomplete, "mode BridgeInterface needs the bridge's name: give --pod-bridge-interface")
        }
        if detectLocalMode == .interfaceNamePrefix, podInterfaceNamePrefix == nil {
            throw SettingError(
                .incomplete, "mode InterfaceNamePrefix needs the prefix: give --pod-interface-name-prefix")
        }
    }

    static func prefixes(_ texts: [some StringProtocol]) throws(SettingError) -> [IPPrefix] {
        var result: [IPPrefix] = []
        for text in texts {
            guard let prefix = IPPrefix(String(text)) else {
                throw SettingError("invalid CIDR '\(text)': expected one such as 10.244.0.0/16")
            }
            result.append(prefix)
        }
        return result
    }

    private static func interface(_ text: String) throws(SettingError) -> InterfaceName {
        guard let name = InterfaceName(text) else {
            throw SettingError("invalid interface name '\(text)': expected 1 to 15 of A-Z, a-z, 0-9 and _.:@-")
        }
        return name
    }
}

extension NodePortAddresses.Entry {
    /// The entry that a word stands for; nil for any other text.
    fileprivate init?(word: String) {
        switch word {
        case "primary": self = .primary
        case "localhost": self = .localhost
        case "all": self = .all
        default: return nil
        }
    }
}
