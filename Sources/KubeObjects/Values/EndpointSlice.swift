public import KubeChainsJSON
public import NetAddress

/// An EndpointSlice, or the part of one family of an Endpoints object, which is read as if it were a slice.
public struct EndpointSlice: Sendable, Equatable {
    /// Which API the endpoints came from.
    public enum Origin: Sendable, Hashable {
        /// An EndpointSlice, or an Endpoints object of older clusters.
        case endpointSlice, endpoints
    }

    /// The namespace of the slice and of its Service.
    public let namespace: DNSLabel
    /// The object's own name.
    public let name: String
    /// The Service that the endpoints serve, in the same namespace; nil where the label `kubernetes.io/service-name` is
    /// missing.
    public var serviceName: DNSLabel?
    /// The family that `addressType` claims; nil for `FQDN` and unknown ones.
    public var family: AddressFamily?
    /// Whether the object has the label `service.kubernetes.io/headless`; kube-proxy skips such objects.
    public var isHeadless = false
    /// The label `endpointslice.kubernetes.io/managed-by`: which controller writes the slice; nil: none says so.
    public var manager: String? { lint.value }
    private var lint = NotCompared<String?>(nil)
    /// Whether the object has the label `service.kubernetes.io/service-proxy-name`; kube-proxy skips such objects up to
    /// 1.35.
    public var hasProxyName = false
    /// The ports, which all endpoints have.
    public var ports: [EndpointPort] = []
    /// The endpoints.
    public var endpoints: [Endpoint] = []
    /// The texts of all addresses of those endpoints that have several, or one that is not spelled canonically, by the
    /// endpoints' indices. kube-proxy writes what the slice says up to 1.30.
    public package(set) var addressTexts = [Int: [String]]()
    /// The kind of object that it was read from.
    public var origin: Origin = .endpointSlice
    /// The object's location in the inputs.
    public var place: ObjectPlace

    /// Whether kube-proxy reads the slice at all (in the generator of its family).
    @inlinable package var isConsidered: Bool { !isHeadless && serviceName != nil && family != nil }

    /// Where the object begins in the inputs; nil: it was not read from one.
    public var location: SourceLocation? { place.location }

    /// A slice made from values, which serves a Service of its namespace.
    ///
    /// - Parameter name: the slice's own name.
    public init(
        namespace: DNSLabel, name: DNSSubdomain, serviceName: DNSLabel, family: AddressFamily,
        ports: [EndpointPort], endpoints: [Endpoint]
    ) {
        self.init(namespace: namespace, name: name.text, place: .none)
        self.serviceName = serviceName
        self.family = family
        self.ports = ports
        self.endpoints = endpoints
    }

    package mutating func setManager(_ name: String) { lint = NotCompared(name) }

    package init(namespace: DNSLabel, name: String, place: ObjectPlace) {
        self.namespace = namespace
        self.name = name
        self.place = place
    }
}

/// An entry of a slice's `ports`.
public struct EndpointPort: Sendable, Hashable {
    /// A port's name. A port without one has the empty name: the API server's default
    /// (`pkg/apis/discovery/v1/defaults.go`).
    public enum Name: Sendable, Hashable {
        /// The empty name: for a Service's unnamed port.
        case empty
        /// A DNS label.
        case label(DNSLabel)
    }

    /// The name, by which a Service's port finds it.
    public var name: Name = .empty
    /// The protocol.
    public var transport: TransportProtocol = .tcp
    /// 0: none; kube-proxy skips the port.
    public var port: UInt16 = 0

    package init() {}

    /// - Parameter name: as the Service's port is named; nil for the port without a name.
    public init(name: DNSLabel? = nil, transport: TransportProtocol = .tcp, port: UInt16) {
        self.name = name.map { .label($0) } ?? .empty
        self.transport = transport
        self.port = port
    }
}

/// An entry of a slice's `endpoints`.
public struct Endpoint: Sendable, Hashable {
    /// The conditions, absent ones filled in: ready and serving are true, terminating is false unless said otherwise.
    public struct Conditions: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        /// An endpoint of one address.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// `ready`.
        public static let ready = Conditions(rawValue: 1)
        /// `serving`.
        public static let serving = Conditions(rawValue: 2)
        /// `terminating`.
        public static let terminating = Conditions(rawValue: 4)
    }

    /// The first address; nil: none (kube-proxy skips the endpoint), or the slice is not considered.
    public var address: IPAddress?
    /// The conditions; absent ones have the API server's defaults.
    public var conditions: Conditions = [.ready, .serving]
    /// The node that it runs on; nil: not said.
    public var nodeName: String?
    /// The zone of that node; nil: not said.
    public var zone: String?
    /// Nil: no hints.
    public var hints: TopologyHints?

    package init() {}

    /// An endpoint of one address.
    public init(
        address: IPAddress, conditions: Conditions = [.ready, .serving], nodeName: String? = nil, zone: String? = nil,
        hints: TopologyHints? = nil
    ) {
        self.address = address
        self.conditions = conditions
        self.nodeName = nodeName
        self.zone = zone
        self.hints = hints
    }
}

/// An endpoint's topology hints: the entries of `hints`. Shared between endpoints, since most slices repeat a few.
public final class TopologyHints: Sendable, Hashable {
    /// The names in `forZones`, in order.
    public let zones: [String]
    /// The names in `forNodes`, in order.
    public let nodes: [String]

    /// Hints for zones and nodes.
    public init(zones: [String], nodes: [String]) {
        self.zones = zones
        self.nodes = nodes
    }

    public static func == (left: TopologyHints, right: TopologyHints) -> Bool {
        left === right || left.zones == right.zones && left.nodes == right.nodes
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(zones)
        hasher.combine(nodes)
    }
}
