public import Iptables
internal import NetAddress

/// Tables prepared for tracing: chains and elements by name, and which sets remember clients of which endpoint.
public struct TracedTables: Sendable {
    /// A table with its chains and sets by name.
    struct Table: Sendable {
        let table: NftTable
        /// Such as `ip kube-proxy`.
        let name: String
        let chains: [String: Int]
        let sets: [String: TracedElements]
    }

    /// A chain of a table.
    struct ChainPlace: Sendable, Hashable {
        let table: Int
        let chain: Int
    }

    let tables: [Table]
    /// The chains that the kernel asks.
    let bases: [ChainPlace]
    /// Of sets that rules fill and that belong to endpoints: the address and port behind them, by table and set.
    let remembered: [String: [(address: IPAddress, port: UInt16)]]

    /// Prepares tables for traces.
    ///
    /// - Parameter tables: those of a host, or of a plan. Those that are not of an IP family are left out, and so are dormant ones.
    public init(_ tables: [NftTable]) {
        var prepared: [Table] = []
        var bases: [ChainPlace] = []
        var remembered: [String: [(address: IPAddress, port: UInt16)]] = [:]
        for table in tables where ["ip", "ip6", "inet"].contains(table.family) {
            if table.flags.contains("dormant") { continue }
            let name = "\(table.family) \(table.name)"
            for (index, chain) in table.chains.enumerated() {
                if chain.base != nil { bases.append(ChainPlace(table: prepared.count, chain: index)) }
                guard chain.rules.contains(where: { $0.text.hasPrefix("update @") }) else { continue }
                let statements = chain.rules.flatMap(\.statements)
                for case .change(let set, .source, true) in statements {
                    for case .translate(.fixed(let text?, let ports?), false) in statements {
                        guard let address = IPAddress(text), ports.first == ports.last else { continue }
                        remembered["\(name) @\(set)", default: []].append((address, ports.first))
                    }
                }
            }
            prepared.append(
                Table(
                    table: table, name: name,
                    chains: Dictionary(table.chains.enumerated().map { ($1.name, $0) }) { first, _ in first },
                    sets: Dictionary(table.sets.map { ($0.name, TracedElements($0)) }) { first, _ in first }))
        }
        self.tables = prepared
        self.bases = bases
        self.remembered = remembered
    }

    /// Whether no chain is one that the kernel asks, so that packets meet no rule.
    public var hasNoBaseChain: Bool { bases.isEmpty }

    func chain(_ place: ChainPlace) -> NftChain { tables[place.table].table.chains[place.chain] }
}

extension NftTable {
    /// Whether the table is one that iptables-nft makes and keeps: it has the name of one of iptables' tables and a chain
    /// with one of its chains' names.
    public var isOfIptables: Bool {
        ["ip", "ip6"].contains(family) && ["filter", "nat", "mangle", "raw", "security"].contains(name)
            && chains.contains { chain in
                chain.base != nil && ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"].contains(chain.name)
            }
    }
}

extension PacketTrace {
    /// Traces a packet through tables of nftables, and the rules of iptables on the same host.
    ///
    /// Chains are asked in the order of their priorities. Of chains with the same one, the kernel asks the one first that was
    /// registered last, which is not known: where it makes a difference, each order is assumed.
    ///
    /// - Parameter rules: those of iptables; nil: there are none.
    /// - Throws: `TraceError` if the rules cannot be followed.
    public init(
        _ query: TraceQuery, through tables: TracedTables, and rules: IndexedRules? = nil
    ) throws(TraceError) {
        try self.init(query, through: rules ?? .none(query), beside: TableWalker(tables, query))
    }
}

extension ClientTrace {
    /// Follows packets through tables of nftables, and the rules of iptables on the same host.
    package init(_ query: TraceQuery, through tables: TracedTables, and rules: IndexedRules?) throws(TraceError) {
        try self.init(query, through: rules ?? .none(query), beside: TableWalker(tables, query))
    }
}

extension IndexedRules {
    /// No rules of the family of a query.
    fileprivate static func none(_ query: TraceQuery) -> IndexedRules {
        IndexedRules(Ruleset(family: query.destination.family, tables: []))
    }
}
