internal import KubeChainsJSON
internal import KubeProxy

/// What an input is, by its content.
enum InputContent {
    /// Objects of a cluster.
    case snapshot
    /// The rules of iptables, of iptables or IPVS mode.
    case iptables
    /// Tables of nftables.
    case nftables(NftablesText)

    /// kube-proxy's mode, where the content tells it.
    var mode: ProxyMode? {
        switch self {
        case .snapshot, .iptables: nil
        case .nftables: .nftables
        }
    }
}

extension SnapshotSource {
    /// What the input is.
    var content: InputContent {
        if let text = nftablesText { return .nftables(text) }
        return looksLikeJSON ? .snapshot : .iptables
    }

    /// Whether it is neither rules of iptables nor tables of nftables.
    var isSnapshot: Bool { if case .snapshot = content { true } else { false } }
}

extension ProxyMode {
    /// The mode whose rules some inputs are: as their content tells, else the given one.
    static func ofRules(_ sources: [SnapshotSource], given: ProxyMode?) -> ProxyMode {
        sources.lazy.compactMap(\.content.mode).first ?? given ?? .iptables
    }
}
