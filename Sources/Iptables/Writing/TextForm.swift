/// The two text forms of rules.
public enum TextForm: Sendable, Hashable, CaseIterable {
    /// Input for iptables-restore, as kube-proxy spells it.
    case restore
    /// What iptables-save prints once that text is loaded.
    case save
}
