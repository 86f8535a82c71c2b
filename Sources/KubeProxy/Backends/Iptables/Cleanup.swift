public import Iptables

/// What has to be removed from a host so that nothing is left of what kube-proxy in iptables mode made.
///
/// What kubelet makes stays: KUBE-MARK-DROP, its canary and hint chains, and KUBE-FIREWALL with the jumps to it where kubelet
/// is or was at work. What IPVS mode needs stays where it is at work.
public struct Cleanup: Sendable {
    /// The rules afterwards.
    public let wanted: Ruleset
    private let changes: RulesetChanges

    /// - Parameter live: the rules of one family and backend.
    public init(_ live: Ruleset) {
        wanted = live.withoutIptablesMode()
        changes = RulesetChanges(from: live, to: wanted)
    }

    /// Whether there is nothing to remove.
    public var isEmpty: Bool { changes.isEmpty }

    /// How many chains are deleted.
    public var chainCount: Int { changes.deletedChainCount }
    /// How many jumps are deleted.
    public var jumpCount: Int { changes.deletedJumpCount }

    /// Rules that are not kube-proxy's and jump to its chains, which cannot be deleted because of them.
    public var blockingReferences: [ChainReference] { changes.blockingReferences }

    /// The text for `iptables-restore --noflush` that removes all of it.
    public var text: [UInt8] { changes.text }
}
