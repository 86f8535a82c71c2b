/// What findings about a table of nftables mode hold. Each identifier has a type of its own, as ``StaleEndpoint`` and others
/// that both modes share.
public enum NftablesEvidence {}

extension NftablesDetail.Action {
    /// What packets to a frontend get, in words.
    var verdictText: String {
        switch self {
        case .refuse: "refused"
        case .drop: "dropped"
        case .lead(let role): "sent to \(role)"
        default: "let through"
        }
    }
}
