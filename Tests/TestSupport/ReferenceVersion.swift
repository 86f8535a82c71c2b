/// A minor version of kube-proxy, 1.24 to 1.37, as the model tells them apart.
///
/// The model asks for numbers where the product asks for named behaviours, so that a wrong range in one of them shows.
struct ReferenceVersion {
    /// The `N` of `1.N`.
    let minor: Int

    /// Whether the version is `1.last` or older.
    func isUpTo(_ last: Int) -> Bool { minor <= last }
}

extension ClusterDescription.Service {
    /// Whether the Service asks for topology hints by an annotation, as versions up to 1.30 need it.
    func asksForHints(_ version: ReferenceVersion) -> Bool {
        if version.isUpTo(26) { return topologyHints == "Auto" || topologyHints == "auto" }
        let value = topologyHints ?? topologyMode ?? ""
        return !["", "disabled", "Disabled"].contains(value)
    }
}
