internal import Iptables

/// Rules in kube-proxy's structure: chains that all Services share, and chains of single Service ports.
struct RulesByService {
    /// All rules, by table and chain.
    private let chains: ChainsByName
    /// The rules of shared chains that are about a Service port, in their order.
    private(set) var sharedRules: [ChainHash: [PlacedRule]] = [:]
    /// The rules of shared chains that belong to no Service port.
    private(set) var baseRules: [PlacedRule] = []
    /// The Service ports that any chain or rule is about.
    private(set) var servicePorts: Set<ChainHash> = []
    /// Those with more than the rule for a health check, which is of all ports of its Service.
    private(set) var servedPorts: Set<ChainHash> = []

    /// The chains in which each Service port has rules of its own.
    static let sharedChains: [(table: String, chain: ChainName.Kind)] = KubeChainEntry.all.filter {
        $0.owner == .iptablesMode && $0.content == .servicePorts
    }.map { ($0.table, $0.chain) }

    init(_ chains: ChainsByName, _ names: ChainOwners) {
        self.chains = chains
        for hash in chains.unchanged?.hashes ?? [] {
            servicePorts.insert(hash)
            servedPorts.insert(hash)
        }
        for table in chains.ruleset.tables {
            for chain in table.chains {
                if let name = ChainName(chain.name), let hash = name.hash, name.kind != .endpoint {
                    servicePorts.insert(hash)
                    servedPorts.insert(hash)
                }
            }
        }
        for (table, kind) in RulesByService.sharedChains {
            let name = kind.text.description
            for rule in chains.rules(table, name) {
                let placed = PlacedRule(table: table, chain: name, rule: rule)
                guard let owner = names.owner(of: rule) else {
                    baseRules.append(placed)
                    continue
                }
                servicePorts.insert(owner)
                if table != "filter" || kind != .nodePorts { servedPorts.insert(owner) }
                sharedRules[owner, default: []].append(placed)
            }
        }
    }

    /// The rules.
    var ruleset: Ruleset { chains.ruleset }

    func chain(_ table: String, _ name: String) -> Chain? { chains.chain(table, name) }

    /// Whether a table has a chain.
    func hasChain(_ table: String, _ name: String) -> Bool { chains.has(table, name) }

    /// The chains that rules jump to, by table.
    var jumpTargets: [String: Set<String>] {
        var targets: [String: Set<String>] = [:]
        for table in ruleset.tables {
            var found: Set<String> = []
            for chain in table.chains {
                let rules = chain.rules.span
                for index in rules.indices {
                    if let target = rules[index].target?.chain { found.insert(target) }
                }
            }
            targets[table.name] = found
        }
        return targets
    }

    /// The chains of the nat table and their positions, for many lookups without copies.
    var natChains: IndexedChains { chains.chains(of: "nat") }

    /// A Service port's own chain.
    func chain(_ name: ChainName) -> Chain? { chain("nat", name.description) }
}

extension Rule {
    /// Whether the rule does the same as another, ignoring comments, counters and counting objects.
    borrowing func acts(as other: borrowing Rule) -> Bool {
        // Borrowed rules, and spans here and below, since copies are counted references (measured: a third of a
        // comparison's time).
        guard target == other.target, hasSameBasicConditions(as: other) else { return false }
        let ours = matches.span
        let theirs = other.matches.span
        var (left, right) = (0, 0)
        while true {
            while left < ours.count, ours[left].changesNothing { left += 1 }
            while right < theirs.count, theirs[right].changesNothing { right += 1 }
            guard left < ours.count else { return right == theirs.count }
            guard right < theirs.count, ours[left] == theirs[right] else { return false }
            left += 1
            right += 1
        }
    }

    /// The rule's conditions and target as iptables-save prints them, without matches that have no effect.
    var actingText: String {
        var rule = ignoringCounters
        rule.matches.removeAll(where: \.changesNothing)
        return String(rule.saved(in: "").dropFirst("-A ".count).drop { $0 == " " })
    }
}

extension Match {
    /// Whether the match accepts every packet: a comment, or a counter.
    var changesNothing: Bool {
        switch self {
        case .comment, .nfacct: true
        default: false
        }
    }
}

extension [Rule] {
    /// Whether the rules do the same as others, one by one.
    func act(as others: [Rule]) -> Bool {
        let ours = span
        let theirs = others.span
        guard ours.count == theirs.count else { return false }
        for index in ours.indices where !ours[index].acts(as: theirs[index]) { return false }
        return true
    }
}
