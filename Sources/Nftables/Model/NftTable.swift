/// A table of nftables with what it holds, as a text of commands or a listing says it (nft(8)).
///
/// Names, comments and what this grammar does not know are kept as text.
public struct NftTable: Sendable, Hashable {
    /// `ip`, `ip6`, `inet` and so on.
    public var family: String
    /// The name.
    public var name: String
    /// The comment; nil: none.
    public var comment: String?
    /// What the kernel does otherwise with the whole table, sorted: `dormant`, `owner`, `persist`.
    public var flags: [String] = []
    /// In the order in which they were made, as the objects that follow.
    public var chains: [NftChain] = []
    /// Sets and maps.
    public var sets: [NftSet] = []
    /// The names of counters.
    public var counters: [String] = []
    /// Objects and statements of other kinds, by their first words; they are not compared.
    public var unknown: [String] = []

    /// The line on which it begins.
    public var place = NftLine()

    /// Whether comments of the table and its chains are not known: the JSON of nft 1.0 leaves them out.
    public var omitsComments = false

    /// A table without objects.
    public init(family: String, name: String) {
        self.family = family
        self.name = name
    }

    /// The chain with a name; nil: there is none.
    public subscript(chain name: String) -> NftChain? { chains.first { $0.name == name } }
    /// The set or map with a name; nil: there is none.
    public subscript(set name: String) -> NftSet? { sets.first { $0.name == name } }
}

/// A chain.
public struct NftChain: Sendable, Hashable {
    /// The name.
    public var name: String
    /// Where the kernel calls it; nil: it is only jumped to.
    public var base: NftBase?
    /// The comment; nil: none.
    public var comment: String?
    /// The rules, in the order in which packets meet them.
    public var rules: [NftRule] = []
    /// The line on which it begins.
    public var place = NftLine()

    /// A chain without rules.
    public init(name: String) { self.name = name }
}

/// Where the kernel calls a base chain.
public struct NftBase: Sendable, Hashable {
    /// `filter`, `nat` or `route`.
    public var type: String
    /// `prerouting`, `input`, `forward`, `output`, `postrouting` and so on.
    public var hook: String
    /// Chains of a hook are called by rising priority.
    public var priority: Int
    /// What becomes of a packet that no rule decides about; `accept` unless something else is said.
    public var policy = "accept"

    /// A hook for packets.
    public init(type: String, hook: String, priority: Int) {
        self.type = type
        self.hook = hook
        self.priority = priority
    }
}

/// A set or a map.
public struct NftSet: Sendable, Hashable {
    /// The name.
    public var name: String
    /// Whether its elements lead to something.
    public var isMap: Bool
    /// The types of the key's parts, such as `ipv4_addr`.
    public var keyTypes: [String] = []
    /// The type of what a map's elements lead to, such as `verdict`.
    public var dataType: String?
    /// Sorted.
    public var flags: [String] = []
    /// After how many milliseconds an element goes; nil: never.
    public var timeout: Int?
    /// The largest number of elements; nil: not limited.
    public var size: Int?
    /// The comment; nil: none.
    public var comment: String?
    /// The elements.
    public var elements: [NftElement] = []
    /// Statements of other kinds, as text.
    public var unknown: [String] = []
    /// The line on which it begins.
    public var place = NftLine()

    /// A set or map without elements.
    public init(name: String, isMap: Bool) {
        self.name = name
        self.isMap = isMap
    }

    /// Whether rules add elements, which then are data of the running host.
    public var isDynamic: Bool { flags.contains("dynamic") }
}

/// An element of a set or a map.
public struct NftElement: Sendable, Hashable {
    /// The parts of the key.
    public var key: [String]
    /// The comment; nil: none.
    public var comment: String?
    /// What it leads to, such as `goto reject-chain`; nil: it is one of a set.
    public var data: String?
    /// The line on which it stands.
    public var place = NftLine()

    /// An element of a set; of a map with data.
    public init(key: [String], comment: String? = nil, data: String? = nil) {
        self.key = key
        self.comment = comment
        self.data = data
    }
}
