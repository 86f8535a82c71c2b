extension ProxyMode {
    /// The back end of the mode: the only place that chooses one by it.
    var backend: any Backend.Type {
        switch self {
        case .iptables: IptablesPlan.self
        case .nftables: NftablesPlan.self
        case .ipvs: IPVSPlan.self
        }
    }
}
