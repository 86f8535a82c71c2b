public import Iptables
public import KubeChainsBytes
public import KubeChainsJSON
public import Nftables

/// The rules of a host that packets are sent through: those of iptables, tables of nftables, or both.
public enum TracedRules: Sendable {
    /// What iptables-save prints.
    case iptables(IndexedRules)
    /// What nft lists, and what iptables-save prints beside it.
    case nftables(TracedTables, IndexedRules?)

    /// The rules that a plan's mode programs on a host where kube-proxy runs alone; nil in IPVS mode, whose virtual servers are no
    /// rules. Takes as long as `render`.
    ///
    /// - Parameter workers: threads that may form half of many rules.
    /// - Throws: ``SnapshotError`` if the mode cannot serve a Service as the settings ask for it.
    public init?(_ plan: NodePlan, with workers: Workers? = nil) throws(SnapshotError) {
        switch plan.settings.mode {
        case .iptables: self = .iptables(IndexedRules(IptablesPlan(plan, with: workers).hostRules))
        case .nftables: self = .nftables(TracedTables([try NftablesPlan(plan, with: workers).table]), nil)
        case .ipvs: return nil
        }
    }

    func outcomes(_ query: TraceQuery) throws(TraceError) -> [TraceOutcome] {
        switch self {
        case .iptables(let rules): try PacketTrace(query, through: rules).outcomes
        case .nftables(let tables, let rules): try PacketTrace(query, through: tables, and: rules).outcomes
        }
    }

    func trace(_ query: TraceQuery) throws(TraceError) -> ClientTrace {
        switch self {
        case .iptables(let rules): try ClientTrace(query, through: rules)
        case .nftables(let tables, let rules): try ClientTrace(query, through: tables, and: rules)
        }
    }
}
