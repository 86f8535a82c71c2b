public import Iptables

/// The names of chains that somebody owns in one table, for many lookups.
struct OwnedChains: Sendable {
    private let names: Set<String>
    private let prefixes: [String]

    init(_ entries: some Sequence<KubeChainEntry>) {
        var names: Set<String> = []
        var prefixes: [String] = []
        for entry in entries {
            if entry.chain.isHashed { prefixes.append(entry.chain.name) } else { names.insert(entry.chain.name) }
        }
        self.names = names
        self.prefixes = prefixes
    }

    /// The chains of a table that a mode of kube-proxy makes and nobody else goes on to need: kubelet's chains are left out, and
    /// those of the other mode unless it is gone.
    init(removedWith owner: KubeChainEntry.Owner, in table: String, keeping other: KubeChainEntry.Owner?) {
        self.init(
            KubeChainEntry.all.filter { entry in
                guard entry.owner == owner, entry.table == table else { return false }
                let owners = KubeChainEntry.owners(of: entry.chain, in: table)
                return !owners.contains { $0 == .kubelet || $0 == other }
            })
    }

    var isEmpty: Bool { names.isEmpty && prefixes.isEmpty }

    func contains(_ name: String) -> Bool {
        guard name.hasPrefix("KUBE-") else { return false }
        if names.contains(name) { return true }
        for prefix in prefixes where name.hasPrefix(prefix) { return true }
        return false
    }

    /// The chains of single Service ports and endpoints, which are deleted once nothing needs them; with those of older versions,
    /// which kube-proxy leaves, and which lead to chains that it deletes.
    static let ofServicePorts = OwnedChains(KubeChainEntry.all.filter { $0.content == .ownServicePort })

    /// The chains of the nat table that one mode makes and the other does not.
    fileprivate static func only(_ owner: KubeChainEntry.Owner) -> OwnedChains {
        OwnedChains(
            KubeChainEntry.all.filter { entry in
                entry.owner == owner && entry.table == "nat" && entry.content != .nothing
                    && KubeChainEntry.owners(of: entry.chain, in: "nat") == [owner]
            })
    }

    fileprivate static let onlyOfIptablesMode = only(.iptablesMode)
    fileprivate static let onlyOfIPVSMode = only(.ipvsMode)
}

extension Ruleset {
    /// Whether there are chains that kube-proxy makes in this mode only: `KUBE-SERVICES` and others are in both.
    public func holdsChains(only mode: ProxyMode) -> Bool {
        let own = mode == .iptables ? OwnedChains.onlyOfIptablesMode : OwnedChains.onlyOfIPVSMode
        for chain in self[table: "nat"]?.chains ?? [] where own.contains(chain.name) { return true }
        return false
    }
}
