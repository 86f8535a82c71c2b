internal import KubeChainsJSON
internal import KubeProxy

extension SnapshotSource {
    /// Whether it is neither rules of iptables nor tables of nftables.
    var isSnapshot: Bool { looksLikeJSON && !isNftables }
}

extension ProxyMode {
    /// The mode whose rules some inputs are: the given one, else the one of which an input is a text.
    static func ofRules(_ sources: [SnapshotSource], given: ProxyMode?) -> ProxyMode {
        if let given, given != .iptables { return given }
        return sources.contains { $0.isNftables } ? .nftables : given ?? .iptables
    }
}
