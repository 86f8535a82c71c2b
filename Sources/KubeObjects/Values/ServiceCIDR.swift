public import KubeChainsJSON
public import NetAddress

/// A ServiceCIDR (`networking.k8s.io/v1`): ranges from which the API server allocates cluster IPs. kube-proxy reads it in
/// nftables mode only.
public struct ServiceCIDR: Sendable, Equatable {
    /// One of the ranges.
    public struct Range: Sendable, Hashable {
        /// The range.
        public let prefix: IPPrefix
        /// The range as the object spells it; kube-proxy writes it so, host bits and leading zeros included.
        public let text: String

        /// The range; nil if the text is not one.
        public init?(_ text: String) {
            guard let prefix = IPPrefix(text) else { return nil }
            self.prefix = prefix
            self.text = text
        }
    }

    /// The object's name.
    public let name: DNSSubdomain
    /// The entries of `spec.cidrs` that parse, in order.
    public var ranges: [Range] = []
    /// The object's location in the inputs.
    public var place: ObjectPlace

    /// Where the object begins in the inputs; nil: it was not read from one.
    public var location: SourceLocation? { place.location }

    /// A ServiceCIDR made from values.
    public init(name: DNSSubdomain, ranges: [Range] = []) {
        self.init(name: name, place: .none)
        self.ranges = ranges
    }

    package init(name: DNSSubdomain, place: ObjectPlace) {
        self.name = name
        self.place = place
    }
}
