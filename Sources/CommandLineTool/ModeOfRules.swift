internal import KubeChainsJSON
internal import KubeProxy

extension ProxyMode {
    /// The mode whose rules some inputs are: the given one, else the one of which an input is a text.
    static func ofRules(_ sources: [SnapshotSource], given: ProxyMode?) -> ProxyMode {
        if let given, given != .iptables { return given }
        return sources.contains { $0.isNftables } ? .nftables : given ?? .iptables
    }
}
