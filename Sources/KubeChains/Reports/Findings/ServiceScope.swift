public import KubeObjects
public import KubeProxy

/// The Services that a report is limited to.
public struct ServiceScope: Sendable {
    /// A name that nothing has.
    public struct UnknownName: Error, Sendable {
        /// What is not there, such as `the snapshot has no namespace shpo`.
        public let message: String
        /// The name, and those that there are.
        public let name: String
        /// The names that there are.
        public let known: [String]
    }

    /// All Services, and what belongs to none.
    public static let everything = ServiceScope()

    private var namespace: String?
    /// `namespace/name`; nil: all of the namespace.
    private var services: Set<String>?

    private init() {}

    /// Limits a report.
    ///
    /// - Parameters:
    ///   - namespace: the Services' namespace; nil: any.
    ///   - service: `name` or `namespace/name`; nil: all.
    ///   - selector: the labels that the Services must have; nil: any.
    ///   - snapshots: where the Services are; none: names are not checked.
    ///   - others: Services that are known besides, such as those in rules only, as `namespace/name`.
    /// - Throws: ``UnknownName`` if there is no such namespace or Service.
    public init(
        namespace: String?, service: String? = nil, selector: LabelSelector? = nil, in snapshots: [ClusterSnapshot],
        others: [String] = []
    ) throws(UnknownName) {
        self.namespace = namespace
        let own = snapshots.flatMap { $0.services.map(\.qualifiedName) }
        let known = own + others
        if let namespace, !snapshots.isEmpty {
            let namespaces = Set(known.map { String($0.prefix { $0 != "/" }) }).sorted()
            guard namespaces.contains(namespace) else {
                throw UnknownName(
                    message: "there is no Service in a namespace '\(namespace)'", name: namespace, known: namespaces)
            }
        }
        if let service {
            let isQualified = service.contains("/")
            let full = isQualified ? service : namespace.map { "\($0)/\(service)" }
            let found = known.filter { name in
                full.map { $0 == name } ?? (name.drop { $0 != "/" }.dropFirst() == service[...])
            }
            if found.isEmpty, !snapshots.isEmpty {
                let names = full == nil ? known.map { String($0.drop { $0 != "/" }.dropFirst()) } : known
                throw UnknownName(
                    message: "there is no Service '\(full ?? service)'", name: full ?? service,
                    known: Array(Set(names)).sorted())
            }
            if let namespace, let full, !full.hasPrefix(namespace + "/") {
                throw UnknownName(
                    message: "Service '\(full)' is not in the namespace '\(namespace)'", name: "", known: [])
            }
            services = Set(found.isEmpty ? [full ?? service] : found)
        }
        if let selector {
            var selected: Set<String> = []
            for snapshot in snapshots {
                for service in snapshot.services where selector.selects(snapshot.labels(of: service).labels) {
                    selected.insert(service.qualifiedName)
                }
            }
            let both = (services.map { $0.intersection(selected) } ?? selected).filter { name in
                namespace.map { name.hasPrefix($0 + "/") } ?? true
            }
            if both.isEmpty {
                let which = namespace == nil && service == nil ? "no Service" : "no Service of those that are named"
                throw UnknownName(message: "\(which) matches the selector", name: "", known: [])
            }
            services = both
        }
    }

    /// Whether everything is reported.
    public var isEverything: Bool { namespace == nil && services == nil }

    /// Whether a Service, `namespace/name`, is reported.
    public func contains(_ service: String) -> Bool {
        if let namespace, !service.hasPrefix(namespace + "/") { return false }
        return services?.contains(service) ?? true
    }

    /// Whether something is reported that is about a Service port, or about an object such as `EndpointSlice shop/web-x1`.
    /// What is about neither belongs to no Service.
    public func contains(_ label: ServicePortLabel?, object: String? = nil) -> Bool {
        if isEverything { return true }
        if let label { return contains(label.service) }
        guard let object else { return false }
        let name = String(object.drop { $0 != " " }.dropFirst())
        if object.hasPrefix("Service ") { return contains(name) }
        return services == nil && namespace.map { name.hasPrefix($0 + "/") } ?? false
    }
}

extension ServicePortLabel {
    /// `namespace/name` of its Service.
    public var service: String { String(servicePort.prefix { $0 != ":" }) }
}
