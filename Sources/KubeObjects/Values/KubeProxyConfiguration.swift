public import KubeChainsJSON

/// The settings of a KubeProxyConfiguration (`kubeproxy.config.k8s.io/v1alpha1`) that shape rules; nil or empty where
/// it if not set. Values are the text of the file; applying them checks them.
public struct KubeProxyConfiguration: Sendable, Equatable {
    /// A setting's value and its location.
    public struct Setting<Value: Sendable & Equatable>: Sendable, Equatable {
        /// The value as the file has it.
        public let value: Value
        /// Where it stands.
        public let place: ObjectPlace

        /// Where it stands in the inputs; nil: it was not read from one.
        public var location: SourceLocation? { place.location }

        package init(value: Value, location: SourceLocation?) {
            self.value = value
            place = ObjectPlace(location)
        }
    }

    /// `mode`.
    public var mode: Setting<String>?
    /// `hostnameOverride`.
    public var hostnameOverride: Setting<String>?
    /// `bindAddress`.
    public var bindAddress: Setting<String>?
    /// One or two CIDRs with a comma between them.
    public var clusterCIDR: Setting<String>?
    /// `detectLocalMode`.
    public var detectLocalMode: Setting<String>?
    /// `detectLocal.bridgeInterface`.
    public var bridgeInterface: Setting<String>?
    /// `detectLocal.interfaceNamePrefix`.
    public var interfaceNamePrefix: Setting<String>?
    /// `nodePortAddresses`.
    public var nodePortAddresses: [Setting<String>] = []
    /// `featureGates`.
    public var featureGates: [FeatureGate] = []
    /// `iptables.masqueradeAll`.
    public var masqueradeAll: Setting<Bool>?
    /// `iptables.masqueradeBit`.
    public var masqueradeBit: Setting<Int>?
    /// `nftables.masqueradeAll`, which counts in nftables mode.
    public var nftablesMasqueradeAll: Setting<Bool>?
    /// `nftables.masqueradeBit`, which counts in nftables mode.
    public var nftablesMasqueradeBit: Setting<Int>?
    /// `iptables.localhostNodePorts`.
    public var localhostNodePorts: Setting<Bool>?
    /// `conntrack.tcpBeLiberal`.
    public var conntrackTCPBeLiberal: Setting<Bool>?
    /// The section `ipvs`.
    public var ipvs = IPVS()
    /// The object's location in the inputs.
    public var place: ObjectPlace

    /// Where it stands in the inputs; nil: it was not read from one.
    public var location: SourceLocation? { place.location }

    /// The section `ipvs`.
    public struct IPVS: Sendable, Equatable {
        /// `scheduler`.
        public var scheduler: Setting<String>?
        /// `excludeCIDRs`.
        public var excludeCIDRs: [Setting<String>] = []
        /// `strictARP`.
        public var strictARP: Setting<Bool>?
        /// A duration as Go writes it, as the two that follow.
        public var tcpTimeout: Setting<String>?
        /// `tcpFinTimeout`.
        public var tcpFinTimeout: Setting<String>?
        /// `udpTimeout`.
        public var udpTimeout: Setting<String>?
    }

    /// A feature gate that is switched on or off.
    public struct FeatureGate: Sendable, Equatable {
        /// The gate's name.
        public let name: String
        /// Whether it is switched on.
        public let isOn: Bool
        /// Where it stands.
        public let place: ObjectPlace

        /// Where it stands in the inputs; nil: it was not read from one.
        public var location: SourceLocation? { place.location }

        package init(name: String, isOn: Bool, location: SourceLocation?) {
            self.name = name
            self.isOn = isOn
            place = ObjectPlace(location)
        }
    }
}
