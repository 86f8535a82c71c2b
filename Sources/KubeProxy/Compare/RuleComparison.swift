public import Iptables
public import NetAddress

/// One difference between the rules of two sides.
public struct RuleDetail: Sendable, Hashable {
    /// What it is about: `address`, `nodePort`, `healthCheckNodePort`, `verdict`, `clusterEndpoint`, `localEndpoint`,
    /// `affinity`, `masquerade`, `externalPolicy`, `sourceRange` or `rule`.
    public let kind: String
    /// The address, endpoint, range or traffic it is about.
    public let subject: String
    /// What the expected rules do; nil: nothing.
    public let expected: String?
    /// What the actual rules do; nil: nothing.
    public let actual: String?
    /// The lines of the rules in their inputs; 0 where a side has none.
    public let expectedLine: Int
    public let actualLine: Int
    /// The actual rule as iptables-save prints it.
    public let actualRule: String?
}

/// A Service port that two sides' rules treat differently.
public struct ServicePortDifference: Sendable {
    public enum Change: String, Sendable, Hashable {
        case added, removed, changed
    }

    public let label: ServicePortLabel
    public let change: Change
    /// Sorted by kind and subject.
    public let details: [RuleDetail]
}

/// A difference that belongs to no Service port.
public struct OtherDifference: Sendable, Hashable {
    public let table: String
    public let chain: String
    /// What the expected side has; nil: nothing.
    public let expected: String?
    /// What the actual side has; nil: nothing.
    public let actual: String?
    /// The line of the actual rule; 0 where there is none.
    public let actualLine: Int
}

/// The differences between two sets of rules, in terms of kube-proxy's structure: the order of rules that exclude each
/// other, counters, spelling and comments do not count.
public struct RuleComparison: Sendable {
    /// Sorted by name and protocol.
    public private(set) var servicePorts: [ServicePortDifference] = []
    /// In the order of tables, chains and rules.
    public private(set) var other: [OtherDifference] = []

    public var isSame: Bool { servicePorts.isEmpty && other.isEmpty }

    /// A side of a comparison.
    public struct Side: Sendable {
        let ruleset: Ruleset
        let plan: IptablesPlan?

        /// The family of the side's rules.
        public var family: AddressFamily { ruleset.family }

        /// The rules that a plan gives.
        ///
        /// - Parameter keepsComments: whether comments on Services are wanted, for a strict comparison.
        public init(_ plan: IptablesPlan, keepsComments: Bool = false) {
            ruleset = plan.ruleset(keepsComments: keepsComments)
            self.plan = plan
        }

        /// Rules from a dump.
        public init(_ ruleset: Ruleset) {
            self.ruleset = ruleset
            plan = nil
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
            RulesByService(expected.ruleset, names), RulesByService(actual.ruleset, names), names,
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
            let change: ServicePortDifference.Change =
                !left.servicePorts.contains(hash) ? .added : !right.servicePorts.contains(hash) ? .removed : .changed
            servicePorts.append(ServicePortDifference(label: names.label(hash), change: change, details: details))
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

    private static func details(_ left: ServiceFacts, _ right: ServiceFacts) -> [RuleDetail] {
        var details: [RuleDetail] = []
        let (leftEndpoints, rightEndpoints) = (left.endpoints, right.endpoints)
        for key in Set(left.facts.keys).union(right.facts.keys).sorted() {
            let expected = left.facts[key]
            let actual = right.facts[key]
            guard expected?.value != actual?.value else { continue }
            if let endpoint = expected?.endpoint ?? actual?.endpoint,
                leftEndpoints.contains(endpoint) != rightEndpoints.contains(endpoint)
            {
                continue
            }
            details.append(
                RuleDetail(
                    kind: key.kind.rawValue, subject: key.subject, expected: expected?.value, actual: actual?.value,
                    expectedLine: Int(expected?.rule.rule.line ?? 0), actualLine: Int(actual?.rule.rule.line ?? 0),
                    actualRule: actual?.rule.text))
        }
        return details
    }

    // MARK: Text

    /// A chain whose rules differ as text.
    public struct ChangedChain: Sendable {
        public let table: String
        public let name: String
        /// The rules in normal form.
        public let expected: [String]
        public let actual: [String]
    }

    /// The chains whose rules differ, in the order of their names; beside a plan those that kube-proxy writes.
    ///
    /// - Parameter isStrict: whether comments and counting objects count.
    public static func changedChains(_ left: Side, _ right: Side, isStrict: Bool) -> [ChangedChain] {
        let knowsAll = left.plan == nil && right.plan == nil
        var keys: Set<[String]> = []
        var texts: [[String]: (Chain?, Chain?)] = [:]
        for (index, ruleset) in [left.ruleset, right.ruleset].enumerated() {
            for table in ruleset.tables {
                for chain in table.chains where knowsAll || isProxyChain(table.name, chain.name) {
                    let key = [table.name, chain.name]
                    keys.insert(key)
                    if index == 0 {
                        texts[key, default: (nil, nil)].0 = chain
                    } else {
                        texts[key, default: (nil, nil)].1 = chain
                    }
                }
            }
        }
        var changed: [ChangedChain] = []
        for key in keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            guard let (one, other) = texts[key] else { continue }
            if !isStrict, let one, let other, one.rules.act(as: other.rules) { continue }
            let lines = [one, other].map { chain in
                (chain?.rules ?? []).map { rule in
                    isStrict
                        ? rule.ignoringCounters.saved(in: key[1])
                        : "-A \(key[1])" + (rule.actingText.isEmpty ? "" : " " + rule.actingText)
                }
            }
            if lines[0] != lines[1] || (one == nil) != (other == nil) {
                changed.append(ChangedChain(table: key[0], name: key[1], expected: lines[0], actual: lines[1]))
            }
        }
        return changed
    }

    /// Whether kube-proxy writes a chain of this name in a table.
    private static func isProxyChain(_ table: String, _ chain: String) -> Bool {
        isWritten(table, chain) || ChainName(chain) != nil
            || RulesByService.sharedChains.contains { $0.table == table && $0.chain.text.description == chain }
    }

    private mutating func compareTexts(_ chain: ChangedChain) {
        for change in chain.actual.difference(from: chain.expected) {
            switch change {
            case .remove(_, let text, _):
                other.append(
                    OtherDifference(table: chain.table, chain: chain.name, expected: text, actual: nil, actualLine: 0))
            case .insert(_, let text, _):
                other.append(
                    OtherDifference(table: chain.table, chain: chain.name, expected: nil, actual: text, actualLine: 0))
            }
        }
    }

    // MARK: Everything else

    /// The rules of shared chains that belong to no Service, above all the jump to node ports, which must be last.
    private mutating func compareBaseRules(_ left: RulesByService, _ right: RulesByService) {
        for (table, kind) in RulesByService.sharedChains {
            let chain = kind.text.description
            let expected = left.baseRules.filter { $0.table == table && $0.chain == chain }.map(\.rule)
            let actual = right.baseRules.filter { $0.table == table && $0.chain == chain }.map(\.rule)
            compareRules(table, chain, expected, actual)
            compareOrder(table, chain, left, right)
        }
    }

    /// Rules after the one for node ports apply only to packets that it returns.
    private mutating func compareOrder(
        _ table: String, _ chain: String, _ left: RulesByService, _ right: RulesByService
    ) {
        func misplaced(_ rules: RulesByService) -> Rule? {
            let all = rules.chain(table, chain)?.rules ?? []
            guard let tail = all.lastIndex(where: { $0.target == .jump("KUBE-NODEPORTS") }) else { return nil }
            guard let first = all[(tail + 1)...].first(where: { $0.target != .jump("KUBE-NODEPORTS") }) else {
                return nil
            }
            return first
        }
        let (expected, actual) = (misplaced(left), misplaced(right))
        guard (expected == nil) != (actual == nil) else { return }
        other.append(
            OtherDifference(
                table: table, chain: chain,
                expected: expected.map { "behind the node ports: \($0.saved(in: chain))" },
                actual: actual.map { "behind the node ports: \($0.saved(in: chain))" },
                actualLine: Int(actual?.line ?? 0)))
    }

    /// Chains that are no Service port's and not shared by them.
    private mutating func compareOtherChains(_ left: RulesByService, _ right: RulesByService, knowsAll: Bool) {
        let shared = Set(RulesByService.sharedChains.map { "\($0.table) \($0.chain.text)" })
        var seen: Set<String> = []
        for table in left.ruleset.tables + right.ruleset.tables {
            for chain in table.chains where ChainName(chain.name) == nil {
                let key = "\(table.name) \(chain.name)"
                guard !shared.contains(key), seen.insert(key).inserted else { continue }
                let expected = left.chain(table.name, chain.name)
                let actual = right.chain(table.name, chain.name)
                // Beside a plan, only chains that kube-proxy writes are of interest.
                if !knowsAll, !RuleComparison.isWritten(table.name, chain.name) { continue }
                if (expected == nil) != (actual == nil) {
                    let text = ":\(chain.name)"
                    other.append(
                        OtherDifference(
                            table: table.name, chain: chain.name, expected: expected.map { _ in text },
                            actual: actual.map { _ in text }, actualLine: Int(actual?.line ?? 0)))
                } else if knowsAll, expected?.policy != actual?.policy {
                    other.append(
                        OtherDifference(
                            table: table.name, chain: chain.name,
                            expected: expected?.policy.map { "policy \($0.name)" },
                            actual: actual?.policy.map { "policy \($0.name)" }, actualLine: Int(actual?.line ?? 0)))
                }
                compareRules(table.name, chain.name, expected?.rules ?? [], actual?.rules ?? [])
            }
        }
    }

    /// The fixed chains that kube-proxy fills, those shared by Service ports aside.
    private static func isWritten(_ table: String, _ chain: String) -> Bool {
        switch table {
        case "filter": chain == "KUBE-FORWARD"
        case "nat": chain == "KUBE-POSTROUTING" || chain == "KUBE-MARK-MASQ"
        default: false
        }
    }

    /// Compares rules in order: the shortest edit from one side to the other.
    private mutating func compareRules(_ table: String, _ chain: String, _ expected: [Rule], _ actual: [Rule]) {
        if expected.act(as: actual) { return }
        for change in actual.difference(from: expected, by: { $0.acts(as: $1) }) {
            switch change {
            case .remove(_, let rule, _):
                other.append(
                    OtherDifference(
                        table: table, chain: chain, expected: rule.saved(in: chain), actual: nil, actualLine: 0))
            case .insert(_, let rule, _):
                other.append(
                    OtherDifference(
                        table: table, chain: chain, expected: nil, actual: rule.saved(in: chain),
                        actualLine: Int(rule.line)))
            }
        }
    }
}
