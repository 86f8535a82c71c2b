package import Iptables
package import NetAddress

/// Single base chains of a host, asked what they do with packets. Each chain's rules are read once.
package struct ChainProbe {
    /// A chain that the kernel asks at a hook.
    package struct BaseChain {
        /// The table's family and name and the chain's, such as `inet filter forward`.
        package let name: String
        /// Where it is asked.
        package let base: NftBase
        /// The line on which it begins.
        package let line: Int
        let place: TracedTables.ChainPlace
        let chain: HookedChain
        let hook: Hook
    }

    /// A rule of a chain.
    package struct PlacedRule: Hashable {
        let place: TracedTables.ChainPlace
        let index: Int
    }

    /// What becomes of a packet in a base chain and the chains that it leads to.
    package enum Verdict: Equatable {
        /// Perhaps it goes on.
        case passes
        /// Rules end its way for certain; these, or some of them, as conditions have it.
        case taken(by: [PlacedRule])
        /// The chain's policy drops it.
        case droppedByPolicy
    }

    let tables: TracedTables
    var walker: TableWalker
    private let firstEvent: Int

    /// How many conditions may be compared with packets: a host that needs more is asked no further.
    private static let effortLimit = 1_000_000
    /// What a chain counts for that cannot be followed.
    private static let effortOfFailure = 20_000

    /// - Parameters:
    ///   - tables: the tables whose chains are asked.
    ///   - hostAddresses: the addresses of the host.
    package init(_ tables: [NftTable], _ family: AddressFamily, hostAddresses: [IPAddress]) {
        self.tables = TracedTables(tables)
        let any = IPPrefix.all(family).network
        var query = TraceQuery(from: any, to: any, port: 0)
        query.hostAddresses = hostAddresses
        walker = TableWalker(self.tables, query)
        firstEvent = walker.eventCount
    }

    /// Whether more would be asked of the rules than they are worth.
    package var isExhausted: Bool { walker.eventCount - firstEvent > Self.effortLimit }

    /// The chains that the kernel asks for packets of the family, in the order in which it does.
    package var chains: [BaseChain] {
        Hook.allCases.flatMap { hook in
            walker.chains(at: hook).sorted { $0.priority < $1.priority }.compactMap { chain in
                let place = tables.bases[chain.place]
                let own = tables.chain(place)
                return own.base.map {
                    BaseChain(
                        name: chain.name, base: $0, line: own.place.number, place: place, chain: chain, hook: hook)
                }
            }
        }
    }

    /// What becomes of a packet in a chain.
    package mutating func verdict(on packet: TraceBranch, in chain: BaseChain) -> Verdict {
        var packet = packet
        // Connection tracking sees packets at this priority (NF_IP_PRI_CONNTRACK).
        packet.connection.isSeen = chain.base.priority > -200
        walker.splits.restart()
        walker.jumpCount = 0
        var ended: [EndedBranch] = []
        let passed: [TraceBranch]
        do throws(TraceError) {
            passed = try walker.pass([packet], chain.chain, chain.hook, &ended)
        } catch {
            walker.eventCount += Self.effortOfFailure
            return .passes
        }
        guard !ended.contains(where: { $0.verdict == .unknown }) else { return .passes }
        if ended.isEmpty {
            let isTaken = chain.base.type == "nat" && passed.allSatisfy(\.isTranslated)
            return isTaken ? .taken(by: passed.compactMap(lastRule)) : .passes
        }
        guard passed.isEmpty else { return .passes }
        let rules = ended.map(\.branch).compactMap(lastRule)
        return rules.count == ended.count ? .taken(by: rules) : .droppedByPolicy
    }

    /// The rule that a packet met last; nil: it met a policy.
    private func lastRule(of branch: TraceBranch) -> PlacedRule? {
        guard let step = branch.path?.step, step.number > 0,
            let table = tables.tables.firstIndex(where: { $0.name == step.table }),
            let chain = tables.tables[table].chains[step.chain]
        else { return nil }
        return PlacedRule(place: .init(table: table, chain: chain), index: step.number - 1)
    }

    // MARK: Rules

    /// The line of a rule in its dump, and the command that adds it.
    package func text(of rule: PlacedRule) -> (line: Int, command: String) {
        let (table, chain) = (tables.tables[rule.place.table], tables.chain(rule.place))
        let found = chain.rules[rule.index]
        return (found.place.number, "add rule \(table.name) \(chain.name) \(found.line)")
    }

    /// A chain that a rule leads to, with what the rule asks of packets that go there.
    struct Entry {
        let chain: TracedTables.ChainPlace
        let conditions: [NftMatch]
    }

    /// Calls a closure with each rule of the chains that a base chain leads to, each chain once.
    mutating func forEachRule(
        of chain: BaseChain, _ body: (inout ChainProbe, PlacedRule, [NftStatement], [Entry]) -> Void
    ) {
        var seen: Set<TracedTables.ChainPlace> = [chain.place]
        var waiting = [chain.place]
        while let place = waiting.popLast() {
            for (index, statements) in walker.statements(of: place).enumerated() {
                let entries = entries(statements, in: place)
                body(&self, PlacedRule(place: place, index: index), statements, entries)
                for entry in entries where seen.insert(entry.chain).inserted { waiting.append(entry.chain) }
            }
        }
    }

    private func entries(_ statements: [NftStatement], in place: TracedTables.ChainPlace) -> [Entry] {
        var found: [Entry] = []
        var conditions: [NftMatch] = []
        func add(_ name: String, _ conditions: [NftMatch]) {
            guard let chain = tables.tables[place.table].chains[name] else { return }
            found.append(Entry(chain: .init(table: place.table, chain: chain), conditions: conditions))
        }
        for statement in statements {
            switch statement {
            case .match(let match): conditions.append(match)
            case .verdict(let verdict): if let target = verdict.target { add(target, conditions) }
            case .verdictMap(let expression, let map):
                var names: [String] = []
                var keys: [String: [[String]]] = [:]
                for element in walker.elements(map, place)?.set.elements ?? [] {
                    guard let name = element.verdict?.target else { continue }
                    if keys[name] == nil { names.append(name) }
                    keys[name, default: []].append(element.key)
                }
                for name in names { add(name, conditions + [NftMatch(expression, isOneOf: keys[name] ?? [])]) }
            default: break
            }
        }
        return found
    }
}

extension NftMatch {
    /// Whether an expression has one of some values.
    init(_ expression: NftExpression, isOneOf keys: [[String]]) {
        self.init(expression: expression, isNegated: false, operand: .values(TracedElements(values: keys)), text: "")
    }
}

extension NftVerdict {
    /// The chain that it leads to.
    fileprivate var target: String? {
        switch self {
        case .jump(let chain), .goto(let chain): chain
        default: nil
        }
    }
}

extension NftElement {
    /// The verdict that it leads to; nil: it leads to none.
    var verdict: NftVerdict? { data.flatMap { NftVerdict($0.split(separator: " ").map(String.init)) } }
}
