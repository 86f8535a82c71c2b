public import KubeChainsJSON
public import NetAddress

/// A Node, in the fields that kube-proxy reads.
public struct Node: Sendable, Equatable {
    /// The node's name.
    public let name: DNSSubdomain
    /// The label `topology.kubernetes.io/zone`; empty where it is missing.
    public var zone = ""
    /// `status.addresses` of type InternalIP that parse, in order.
    public var internalIPs: [IPAddress] = []
    /// `status.addresses` of type ExternalIP that parse, in order.
    public var externalIPs: [IPAddress] = []
    /// The entries of `spec.podCIDRs` that parse, in order.
    public var podCIDRs: [IPPrefix] = []
    /// The texts of those of ``podCIDRs`` that are not spelled canonically, by their indices.
    public package(set) var podCIDRTexts: [Int: String] = [:]
    /// `status.nodeInfo.kubeProxyVersion`; empty where it is missing, as it mostly is since 1.33.
    public var kubeProxyVersion = ""
    /// `status.nodeInfo.kubeletVersion`; empty where it is missing.
    public var kubeletVersion = ""
    /// The object's location in the inputs.
    public var place: ObjectPlace

    /// Where the object begins in the inputs; nil: it was not read from one.
    public var location: SourceLocation? { place.location }

    /// A Node made from values.
    ///
    /// - Parameter zone: empty where it is not known.
    public init(
        name: DNSSubdomain, zone: String = "", internalIPs: [IPAddress] = [], externalIPs: [IPAddress] = [],
        podCIDRs: [IPPrefix] = []
    ) {
        self.init(name: name, place: .none)
        self.zone = zone
        self.internalIPs = internalIPs
        self.externalIPs = externalIPs
        self.podCIDRs = podCIDRs
    }

    package init(name: DNSSubdomain, place: ObjectPlace) {
        self.name = name
        self.place = place
    }
}
