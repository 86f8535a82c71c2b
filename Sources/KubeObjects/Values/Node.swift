public import KubeChainsJSON
public import NetAddress

/// A Node, in the fields that kube-proxy reads.
public struct Node: Sendable, Equatable {
    public let name: DNSSubdomain
    /// The label `topology.kubernetes.io/zone`; empty where it is missing.
    public var zone = ""
    /// `status.addresses` of type InternalIP that parse, in order.
    public var internalIPs: [IPAddress] = []
    /// `status.addresses` of type ExternalIP that parse, in order.
    public var externalIPs: [IPAddress] = []
    /// The entries of `spec.podCIDRs` that parse, in order.
    public var podCIDRs: [IPPrefix] = []
    /// Where the object stands in the inputs.
    public var location: SourceLocation

    /// Equal in everything but the place.
    public static func == (left: Node, right: Node) -> Bool {
        left.name == right.name && left.zone == right.zone && left.internalIPs == right.internalIPs
            && left.externalIPs == right.externalIPs && left.podCIDRs == right.podCIDRs
    }
}
