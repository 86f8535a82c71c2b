/// The rules of a chain of nftables or IPVS mode are in another order than kube-proxy's.
public struct ReorderedRules: AuditEvidence {
    public static let id = AuditFinding.Identifier.wrongOrder
    /// The chain's name.
    public let chain: String

    public var severity: FindingSeverity { .error }

    public var effect: String {
        "the rules of \(chain) are in another order: packets that an earlier one takes never reach those behind it"
    }
}
