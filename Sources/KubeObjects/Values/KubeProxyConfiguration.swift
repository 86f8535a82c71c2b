public import KubeChainsJSON

/// The settings of a KubeProxyConfiguration (`kubeproxy.config.k8s.io/v1alpha1`) that shape rules; nil or empty where
/// it if not set. Values are the text of the file; applying them checks them.
public struct KubeProxyConfiguration: Sendable, Equatable {
    /// A setting's value and its location.
    public struct Setting<Value: Sendable & Equatable>: Sendable, Equatable {
        public let value: Value
        public let place: ObjectPlace

        public var location: SourceLocation? { place.location }

        package init(value: Value, location: SourceLocation?) {
            self.value = value
            place = ObjectPlace(location)
        }
    }

    public var mode: Setting<String>?
    public var hostnameOverride: Setting<String>?
    public var bindAddress: Setting<String>?
    /// One or two CIDRs with a comma between them.
    public var clusterCIDR: Setting<String>?
    public var detectLocalMode: Setting<String>?
    public var bridgeInterface: Setting<String>?
    public var interfaceNamePrefix: Setting<String>?
    public var nodePortAddresses: [Setting<String>] = []
    public var featureGates: [FeatureGate] = []
    public var masqueradeAll: Setting<Bool>?
    public var masqueradeBit: Setting<Int>?
    /// `masqueradeAll` and `masqueradeBit` of the section `nftables`, which count in nftables mode.
    public var nftablesMasqueradeAll: Setting<Bool>?
    public var nftablesMasqueradeBit: Setting<Int>?
    public var localhostNodePorts: Setting<Bool>?
    public var conntrackTCPBeLiberal: Setting<Bool>?
    public var ipvs = IPVS()
    /// The object's location in the inputs.
    public var place: ObjectPlace

    public var location: SourceLocation? { place.location }

    /// The section `ipvs`.
    public struct IPVS: Sendable, Equatable {
        public var scheduler: Setting<String>?
        public var excludeCIDRs: [Setting<String>] = []
        public var strictARP: Setting<Bool>?
        /// A duration as Go writes it, as the two that follow.
        public var tcpTimeout: Setting<String>?
        public var tcpFinTimeout: Setting<String>?
        public var udpTimeout: Setting<String>?
    }

    public struct FeatureGate: Sendable, Equatable {
        public let name: String
        public let isOn: Bool
        public let place: ObjectPlace

        public var location: SourceLocation? { place.location }

        package init(name: String, isOn: Bool, location: SourceLocation?) {
            self.name = name
            self.isOn = isOn
            place = ObjectPlace(location)
        }
    }
}
