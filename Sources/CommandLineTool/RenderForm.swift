internal import Iptables
internal import KubeProxy

/// The texts that `render` writes, of all modes.
enum RenderForm: String, CaseIterable {
    case restore, save, state, ipvsadm, ipset, addresses, setup

    /// The form of iptables mode; nil: there is none.
    var iptables: TextForm? {
        switch self {
        case .restore: .restore
        case .save: .save
        default: nil
        }
    }

    /// The form of nftables mode; nil: there is none.
    var nftables: NftablesForm? { NftablesForm(rawValue: rawValue) }

    /// The form of IPVS mode; nil: there is none.
    var ipvs: IPVSForm? { IPVSForm(rawValue: rawValue) }
}
