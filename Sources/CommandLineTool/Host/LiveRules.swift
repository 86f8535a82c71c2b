internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import NetAddress

/// The rules of this host.
enum LiveRules {
    /// What iptables-save or ip6tables-save prints, of the backend that holds kube-proxy's chains; of both if both do.
    static func ofHost(_ family: AddressFamily) throws(CommandFailure) -> [SnapshotSource] {
        guard System.isRoot else { throw .input("error: --live host needs root, to read the host's rules") }
        return try onHost { () throws(HostError) in try HostRules.dumps(family) }.map { name, text in
            SnapshotSource(name: name, bytes: text)
        }
    }
}
