public import KubeChainsBytes
public import KubeChainsJSON

/// The objects of a cluster at one moment, read from the inputs: checked, each object once, in an order
/// that does not depend on the inputs' order.
public struct ClusterSnapshot: Sendable {
    /// Sorted by namespace and name.
    public internal(set) var services: [Service] = []
    /// Sorted by namespace, Service and own name. Endpoints objects are taken for slices only if the inputs have no slice
    /// at all: kube-proxy does not read them otherwise.
    public internal(set) var endpointSlices: [EndpointSlice] = []
    /// Endpoints objects with addresses that no slice has, where there are slices, so that kube-proxy knows nothing of them.
    public internal(set) var unreadEndpoints: [UnreadEndpoints] = []
    /// Sorted by name.
    public internal(set) var nodes: [Node] = []
    /// Sorted by name.
    public internal(set) var serviceCIDRs: [ServiceCIDR] = []
    /// The KubeProxyConfiguration, if the inputs hold one.
    public internal(set) var configuration: KubeProxyConfiguration?
    /// What was skipped in the inputs, in the inputs' order.
    public internal(set) var warnings: [PlacedMessage] = []
    /// The inputs, which are kept so that places can be shown.
    public let sources: [SnapshotSource]

    /// Reads the inputs: each one or more JSON documents, which are Lists of Kubernetes objects or single objects, in
    /// any order. Kinds that are not used are ignored.
    ///
    /// - Parameter workers: threads that may read half of a large list; the result is the same without them.
    /// - Throws: ``SnapshotError`` with the first error found: malformed JSON, an invalid value, the same object
    ///   twice with different contents, an incomplete list, an input without any document.
    public init(reading sources: [SnapshotSource], with workers: Workers? = nil) throws(SnapshotError) {
        try self.init(reading: sources, expecting: .cluster, with: workers)
    }

    /// A snapshot of objects that were made from values, in any order.
    ///
    /// - Throws: ``SnapshotError`` where kube-proxy could not have been given such objects: the same object twice with
    ///   a difference, two ports of a Service with the same name and protocol, a Service's port 0, a cluster IP of
    ///   another family than claimed, an endpoint of another family than its slice.
    public init(
        services: [Service], endpointSlices: [EndpointSlice] = [], nodes: [Node] = [], serviceCIDRs: [ServiceCIDR] = []
    ) throws(SnapshotError) {
        sources = []
        var collection = ObjectCollection()
        collection.services = services
        collection.endpointSlices = endpointSlices
        collection.nodes = nodes
        collection.serviceCIDRs = serviceCIDRs
        do throws(ReadFailure) {
            for service in services { try service.check() }
            for slice in endpointSlices { try slice.check() }
            try collection.finish(into: &self)
        } catch {
            throw error.snapshotError(in: [])
        }
    }

    package init(
        reading sources: [SnapshotSource], expecting expectation: InputExpectation, with workers: Workers? = nil
    ) throws(SnapshotError) {
        self.sources = sources
        var collection = ObjectCollection()
        do throws(ReadFailure) {
            for (index, source) in sources.enumerated() { try collection.read(source, index, expectation, workers) }
            try collection.finish(into: &self)
        } catch {
            throw error.snapshotError(in: sources)
        }
    }

    /// These messages with their places.
    public func diagnostics(_ severity: Diagnostic.Severity, _ messages: [PlacedMessage]) -> [Diagnostic] {
        sources.diagnostics(severity, messages)
    }

    /// An error about settings, at a place in the inputs.
    public func error(_ message: String, at location: SourceLocation?) -> SnapshotError {
        let placed = PlacedMessage(message: message, location: location)
        return SnapshotError(.settings, sources.diagnostics(.error, [placed])[0])
    }
}

/// What an input should be. It changes messages only.
package enum InputExpectation: Sendable {
    case cluster, configuration

    /// What the whole input should be.
    var document: StaticString {
        switch self {
        case .cluster: "the output of 'kubectl get … -o json'"
        case .configuration: "a KubeProxyConfiguration as JSON"
        }
    }

    /// What each of its documents begins with.
    var opening: StaticString {
        switch self {
        case .cluster: "'{', which begins a Kubernetes object or a List of them (kubectl's -o json)"
        case .configuration: "'{', which begins a KubeProxyConfiguration as JSON"
        }
    }
}

/// An error with the input that it was found in.
package struct ReadFailure: Error {
    let code: SnapshotError.Code
    let message: String
    /// Where; nil where the fault is one of values that were not read.
    let location: SourceLocation?
    /// A second place that the message speaks of.
    let other: SourceLocation?

    package init(_ fault: ReadFault, in source: Int) {
        self.init(
            fault.message, at: SourceLocation(source: source, offset: fault.offset), other: fault.other,
            code: fault.kind == .syntax ? .syntax : .invalidValue)
    }

    init(
        _ message: String, at location: SourceLocation?, other: SourceLocation? = nil,
        code: SnapshotError.Code = .invalidValue
    ) {
        self.code = code
        self.message = message
        self.location = location
        self.other = other
    }

    package func snapshotError(in sources: [SnapshotSource]) -> SnapshotError {
        let places = sources.places(of: [location, other].compactMap(\.self))
        var message = message
        if let other = other.flatMap({ places[$0] }) {
            message += "; the other is at \(other.position)" + (other.path.isEmpty ? "" : " (\(other.path))")
        }
        return SnapshotError(code, Diagnostic(.error, message, at: location.flatMap { places[$0] }))
    }
}
