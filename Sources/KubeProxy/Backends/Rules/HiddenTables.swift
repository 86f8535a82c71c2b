public import Iptables
internal import NetAddress

extension Ruleset {
    /// The first table that a dump hides although something of kube-proxy's may be in it; nil: there is none.
    ///
    /// - Parameter isOfAll: whether any table counts, and not only those that kube-proxy writes rules to.
    public func hiddenTable(ofAll isOfAll: Bool = false) -> HiddenTable? {
        hiddenTables.first { hidden in
            !hidden.isPartial && (isOfAll || ["filter", "nat"].contains(hidden.name))
        }
    }

    /// What is to be said of a hidden table.
    public func refusal(of hidden: HiddenTable) -> String {
        "iptables cannot show the \(hidden.name) table, since it holds nft rules that iptables does not have; so it is "
            + "not known what is in it. List it with 'nft list table \(family.keyword) \(hidden.name)', and move these rules "
            + "to a table of their own"
    }
}
