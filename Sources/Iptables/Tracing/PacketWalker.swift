internal import KubeChainsBytes
internal import NetAddress

/// Sends packets through the chains of tables. If rules leave open what happens to a packet, its path branches;
/// branches that merge without a difference become one again.
struct PacketWalker {
    let query: TraceQuery
    let host: TracedHost
    let rules: IndexedRules
    /// Branches that ended in a chain with a final verdict.
    var ended: [EndedBranch] = []
    /// The rules of another program that packets meet too.
    var other: (any HookedChains)?
    /// Identifies an event.
    private(set) var eventCount = 0
    /// Whether it is asked which rules packets met. Of clients that are followed together it is not, and to note it takes a tenth
    /// of the time of all flows.
    private let keepsPaths: Bool

    /// The chains that are being walked, by position, each called by the one before.
    private var callers: [Int] = []
    private var splits: SplitCount
    private var jumpCount = 0

    /// The limits of jumps on all ways, and of nested jumps: far beyond what a kernel could do for each packet.
    private let jumpLimit: Int
    /// Without optimisation each takes some 35 kB of a stack of 8 MB.
    private static let depthLimit = 128

    init(_ rules: IndexedRules, _ query: TraceQuery) {
        self.query = query
        self.rules = rules
        host = TracedHost(query.hostAddresses, rules.ruleset.family)
        keepsPaths = query.clients == nil
        let chainCount = rules.ruleset.tables.reduce(0) { $0 + $1.chains.count }
        splits = SplitCount(query, chains: chainCount)
        // Each endpoint of a Service has a chain, and every path from there takes a dozen jumps; and several ways may take each of
        // them.
        jumpLimit = 20_000 + 200 * chainCount
    }

    /// Where a packet is.
    struct Place {
        let table: IndexedTable
        let hook: Hook
    }

    /// Takes packets through a table's chain for a hook; returns those that it lets pass.
    mutating func pass(_ branches: [TraceBranch], _ place: Place) throws(TraceError) -> [TraceBranch] {
        let table = place.table
        guard let position = table.position(of: place.hook.chain) else { return branches }
        let drops = table.chains[position].policy == .drop
        var passed: [TraceBranch] = []
        for branch in branches {
            let rest = try walk(position, branch, place, &passed)
            guard drops else {
                passed += rest
                continue
            }
            for var branch in rest {
                if keepsPaths { branch.add(TraceStep(place, table.chains[position].name, 0, .policy(.drop))) }
                end(branch, .drop, place)
            }
        }
        return TraceBranch.gathered(TraceBranch.rejoined(passed))
    }

    private mutating func end(_ branch: TraceBranch, _ verdict: TraceOutcome.Verdict, _ place: Place) {
        ended.append(EndedBranch(branch: branch, verdict: verdict, hook: place.hook))
    }

    /// The ways that ended so far; they are forgotten here.
    mutating func takeEnded() -> [EndedBranch] {
        defer { ended = [] }
        return EndedBranch.gathered(ended)
    }

    /// Takes a packet through a chain.
    ///
    /// - Parameter accepted: gets those that a rule lets pass the table.
    /// - Returns: those that reach the chain's end, or a rule that returns.
    private mutating func walk(
        _ position: Int, _ branch: consuming TraceBranch, _ place: Place, _ accepted: inout [TraceBranch]
    ) throws(TraceError) -> [TraceBranch] {
        let table = place.table
        callers.append(position)
        defer { callers.removeLast() }
        var returned: [TraceBranch] = []
        // A span, since a rule that a class holds is copied before it is looked at (measured: a twentieth of the time of all flows).
        let all = table.chains[position].rules
        let (rules, count) = (all.span, all.count)
        let found = table.lookup(of: position)?.rules(for: branch.packet)
        var live = [branch]
        var bound = TraceBranch.Bound()
        for number in 0..<(found?.count ?? count) {
            let index = found?[number] ?? number
            guard self.rules.matters(rules[index]) else { continue }
            var next: [TraceBranch]?
            for way in live.indices {
                let answer = answer(rules[index], live[way], place.hook)
                if case .no = answer {
                    next?.append(live[way])
                    continue
                }
                let rulePlace = RulePlace(place: place, chain: position, index: index)
                let through = try take(rules[index], rulePlace, answer, live[way], &accepted, &returned)
                if next == nil { next = Array(live[..<way]) }
                if next?.isEmpty ?? false { next = through } else { next? += through }
            }
            if let next { live = next }
            if live.isEmpty { break }
            bound.gather(&live)
        }
        return TraceBranch.gathered(TraceBranch.rejoined(returned.isEmpty ? live : returned + live))
    }

    private struct RulePlace {
        let place: Place
        let chain: Int
        let index: Int

        var table: IndexedTable { place.table }
    }

    /// Applies a rule that fits, for certain or under conditions; returns those that go on to the next rule.
    private mutating func take(
        _ rule: borrowing Rule, _ place: RulePlace, _ answer: RuleAnswer, _ branch: consuming TraceBranch,
        _ accepted: inout [TraceBranch], _ returned: inout [TraceBranch]
    ) throws(TraceError) -> [TraceBranch] {
        guard case .depends(let conditions, let chance) = answer else {
            return try apply(rule, place, branch, &accepted, &returned)
        }
        // What makes no difference need not branch and rejoin.
        if changesNothing(rule, branch) { return [branch] }
        var taken = branch
        var rest: [TraceBranch] = []
        let counts = (accepted.count, ended.count, returned.count)
        let splits = splits
        eventCount += 1
        for (condition, wanted) in conditions {
            // An answer to an earlier condition can settle a later one.
            if let known = taken.answer(to: condition) {
                if known == wanted { continue }
                return rest
            }
            try countSplit(condition, place)
            rest.append(taken.assuming(condition, !wanted))
            taken = taken.assuming(condition, wanted)
        }
        if chance < 1 {
            var other = taken
            other.probability *= 1 - chance
            taken.probability *= chance
            rest.append(other)
        }
        let through = try apply(rule, place, taken, &accepted, &returned)
        guard !rest.isEmpty else { return through }
        let result = TraceBranch.rejoined(through.isEmpty ? rest : rest + through)
        if result.count == 1, counts == (accepted.count, ended.count, returned.count) {
            // It makes no difference whether the rule matches.
            self.splits = splits
        }
        return result
    }

    /// Whether a rule that only changes fields finds them as it would leave them.
    private func changesNothing(_ rule: borrowing Rule, _ branch: borrowing TraceBranch) -> Bool {
        switch rule.target {
        case .mark, .connmark: break
        default: return false
        }
        // A mark that a side effect made unknown is known again after the rule.
        guard let target = rule.target, branch.changes.mark == 0, rules.sideEffects.of(rule).isEmpty else {
            return false
        }
        for case .recent in rule.matches { return false }
        var after = copy branch
        after.apply(target)
        return after.packet == branch.packet && after.connection == branch.connection
    }

    private mutating func countSplit(_ condition: TraceCondition, _ place: RulePlace) throws(TraceError) {
        if let message = splits.add(condition) { throw error(.tooManyBranches, place, message) }
    }

    private func error(_ code: TraceError.Code, _ place: RulePlace, _ message: String) -> TraceError {
        let chain = place.table.chains[place.chain]
        return TraceError(
            code: code, line: Int(chain.rules[place.index].line),
            description: "table \(place.table.name), chain \(chain.name), rule \(place.index + 1): \(message)")
    }

    /// Does what a rule says with a packet that fits it; returns those that go on to the next rule.
    private mutating func apply(
        _ rule: borrowing Rule, _ rulePlace: RulePlace, _ branch: consuming TraceBranch,
        _ accepted: inout [TraceBranch], _ returned: inout [TraceBranch]
    ) throws(TraceError) -> [TraceBranch] {
        let (place, table) = (rulePlace.place, rulePlace.table)
        remember(rule, &branch)
        let effects = rules.sideEffects.of(rule)
        for effect in effects {
            eventCount += 1
            branch.changes.apply(effect, event: eventCount)
            if case .mark = effect { branch.packet.unknownMark = .max }
        }
        guard let target = rule.target else { return [branch] }
        if keepsPaths {
            branch.add(TraceStep(place, table.chains[rulePlace.chain].name, rulePlace.index + 1, .rule(copy rule)))
        }
        if !effects.isEmpty, case .unknown = target { return [branch] }
        switch target {
        case .jump(let name), .goto(let name):
            guard let next = table.position(of: name) else {
                if case .jump = target, name.isNameOfExtension {
                    let unknown = Target.unknown(UnknownExtension(name: name, text: ""))
                    return try applyUnmodelled(rulePlace, unknown, branch, &accepted)
                }
                throw error(
                    .missingChain, rulePlace, "the rule leads to the chain \(name), which the table does not have")
            }
            guard !callers.contains(next) else {
                let loop = (callers.drop { $0 != next } + [next]).map { table.chains[$0].name }
                throw error(
                    .endlessJumps, rulePlace, "the jumps go round in a circle: \(loop.joined(separator: " -> "))")
            }
            jumpCount += 1
            guard jumpCount <= jumpLimit, callers.count < Self.depthLimit else {
                throw error(.endlessJumps, rulePlace, TraceError.tooManyJumps(jumpCount, jumpLimit, Self.depthLimit))
            }
            let jump = branch.path
            var back = try walk(next, branch, place, &accepted)
            if keepsPaths {
                for index in back.indices where back[index].path === jump { back[index].path = jump?.earlier }
            }
            if case .jump = target { return back }
            returned += back
            return []
        case .return:
            returned.append(branch)
            return []
        case .accept:
            accepted.append(branch)
            return []
        case .drop:
            end(branch, .drop, place)
            return []
        case .reject(let kind):
            end(branch, .reject(kind), place)
            return []
        case .dnat, .snat, .masquerade, .redirect:
            branch.rewrite(target, place.hook, rules.ruleset.family)
            accepted.append(branch)
            return []
        case .queue, .unknown:
            return try applyUnmodelled(rulePlace, target, branch, &accepted)
        default:
            branch.apply(target)
            if branch.packet.unknownMark == 0, branch.connection.unknownMark == 0 { branch.changes.mark = 0 }
            return [branch]
        }
    }

    /// A target that is not modelled: the packet continues unchanged, or its fate is unknown.
    private mutating func applyUnmodelled(
        _ rulePlace: RulePlace, _ target: Target, _ branch: TraceBranch, _ accepted: inout [TraceBranch]
    ) throws(TraceError) -> [TraceBranch] {
        var text = TextWriter()
        target.write(to: &text)
        let words = String(decoding: text.finish(), as: UTF8.self).dropFirst() + " lets the packet go on unchanged"
        eventCount += 1
        let condition = TraceCondition.event(String(words), eventCount)
        try countSplit(condition, rulePlace)
        end(branch.assuming(condition, false), .unknown, rulePlace.place)
        let goesOn = branch.assuming(condition, true)
        guard target.isQueue else { return [goesOn] }
        // A program that lets the packet pass ends its way through the table.
        accepted.append(goesOn)
        return []
    }

    /// What the rule's `recent` matches note down.
    private func remember(_ rule: borrowing Rule, _ branch: inout TraceBranch) {
        for case .recent(let match) in rule.matches where match.operation != .check {
            guard let entry = entry(match, branch) else { continue }
            branch.recent[entry] = match.operation != .remove
        }
    }
}

extension String {
    /// Whether it can be an extension's name. A save declares all its chains, so that a jump to none of them is a target
    /// without options that is not modelled, such as TARPIT.
    fileprivate var isNameOfExtension: Bool {
        utf8.allSatisfy { 0x41...0x5A ~= $0 || 0x30...0x39 ~= $0 || $0 == UInt8(ascii: "_") }
    }
}

extension TraceStep {
    fileprivate init(_ place: PacketWalker.Place, _ chain: String, _ number: Int, _ content: Content) {
        self.init(table: place.table.name, chain: chain, number: number, content: content)
    }
}

extension TraceBranch {
    fileprivate mutating func add(_ step: TraceStep) { path = PathList(step, after: path) }
}
