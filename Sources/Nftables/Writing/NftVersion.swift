/// Which nft lists.
public enum NftVersion: String, Sendable, Hashable, CaseIterable {
    /// 1.0.6, as of Debian 12.
    case oneZero = "1.0"
    /// 1.1.3, as of Debian 13.
    case oneOne = "1.1"
}
