public import Iptables
public import Nftables

/// The rules of a host that packets are sent through: those of iptables, tables of nftables, or both.
public enum TracedRules: Sendable {
    /// What iptables-save prints.
    case iptables(IndexedRules)
    /// What nft lists, and what iptables-save prints beside it.
    case nftables(TracedTables, IndexedRules?)

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
