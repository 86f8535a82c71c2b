internal import Iptables
internal import KubeProxy

/// The texts that `render` writes, of all modes.
enum RenderForm: String, CaseIterable {
    case restore, save, state, ipvsadm, ipset, addresses, setup, text, json, jsonl

    /// Whether the form is about Nodes, and not their rules.
    var isOfAllNodes: Bool { self == .text || self == .json || self == .jsonl }

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
