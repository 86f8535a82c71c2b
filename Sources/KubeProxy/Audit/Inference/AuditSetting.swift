public import KubeObjects
internal import NetAddress

/// A setting that a node's rules show, so that an audit need not be told it.
public enum AuditSetting: Sendable, Hashable, CaseIterable {
    /// `--node`, kube-proxy's `--hostname-override`.
    case node
    /// `--kube-proxy-version`.
    case version
    /// `--cluster-cidr`, `--detect-local-mode`, `--pod-bridge-interface` and `--pod-interface-name-prefix`, which together
    /// say how traffic of local pods is detected.
    case localTraffic
    /// Settings that rules show, named as in ``ProxySettings``.
    case masqueradeAll, masqueradeBit, nodePortAddresses, localhostNodePorts, conntrackTCPBeLiberal, randomFully
    /// `--nftables-masquerade-bit`, and the feature gate `KubeProxyNFTablesLocalhostNodePorts`.
    case nftablesMasqueradeBit, localhostNodePortsInNftables
    /// Whether the host has the nfacct counters.
    case accountingCounters
    /// `--ipvs-scheduler`, `--ipvs-forwarding` and `--ipvs-strict-arp`.
    case scheduler, forwarding, strictARP
    /// The feature gate `AllowServiceExternalIPs`.
    case externalIPs
    /// `--node-address`.
    case hostAddresses
    /// `--bind-address`.
    case bindAddress

    /// The settings that a flag is about, as far as rules show them.
    ///
    /// - Parameter value: the flag's value, which says which feature gates it sets.
    public static func given(by flag: ProxyFlag, _ value: String) -> [AuditSetting] {
        switch flag {
        case .node: [.node]
        case .version: [.version]
        case .clusterCIDR, .detectLocalMode, .podBridgeInterface, .podInterfaceNamePrefix: [.localTraffic]
        case .masqueradeAll: [.masqueradeAll]
        case .masqueradeBit: [.masqueradeBit]
        case .nftablesMasqueradeBit: [.nftablesMasqueradeBit]
        case .nodePortAddresses: [.nodePortAddresses]
        case .localhostNodePorts: [.localhostNodePorts]
        case .conntrackTCPBeLiberal: [.conntrackTCPBeLiberal]
        case .noRandomFully: [.randomFully]
        case .nfacct: [.accountingCounters]
        case .featureGates:
            value.split(separator: ",").compactMap { gate in
                gate.split(separator: "=").first.flatMap { AuditSetting(featureGate: String($0)) }
            }
        case .nodeAddress: [.hostAddresses]
        case .bindAddress: [.bindAddress]
        case .ipvsScheduler: [.scheduler]
        case .ipvsForwarding: [.forwarding]
        case .ipvsStrictARP: [.strictARP]
        default: []
        }
    }

    /// The setting that a feature gate is about; nil: none that rules show.
    private init?(featureGate name: String) {
        switch name {
        case "AllowServiceExternalIPs": self = .externalIPs
        case "KubeProxyNFTablesLocalhostNodePorts": self = .localhostNodePortsInNftables
        default: return nil
        }
    }

    /// The settings that a configuration gives.
    public static func given(by configuration: KubeProxyConfiguration) -> Set<AuditSetting> {
        var given: Set<AuditSetting> = []
        if let name = configuration.hostnameOverride, !name.value.isEmpty { given.insert(.node) }
        if [configuration.clusterCIDR?.value, configuration.detectLocalMode?.value].contains(where: { $0 != nil }) {
            given.insert(.localTraffic)
        }
        if configuration.bindAddress != nil { given.insert(.bindAddress) }
        if configuration.masqueradeAll != nil { given.insert(.masqueradeAll) }
        if configuration.masqueradeBit != nil { given.insert(.masqueradeBit) }
        if configuration.nftablesMasqueradeBit != nil { given.insert(.nftablesMasqueradeBit) }
        if !configuration.nodePortAddresses.isEmpty { given.insert(.nodePortAddresses) }
        if configuration.localhostNodePorts != nil { given.insert(.localhostNodePorts) }
        if configuration.conntrackTCPBeLiberal != nil { given.insert(.conntrackTCPBeLiberal) }
        if configuration.ipvs.scheduler != nil { given.insert(.scheduler) }
        if configuration.ipvs.strictARP != nil { given.insert(.strictARP) }
        given.formUnion(configuration.featureGates.compactMap { AuditSetting(featureGate: $0.name) })
        return given
    }
}

/// Which settings an audit may read off the rules.
public enum AuditKnowledge: Sendable {
    /// All settings but how traffic is detected and marked are known; for these, rules of several Service ports must agree
    /// against what is known.
    case everything
    /// These were given, the others are read off the rules.
    case given(Set<AuditSetting>)

    /// Whether a value that the rules show is taken in place of the one that is planned with.
    func accepts(_ setting: AuditSetting) -> Bool {
        switch self {
        case .everything: setting == .localTraffic || setting == .masqueradeAll || setting == .masqueradeBit
        case .given: true
        }
    }

    /// Whether the value that is planned with was given.
    func gives(_ setting: AuditSetting) -> Bool {
        switch self {
        case .everything: true
        case .given(let given): given.contains(setting)
        }
    }

    /// How many rules must agree on a value that contradicts the one planned with.
    var leastVotes: Int {
        switch self {
        case .everything: 2
        case .given: 1
        }
    }
}
