public import NetAddress

/// The rules of one address family, as a text for iptables-restore or from iptables-save gives them.
public struct Ruleset: Sendable, Hashable {
    /// The family of all addresses.
    public var family: AddressFamily
    /// The program that wrote the text, if its header says so. It does not count in comparisons.
    public var generator: Generator?
    /// Whether the text holds iptables-nft-save's warning that there are rules of the legacy backend besides. It does
    /// not count in comparisons.
    public var warnsOfLegacyTables: Bool
    /// Tables that exist but that iptables-nft-save could not show, by its own word. They do not count in comparisons.
    public var hiddenTables: [HiddenTable] = []
    /// The tables in the order of the text, each once.
    public var tables: [Table]

    /// A value of these parts.
    public init(
        family: AddressFamily, generator: Generator? = nil, warnsOfLegacyTables: Bool = false, tables: [Table] = []
    ) {
        self.family = family
        self.generator = generator
        self.warnsOfLegacyTables = warnsOfLegacyTables
        self.tables = tables
    }

    /// The table with a name.
    public subscript(table name: String) -> Table? { tables.first { $0.name == name } }

    public static func == (left: Ruleset, right: Ruleset) -> Bool {
        left.family == right.family && left.tables == right.tables
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(family)
        hasher.combine(tables)
    }

    /// The same without counters.
    public var ignoringCounters: Ruleset {
        var copy = self
        copy.tables = tables.map(\.ignoringCounters)
        return copy
    }

    /// The same without comments.
    public var ignoringComments: Ruleset {
        var copy = self
        copy.tables = tables.map(\.ignoringComments)
        return copy
    }
}

/// A table that iptables-nft-save says it cannot show, or not whole: it holds nft rules that iptables does not have. A dump that
/// lacks it for this reason does not say that it is empty.
public struct HiddenTable: Sendable, Hashable {
    /// The table's name.
    public var name: String
    /// Whether some base chains alone are not shown, and the other chains are.
    public var isPartial: Bool
    /// The line of the remark, from 1.
    public var line: Int

    /// A table that the dump does not show.
    public init(name: String, isPartial: Bool, line: Int) {
        self.name = name
        self.isPartial = isPartial
        self.line = line
    }
}

/// A table: `filter`, `nat`, `mangle`, `raw`, `security`.
public struct Table: Sendable, Hashable {
    /// The name, such as `nat` or `KUBE-SERVICES`.
    public var name: String
    /// The chains in the order of the text.
    public var chains: [Chain]

    /// A table with chains.
    public init(name: String, chains: [Chain] = []) {
        self.name = name
        self.chains = chains
    }

    /// The chain with a name, found by looking at one after another.
    public subscript(chain name: String) -> Chain? { chains.first { $0.name == name } }

    /// The same without counters.
    public var ignoringCounters: Table { Table(name: name, chains: chains.map(\.ignoringCounters)) }
    /// The same without comments.
    public var ignoringComments: Table { Table(name: name, chains: chains.map(\.ignoringComments)) }
}

/// A chain with its rules.
public struct Chain: Sendable {
    /// The name, such as `nat` or `KUBE-SERVICES`.
    public var name: String
    /// The rules, in the order in which packets meet them.
    public var rules: [Rule]
    /// The policy's counters, where the text has them.
    public var counters: Counters?
    /// The policy for packets that reach the end of a built-in chain; nil for a user-defined chain.
    public var policy: Policy?
    /// The line of the chain's declaration, from 1; 0 for a chain that was not declared in a text. It does not count in
    /// comparisons.
    public var line: Int32

    /// A value of these parts.
    public init(
        name: String, policy: Policy? = nil, counters: Counters? = nil, rules: [Rule] = [], line: Int32 = 0
    ) {
        self.name = name
        self.policy = policy
        self.counters = counters
        self.rules = rules
        self.line = line
    }

    /// What happens to packets that reach the end of a built-in chain.
    public enum Policy: Sendable, Hashable, CaseIterable {
        /// They go on, or are dropped.
        case accept, drop

        /// The policy's name as iptables writes it.
        public var name: StaticString { self == .accept ? "ACCEPT" : "DROP" }
    }

    /// The same without counters.
    public var ignoringCounters: Chain {
        var copy = self
        copy.counters = nil
        copy.rules = rules.map(\.ignoringCounters)
        return copy
    }

    /// The same without comments.
    public var ignoringComments: Chain {
        var copy = self
        copy.rules = rules.map(\.ignoringComments)
        return copy
    }
}

extension Chain: Hashable {
    public static func == (left: Chain, right: Chain) -> Bool {
        left.name == right.name && left.policy == right.policy && left.counters == right.counters
            && left.rules == right.rules
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(policy)
        hasher.combine(counters)
        hasher.combine(rules)
    }
}

/// The chains that every kernel's tables have (iptables(8), TABLES).
enum BuiltInChains {
    private static let filter: [StaticString] = ["INPUT", "FORWARD", "OUTPUT"]
    private static let nat: [StaticString] = ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]
    private static let mangle: [StaticString] = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]
    private static let raw: [StaticString] = ["PREROUTING", "OUTPUT"]

    /// The names of a table's built-in chains; nil for a table that iptables does not have.
    static func names(inTable table: String) -> [StaticString]? {
        switch table {
        case "filter", "security": filter
        case "nat": nat
        case "mangle": mangle
        case "raw": raw
        default: nil
        }
    }
}
