public import KubeChainsJSON
public import NetAddress

/// An Endpoints object with addresses that no EndpointSlice of its Service has. kube-proxy reads slices only.
public struct UnreadEndpoints: Sendable, Hashable {
    /// The namespace of the object and of its Service.
    public let namespace: DNSLabel
    /// The Service's name, too.
    public let name: DNSLabel
    /// The addresses that no slice of the Service has, in the object's order.
    public let addresses: [IPAddress]
    /// Whether the Service has any slice.
    public let hasSlice: Bool
    /// Whether the label `endpointslice.kubernetes.io/skip-mirror` keeps the control plane from writing one.
    public let skipsMirror: Bool
    /// The object's location in the inputs.
    public let place: ObjectPlace

    /// Where the object begins in the inputs; nil: it was not read from one.
    public var location: SourceLocation? { place.location }
}
