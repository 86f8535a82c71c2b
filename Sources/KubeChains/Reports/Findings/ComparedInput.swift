internal import KubeChainsJSON
public import KubeObjects

/// The actual side of a comparison, as findings of `diff` name it.
public struct ComparedInput: Sendable {
    /// The name of the input.
    public let name: String
    /// Where Services stand in it, by `namespace/name`; of rules nowhere.
    private let places: [String: Diagnostic.Place]

    /// An input.
    ///
    /// - Parameters:
    ///   - name: the name of the input.
    ///   - snapshot: the input, if it is a snapshot.
    ///   - services: the Services whose places are asked for, as `namespace/name`.
    public init(_ name: String, _ snapshot: ClusterSnapshot? = nil, places services: [String] = []) {
        self.name = name
        guard let snapshot, !services.isEmpty else {
            places = [:]
            return
        }
        let wanted = Set(services)
        let objects = snapshot.services.filter { wanted.contains($0.qualifiedName) }
        let found = snapshot.diagnostics(
            .warning, objects.map { PlacedMessage(message: "", location: $0.location) }
        ).map(\.place)
        places = Dictionary(
            zip(objects.map(\.qualifiedName), found).compactMap { name, place in place.map { (name, $0) } }
        ) { first, _ in first }
    }

    /// Where a Service stands; nil: it is not in the input, or the input is rules.
    func place(of service: String) -> Diagnostic.Place? { places[service] }
}
