internal import Iptables
internal import NetAddress

/// Sends packets through the chains of nftables' tables. If rules leave open what happens to a packet, its path branches.
struct TableWalker: HookedChains {
    let tables: TracedTables
    let query: TraceQuery
    let host: TracedHost
    let family: AddressFamily
    /// The statements of the chains that were met.
    private var statements: [TracedTables.ChainPlace: [[NftStatement]]] = [:]
    /// The chains that are being walked, each called by the one before.
    var callers: [TracedTables.ChainPlace] = []
    var splits: SplitCount
    var jumpCount = 0
    /// Identifies an event; iptables' have lower numbers.
    var eventCount = 1 << 32
    let jumpLimit: Int

    /// The kernel's limit of jumps within each other is 16 (`NFT_JUMP_STACK_SIZE`); without one that it counts a `goto` too.
    static let depthLimit = 64

    init(_ tables: TracedTables, _ query: TraceQuery) {
        self.tables = tables
        self.query = query
        family = query.destination.family
        host = TracedHost(query.hostAddresses, family)
        let chainCount = tables.tables.reduce(0) { $0 + $1.table.chains.count }
        jumpLimit = 20_000 + 200 * chainCount
        splits = SplitCount(query, chains: chainCount)
    }

    func chains(at hook: Hook) -> [HookedChain] {
        return tables.bases.enumerated().compactMap { index, place in
            let table = tables.tables[place.table]
            let chain = tables.chain(place)
            guard let base = chain.base, base.hook == hook.nftablesName,
                [family.keyword, "inet"].contains(table.table.family)
            else { return nil }
            return HookedChain(
                name: "\(table.name) \(chain.name)", priority: base.priority, translates: base.type == "nat",
                place: index)
        }
    }

    func knowsHistory(of query: TraceQuery) -> Bool {
        guard let (address, port) = query.affinity else { return false }
        return tables.remembered.values.contains { endpoints in
            endpoints.contains { $0.address == address && $0.port == port }
        }
    }

    /// The chain whose rules are asked.
    var currentChain: TracedTables.ChainPlace? { callers.last }

    /// The hook, and where packets go that rules decide about.
    struct Way {
        let hook: Hook
        var accepted: [TraceBranch] = []
        var returned: [TraceBranch] = []
        var ended: [EndedBranch] = []
    }

    /// A rule.
    struct RulePlace {
        let chain: TracedTables.ChainPlace
        let index: Int
    }

    mutating func pass(
        _ branches: [TraceBranch], _ chain: HookedChain, _ hook: Hook, _ ended: inout [EndedBranch]
    ) throws(TraceError) -> [TraceBranch] {
        let place = tables.bases[chain.place]
        var way = Way(hook: hook)
        for branch in branches {
            for rest in try walk(place, branch, &way) {
                let policy = tables.chain(place).base?.policy
                guard policy == "drop" else {
                    way.accepted.append(rest)
                    continue
                }
                var dropped = rest
                note(place, 0, "policy drop", nil, &dropped)
                way.ended.append(EndedBranch(branch: dropped, verdict: .drop, hook: hook))
            }
        }
        ended += way.ended
        return TraceBranch.gathered(TraceBranch.rejoined(way.accepted))
    }

    /// Takes a packet through a chain.
    ///
    /// - Returns: those that reach the chain's end, or a rule that returns.
    mutating func walk(
        _ place: TracedTables.ChainPlace, _ branch: TraceBranch, _ way: inout Way
    ) throws(TraceError) -> [TraceBranch] {
        let rules = statements(of: place)
        callers.append(place)
        defer { callers.removeLast() }
        let outer = way.returned
        way.returned = []
        var live = [branch]
        var bound = TraceBranch.Bound()
        for (index, rule) in rules.enumerated() where !live.isEmpty {
            var next: [TraceBranch] = []
            for branch in live {
                next += try proceed(RulePlace(chain: place, index: index), rule[...], branch, &way)
            }
            live = next
            bound.gather(&live)
        }
        let result = TraceBranch.gathered(TraceBranch.rejoined(way.returned + live))
        way.returned = outer
        return result
    }

    // MARK: Rules

    /// What the rules of a chain ask and do; each chain is read once.
    mutating func statements(of place: TracedTables.ChainPlace) -> [[NftStatement]] {
        if let known = statements[place] { return known }
        let read = tables.chain(place).rules.map(\.statements)
        statements[place] = read
        return read
    }

    /// Does what is left of a rule.
    ///
    /// - Returns: those that go on to the next rule.
    private mutating func proceed(
        _ place: RulePlace, _ rule: ArraySlice<NftStatement>, _ start: TraceBranch, _ way: inout Way
    ) throws(TraceError) -> [TraceBranch] {
        var branch = start
        for (index, statement) in zip(rule.indices, rule) {
            let rest = rule[(index + 1)...]
            switch statement {
            case .harmless: break
            case .match(let match):
                if case .number(let modulus, let offset) = match.expression {
                    return try takeChance(place, match, modulus, offset, rest, branch, &way)
                }
                eventCount += 1
                switch answer(match, branch, way.hook) {
                case .yes: break
                case .no: return [branch]
                case .depends(let condition, let wanted):
                    return try split(place, condition, wanted, rest, branch, &way)
                }
            case .unknownMatch(let text, let isEvent):
                eventCount += 1
                let condition: TraceCondition =
                    isEvent ? .event(text, eventCount) : condition(text, branch)
                if let known = branch.answer(to: condition) {
                    if known { break }
                    return [branch]
                }
                return try split(place, condition, true, rest, branch, &way)
            case .verdict(let verdict): return try apply(verdict, place, nil, branch, &way)
            case .verdictMap(let expression, let map):
                return try lookUp(place, expression, map, branch, &way) {
                    walker, element, branch, way throws(TraceError) in
                    guard let verdict = NftVerdict(element.data?.split(separator: " ").map(String.init) ?? []) else {
                        return try walker.leaveOpen(place, "the verdict '\(element.line)'", branch, &way)
                    }
                    return try walker.apply(verdict, place, element, branch, &way)
                }
            case .translate(.map(let expression, let map), let isSource):
                return try lookUp(place, expression, map, branch, &way) {
                    walker, element, branch, way throws(TraceError) in
                    let parts = element.data?.split(separator: " ").filter { $0 != "." }.map(String.init) ?? []
                    let translation = NftTranslation.fixed(
                        address: parts.first, parts.count > 1 ? NftPorts(parts[1]) : nil)
                    guard (1...2).contains(parts.count), let target = translation.target else {
                        return try walker.leaveOpen(place, "the translation '\(element.line)'", branch, &way)
                    }
                    walker.rewrite(isSource ? .snat(target) : .dnat(target), place, element, branch, &way)
                    return []
                }
            case .translate(let translation, let isSource):
                guard let target = translation.target else {
                    return try leaveOpen(place, "the translation", branch, &way)
                }
                rewrite(isSource ? .snat(target) : .dnat(target), place, nil, branch, &way)
                return []
            case .masquerade(let ports):
                rewrite(.masquerade(PortTranslation(ports: ports?.range)), place, nil, branch, &way)
                return []
            case .redirect(let ports):
                rewrite(.redirect(PortTranslation(ports: ports?.range)), place, nil, branch, &way)
                return []
            case .reject(let words):
                guard let kind = RejectKind(nftables: words, family) else {
                    return try leaveOpen(place, "reject with \(words.joined(separator: " "))", branch, &way)
                }
                end(branch, .reject(kind), place, nil, &way)
                return []
            case .setMark(let value, let isConnection):
                let mark = value.applied(packet: branch.packet.mark, connection: branch.connection.mark)
                let unknown = value.unknownBits(
                    packet: branch.packet.unknownMark, connection: branch.connection.unknownMark)
                if !isConnection {
                    (branch.packet.mark, branch.packet.unknownMark) = (mark, unknown)
                } else if branch.connection.exists {
                    (branch.connection.mark, branch.connection.unknownMark) = (mark, unknown)
                }
                noteOnce(place, &branch, start)
            case .change(let set, let expression, let isAdded):
                if let entry = entry(set, expression, place.chain, branch) { branch.recent[entry] = isAdded }
                noteOnce(place, &branch, start)
            case .notrack:
                if !branch.connection.isSeen { branch.connection.state = .untracked }
                noteOnce(place, &branch, start)
            case .unknown(let text): return try leaveOpen(place, "'\(text)'", branch, &way)
            }
        }
        return [branch]
    }

    /// Follows both answers to a condition.
    private mutating func split(
        _ place: RulePlace, _ condition: TraceCondition, _ wanted: Bool, _ rest: ArraySlice<NftStatement>,
        _ branch: TraceBranch, _ way: inout Way
    ) throws(TraceError) -> [TraceBranch] {
        let splits = splits
        try countSplit(condition, place)
        let other = branch.assuming(condition, !wanted)
        let counts = (way.accepted.count, way.ended.count, way.returned.count)
        let result = TraceBranch.rejoined(
            [other] + (try proceed(place, rest, branch.assuming(condition, wanted), &way)))
        // It makes no difference whether the rule matches.
        if result.count == 1, counts == (way.accepted.count, way.ended.count, way.returned.count) {
            self.splits = splits
        }
        return result
    }

    /// `numgen random mod 4 == 1` and the like.
    private mutating func takeChance(
        _ place: RulePlace, _ match: NftMatch, _ modulus: Int, _ offset: Int, _ rest: ArraySlice<NftStatement>,
        _ branch: TraceBranch, _ way: inout Way
    ) throws(TraceError) -> [TraceBranch] {
        guard case .values(let values) = match.operand,
            let numbers = Optional(values.set.elements.compactMap { Int($0.key.joined()) }),
            numbers.count == values.set.elements.count
        else {
            eventCount += 1
            return try split(place, .event(match.text, eventCount), !match.isNegated, rest, branch, &way)
        }
        let fitting = Set(numbers).count { (offset..<offset + modulus).contains($0) }
        let chance = Double(match.isNegated ? modulus - fitting : fitting) / Double(modulus)
        var (taken, other) = (branch, branch)
        taken.probability *= chance
        other.probability *= 1 - chance
        if chance <= 0 { return [other] }
        let through = try proceed(place, rest, taken, &way)
        return chance >= 1 ? through : TraceBranch.rejoined([other] + through)
    }

    private mutating func lookUp(
        _ place: RulePlace, _ expression: NftExpression, _ map: NftSetReference, _ branch: TraceBranch,
        _ way: inout Way,
        _ found: (inout TableWalker, NftElement, TraceBranch, inout Way) throws(TraceError) -> [TraceBranch]
    ) throws(TraceError) -> [TraceBranch] {
        guard let elements = elements(map, place.chain) else {
            return try leaveOpen(place, "a look-up in a map that is not there", branch, &way)
        }
        if case .number(let modulus, let offset) = expression {
            var missed = branch
            missed.probability = 0
            var next: [TraceBranch] = []
            for number in offset..<offset + modulus {
                guard let place = elements.byKey?[["\(number)"]] else {
                    missed.probability += branch.probability / Double(modulus)
                    continue
                }
                var taken = branch
                taken.probability /= Double(modulus)
                next += try found(&self, elements.set.elements[place], taken, &way)
            }
            return TraceBranch.rejoined((missed.probability > 0 ? [missed] : []) + next)
        }
        var next: [TraceBranch] = []
        var rest = branch
        let possible = candidates(expression, elements, branch, way.hook)
        eventCount += 1 + possible.count
        for (element, condition) in possible {
            guard let condition else { return TraceBranch.rejoined(next + (try found(&self, element, rest, &way))) }
            switch rest.answer(to: condition) {
            case true?: return TraceBranch.rejoined(next + (try found(&self, element, rest, &way)))
            case false?: continue
            case nil:
                try countSplit(condition, place)
                next += try found(&self, element, rest.assuming(condition, true), &way)
                rest = rest.assuming(condition, false)
            }
        }
        return TraceBranch.rejoined(next + [rest])
    }
}
