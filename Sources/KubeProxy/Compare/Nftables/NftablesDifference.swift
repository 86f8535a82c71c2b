/// A difference between two nftables tables of kube-proxy.
public struct NftablesDifference: Sendable, Hashable {
    /// What differs.
    public enum Kind: String, Sendable, Hashable {
        /// The kind of object that differs.
        case table, chain, set, map, counter, rule, element
    }

    /// What differs.
    public let kind: Kind
    /// The chain, set, map or counter; the table where it is about that.
    public let object: String
    /// What only the expected side has, or what it says instead, as nft lists it.
    public let expected: String?
    /// What only the actual side has, or what it says instead.
    public let actual: String?
}

/// A Service port that two tables treat differently.
public struct NftablesServiceDifference: Sendable, Hashable {
    /// The Service port.
    public let label: ServicePortLabel
    /// What happened to it.
    public let change: ServicePortDifference.Change
    /// Sorted by object.
    public let details: [NftablesDifference]
}
