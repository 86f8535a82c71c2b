public import Iptables
public import NetAddress

/// A Service port that two sides' rules treat differently.
public struct ServicePortDifference: Sendable {
    /// What happened to a Service port.
    public enum Change: String, Sendable, Hashable {
        /// Only the actual side has it, only the expected side has it, or both have it and differ.
        case added, removed, changed
    }

    /// The Service port.
    public let label: ServicePortLabel
    /// What happened to it.
    public let change: Change
    /// What identifies the Service port's chains.
    let hash: ChainHash
    /// Sorted by kind, then address and port.
    public let details: [RuleDetail]
}

/// The differences between two sets of rules, in terms of kube-proxy's structure: the order of rules that exclude each
/// other, counters, spelling and comments do not count.
public struct RuleComparison: Sendable {
    /// Sorted by name and protocol.
    public private(set) var servicePorts: [ServicePortDifference] = []
    /// In the order of tables, chains and rules.
    public private(set) var other: [OtherDifference] = []

    /// The differences of some Service ports alone; those of no Service are left out.
    public func limited(to isWanted: (ServicePortLabel) -> Bool) -> RuleComparison {
        var comparison = self
        comparison.servicePorts = servicePorts.filter { isWanted($0.label) }
        comparison.other = []
        return comparison
    }

    /// The differences without those of endpoints and their shares. Service ports that only one side has stay.
    public var withoutEndpoints: RuleComparison {
        var comparison = self
        comparison.servicePorts = servicePorts.compactMap { port in
            guard port.change == .changed else { return port }
            let details = port.details.filter { $0.kind != .clusterEndpoint && $0.kind != .localEndpoint }
            if details.isEmpty { return nil }
            return ServicePortDifference(label: port.label, change: port.change, hash: port.hash, details: details)
        }
        return comparison
    }

    /// Whether nothing differs.
    public var isSame: Bool { servicePorts.isEmpty && other.isEmpty }

    /// A side of a comparison.
    public struct Side: Sendable {
        let ruleset: Ruleset
        let plan: IptablesPlan?
        /// Service ports whose chains neither side has among its rules, since they are the same.
        let unchanged: UnchangedServices?

        /// The family of the side's rules.
        public var family: AddressFamily { ruleset.family }

        /// The rules that a plan gives.
        ///
        /// - Parameter keepsComments: whether comments on Services are wanted, for a strict comparison.
        public init(_ plan: IptablesPlan, keepsComments: Bool = false) {
            ruleset = plan.ruleset(keepsComments: keepsComments)
            self.plan = plan
            unchanged = nil
        }

        /// Rules from a dump.
        public init(_ ruleset: Ruleset) {
            self.ruleset = ruleset
            plan = nil
            unchanged = nil
        }

        private init(_ ruleset: Ruleset, _ plan: IptablesPlan?, _ unchanged: UnchangedServices) {
            self.ruleset = ruleset
            self.plan = plan
            self.unchanged = unchanged
        }

        /// The sides of a dump and of the plan beside which it was read, which are compared with each other.
        package static func sides(_ dump: DumpBesidePlan) -> (dump: Side, plan: Side) {
            (Side(dump.actual, nil, dump.unchanged), Side(dump.expected, dump.plan, dump.unchanged))
        }
    }

    /// Compares rules by Service port, then the others. If a side is a plan, only what kube-proxy writes
    /// is compared; otherwise all of both.
    ///
    /// - Parameter isStrict: whether the rules' text in normal form is compared, comments included.
    public init(expected: Side, actual: Side, isStrict: Bool = false) {
        if isStrict {
            self.init()
            for chain in RuleComparison.changedChains(expected, actual, isStrict: true) { compareTexts(chain) }
            return
        }
        var names = ChainOwners()
        for plan in [expected.plan, actual.plan] { if let plan { names.learn(plan) } }
        names.learn(expected.ruleset)
        names.learn(actual.ruleset)
        self.init(
            RulesByService(ChainsByName(expected.ruleset, besides: expected.unchanged), names),
            RulesByService(ChainsByName(actual.ruleset, besides: actual.unchanged), names), names,
            knowsAll: expected.plan == nil && actual.plan == nil)
    }

    private init() {}

    /// Compares rules that have been analysed already.
    init(_ left: RulesByService, _ right: RulesByService, _ names: ChainOwners, knowsAll: Bool) {
        compareServicePorts(left, right, names)
        compareBaseRules(left, right)
        compareOtherChains(left, right, knowsAll: knowsAll)
    }

    // MARK: Service ports

    private mutating func compareServicePorts(_ left: RulesByService, _ right: RulesByService, _ names: ChainOwners) {
        let changed = ChangedServices(left.natChains, right.natChains)
        for hash in left.servicePorts.union(right.servicePorts) {
            // Nearly all are equal, and need no further checks.
            if !changed.hashes.contains(hash), RuleComparison.hasSameSharedRules(hash, left, right) { continue }
            let details = RuleComparison.details(ServiceFacts(hash, left), ServiceFacts(hash, right))
            guard !details.isEmpty else { continue }
            // A side that only has the rule for the health check has nothing of the port, unless that is all of both.
            let isServed = left.servedPorts.contains(hash) || right.servedPorts.contains(hash)
            let ours = isServed ? left.servedPorts : left.servicePorts
            let theirs = isServed ? right.servedPorts : right.servicePorts
            let change: ServicePortDifference.Change =
                !ours.contains(hash) ? .added : !theirs.contains(hash) ? .removed : .changed
            servicePorts.append(
                ServicePortDifference(label: names.label(hash), change: change, hash: hash, details: details))
        }
        servicePorts.sort { $0.label < $1.label }
    }

    /// Whether a Service port's rules in shared chains do the same, one by one.
    private static func hasSameSharedRules(_ hash: ChainHash, _ left: RulesByService, _ right: RulesByService) -> Bool {
        let leftRules = left.sharedRules[hash] ?? []
        let rightRules = right.sharedRules[hash] ?? []
        guard leftRules.count == rightRules.count else { return false }
        for (one, other) in zip(leftRules, rightRules)
        where one.table != other.table || one.chain != other.chain || !one.rule.acts(as: other.rule) {
            return false
        }
        return true
    }

    static func details(_ left: ServiceFacts, _ right: ServiceFacts) -> [RuleDetail] {
        var details: [RuleDetail] = []
        let (leftEndpoints, rightEndpoints) = (left.endpoints, right.endpoints)
        let subjects = Set(left.facts.keys).union(right.facts.keys).filter {
            left.facts[$0]?.action != right.facts[$0]?.action
        }
        for subject in subjects {
            let expected = left.facts[subject]
            let actual = right.facts[subject]
            if let endpoint = expected?.endpoint ?? actual?.endpoint,
                leftEndpoints.contains(endpoint) != rightEndpoints.contains(endpoint)
            {
                continue
            }
            details.append(
                RuleDetail(
                    subject: subject, expected: expected?.action, actual: actual?.action, expectedRule: expected?.rule,
                    actualRule: actual?.rule))
        }
        let keyed = details.map { ($0, RuleDetail.Subject.SortKey($0.subject)) }
        return keyed.sorted { $0.1 < $1.1 }.map(\.0)
    }

    private mutating func compareTexts(_ chain: ChangedChain) {
        let changes = SequenceChanges(from: chain.expected, to: chain.actual)
        for index in changes.removed { add(chain.table, chain.name, .missingText(chain.expected[index])) }
        for index in changes.inserted { add(chain.table, chain.name, .extraText(chain.actual[index])) }
    }

    private mutating func add(_ table: String, _ chain: String, _ change: OtherDifference.Change) {
        other.append(OtherDifference(table: table, chain: chain, change: change))
    }

    // MARK: Everything else

    /// The rules of shared chains that belong to no Service, above all the jump to node ports, which must be last.
    private mutating func compareBaseRules(_ left: RulesByService, _ right: RulesByService) {
        for (table, kind) in RulesByService.sharedChains {
            let chain = kind.text.description
            let expected = left.baseRules.filter { $0.table == table && $0.chain == chain }.map(\.rule)
            let actual = right.baseRules.filter { $0.table == table && $0.chain == chain }.map(\.rule)
            compareRules(table, chain, expected.nodePortsLast, actual.nodePortsLast)
            compareOrder(table, chain, left, right)
        }
    }

    /// Rules after the one for node ports apply only to packets that it returns.
    private mutating func compareOrder(
        _ table: String, _ chain: String, _ left: RulesByService, _ right: RulesByService
    ) {
        func misplaced(_ rules: RulesByService) -> Rule? {
            let all = rules.chain(table, chain)?.rules ?? []
            guard let tail = all.firstIndex(where: { $0.target == .jump("KUBE-NODEPORTS") }) else { return nil }
            guard let first = all[(tail + 1)...].first(where: { $0.target != .jump("KUBE-NODEPORTS") }) else {
                return nil
            }
            return first
        }
        switch (misplaced(left), misplaced(right)) {
        case (let rule?, nil): add(table, chain, .misplacedRule(rule, isExpected: true))
        case (nil, let rule?): add(table, chain, .misplacedRule(rule, isExpected: false))
        default: break
        }
    }

    /// Chains that are no Service port's and not shared by them.
    private mutating func compareOtherChains(_ left: RulesByService, _ right: RulesByService, knowsAll: Bool) {
        let shared = Set(RulesByService.sharedChains.map { "\($0.table) \($0.chain.text)" })
        var seen: Set<String> = []
        var leftTargets = JumpTargets(left)
        var rightTargets = JumpTargets(right)
        for table in left.ruleset.tables + right.ruleset.tables {
            for chain in table.chains where ChainName(chain.name) == nil {
                let key = "\(table.name) \(chain.name)"
                guard !shared.contains(key), seen.insert(key).inserted else { continue }
                let expected = left.chain(table.name, chain.name)
                let actual = right.chain(table.name, chain.name)
                let isIdle =
                    switch (expected, actual) {
                    case (let expected?, nil): leftTargets.isIdle(expected, in: table.name)
                    case (nil, let actual?): rightTargets.isIdle(actual, in: table.name)
                    default: false
                    }
                if knowsAll, isIdle { continue }
                // Beside a plan, only chains that kube-proxy writes are of interest.
                if !knowsAll, !RuleComparison.isWritten(table.name, chain.name) { continue }
                switch (expected, actual) {
                case (.some, nil): add(table.name, chain.name, .missingChain)
                case (nil, let actual?): add(table.name, chain.name, .extraChain(line: Int(actual.line)))
                case (let expected?, let actual?) where knowsAll && expected.policy != actual.policy:
                    add(
                        table.name, chain.name,
                        .policy(expected: expected.policy, actual: actual.policy, line: Int(actual.line)))
                default: break
                }
                compareRules(table.name, chain.name, expected?.rules ?? [], actual?.rules ?? [])
            }
        }
    }

    /// The fixed chains that kube-proxy fills, those shared by Service ports aside.
    static func isWritten(_ table: String, _ chain: String) -> Bool {
        fixedChains[table]?.contains(chain) ?? false
    }

    /// By table. What kubelet fills as well is not kube-proxy's alone.
    private static let fixedChains: [String: OwnedChains] = Dictionary(
        grouping: KubeChainEntry.all.filter { $0.owner == .iptablesMode && $0.content == .fixed && !$0.isKubeletsToo },
        by: \.table
    ).mapValues { OwnedChains($0) }

    /// Compares rules in order: the shortest edit from one side to the other.
    private mutating func compareRules(_ table: String, _ chain: String, _ expected: [Rule], _ actual: [Rule]) {
        if expected.act(as: actual) { return }
        let changes = SequenceChanges(from: expected.map(\.actingText), to: actual.map(\.actingText))
        for index in changes.removed { add(table, chain, .missingRule(expected[index])) }
        for index in changes.inserted { add(table, chain, .extraRule(actual[index])) }
    }
}

/// The chains that rules jump to, found when they are first asked for.
private struct JumpTargets {
    private let rules: RulesByService
    private var targets: [String: Set<String>]?

    init(_ rules: RulesByService) { self.rules = rules }

    /// Whether a chain does nothing to packets: an empty one that does not drop, or to which nothing jumps.
    mutating func isIdle(_ chain: Chain, in table: String) -> Bool {
        guard chain.rules.isEmpty else { return false }
        if let policy = chain.policy { return policy != .drop }
        let found = targets ?? rules.jumpTargets
        targets = found
        return found[table]?.contains(chain.name) != true
    }
}

extension [Rule] {
    /// The rules with the jumps to node ports last, by the addresses that they are for: these exclude each other, and where they
    /// stand is looked at by itself.
    fileprivate var nodePortsLast: [Rule] {
        let jumps = filter { $0.target == .jump("KUBE-NODEPORTS") }
        guard !jumps.isEmpty else { return self }
        func key(_ rule: Rule) -> String { rule.destination?.prefix?.description ?? "" }
        return filter { $0.target != .jump("KUBE-NODEPORTS") } + jumps.sorted { key($0) < key($1) }
    }
}
