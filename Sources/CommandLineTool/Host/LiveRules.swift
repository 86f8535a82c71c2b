internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// The rules of this host.
enum LiveRules {
    /// What iptables-save or ip6tables-save prints, of the backend that holds kube-proxy's chains; of both if both do.
    ///
    /// - Parameter mode: kube-proxy's mode, if it is given: in nftables mode it is what nft lists.
    static func ofHost(_ family: AddressFamily, _ mode: ProxyMode? = nil) throws(CommandFailure) -> [SnapshotSource] {
        guard System.isRoot else { throw .input("error: --live host needs root, to read the host's rules") }
        return try onHost { () throws(HostError) -> [(name: String, text: [UInt8])] in
            switch mode {
            case .nftables: [try NftListing.ruleset()]
            case .ipvs: try IPVSListing.texts() + HostRules.dumps(family)
            case .iptables, nil: try HostRules.dumps(family)
            }
        }.map { name, text in SnapshotSource(name: name, bytes: text) }
    }
}
