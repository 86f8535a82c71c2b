internal import KubeObjects
internal import NetAddress

/// The names of the sets and chains of IPVS mode.
struct IPVSNames {
    /// A set and a chain may have the same name, and so may chains of two tables.
    private let names: [String]

    init(_ family: AddressFamily) {
        let sets = IPSet.allCases.map { $0.name(family) }
        let chains = IPVSRules.tables.flatMap(\.chains).map(\.name)
        names = Set(sets + chains).sorted()
    }

    /// The name, or the only name with this prefix.
    ///
    /// - Throws: ``ExplainTargetError`` if there is none, or several.
    func name(_ text: String) throws(ExplainTargetError) -> String {
        if names.contains(text) { return text }
        let found = names.filter { $0.hasPrefix(text) }
        if found.count == 1 { return found[0] }
        if !found.isEmpty {
            throw ExplainTargetError(
                .ambiguous, "\(text) begins \(found.count) names: \(found.joined(separator: ", "))")
        }
        if OwnedChains.ofServicePorts.contains(text) {
            throw ExplainTargetError(
                .notFound,
                "in IPVS mode Services and endpoints have no chains; --proxy-mode iptables explains "
                    + text)
        }
        throw ExplainTargetError(
            .notFound, "IPVS mode has no set or chain \(text), or one whose name begins so",
            unknown: (text, names))
    }
}
