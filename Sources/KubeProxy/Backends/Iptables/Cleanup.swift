public import Iptables
public import KubeChainsBytes
internal import NetAddress

/// What has to be removed from a host so that nothing of kube-proxy's is left (kube-proxy 1.36: `CleanupLeftovers` of
/// `pkg/proxy/iptables/proxier.go`, with the canary chains besides).
///
/// What kubelet makes stays: KUBE-FIREWALL with the jumps to it, KUBE-MARK-DROP, its canary and hint chains.
public struct Cleanup: Sendable {
    private struct TableCleanup: Sendable {
        let name: String
        /// In the order of the table.
        var chains: [String] = []
        /// The jumps from built-in chains, as iptables-save prints them.
        var jumps: [String] = []
    }

    private var tables: [TableCleanup] = []
    /// Rules that are not kube-proxy's and jump to its chains, which cannot be deleted because of them.
    public private(set) var blockingReferences: [ChainReference] = []

    /// - Parameter live: the rules of one family and backend.
    public init(_ live: Ruleset) {
        for table in live.tables {
            var cleanup = TableCleanup(name: table.name)
            let own = OwnedChains(removedWith: .iptablesMode, in: table.name, keeping: nil)
            cleanup.chains = table.chains.map(\.name).filter { own.contains($0) }
            let doomed = Set(cleanup.chains)
            for chain in table.chains where chain.policy != nil {
                for rule in chain.rules where JumpRule.isJump(rule, to: doomed.contains) {
                    cleanup.jumps.append(String(rule.ignoringCounters.saved(in: chain.name).dropFirst("-A ".count)))
                }
            }
            blockingReferences += ChainReference.all(
                to: doomed, in: table, exceptIn: { _ in false },
                besides: { chain, rule in chain.policy != nil && JumpRule.isJump(rule, to: doomed.contains) })
            if !cleanup.chains.isEmpty { tables.append(cleanup) }
        }
    }

    /// Whether there is nothing to remove.
    public var isEmpty: Bool { tables.isEmpty }

    public var chainCount: Int { tables.reduce(0) { $0 + $1.chains.count } }
    public var jumpCount: Int { tables.reduce(0) { $0 + $1.jumps.count } }

    /// The text for `iptables-restore --noflush` that removes all of it.
    public func write(to text: inout TextWriter) {
        for table in tables {
            text.append("*", table.name, "\n")
            for chain in table.chains { text.append(":", chain, " - [0:0]\n") }
            for jump in table.jumps { text.append("-D ", jump, "\n") }
            for chain in table.chains { text.append("-X ", chain, "\n") }
            text.append("COMMIT\n")
        }
    }
}
