internal import Iptables
internal import NetAddress

/// What rules do with packets that fit them.
extension TableWalker {
    mutating func apply(
        _ verdict: NftVerdict, _ place: RulePlace, _ element: NftElement?, _ branch: TraceBranch, _ way: inout Way
    ) throws(TraceError) -> [TraceBranch] {
        var branch = branch
        switch verdict {
        case .continue: return [branch]
        case .accept:
            note(place, verdict.text, element, &branch)
            way.accepted.append(branch)
            return []
        case .drop:
            end(branch, .drop, place, element, &way)
            return []
        case .return:
            note(place, verdict.text, element, &branch)
            way.returned.append(branch)
            return []
        case .queue: return try leaveOpen(place, "queue", branch, &way, isAccepted: true)
        case .jump(let name), .goto(let name):
            guard let chain = tables.tables[place.chain.table].chains[name] else {
                throw error(.missingChain, place, "the rule leads to the chain \(name), which the table does not have")
            }
            let next = TracedTables.ChainPlace(table: place.chain.table, chain: chain)
            guard !callers.contains(next) else {
                let loop = (callers.drop { $0 != next } + [next]).map { tables.chain($0).name }
                throw error(
                    .endlessJumps, place, "the jumps go round in a circle: \(loop.joined(separator: " -> "))")
            }
            jumpCount += 1
            guard jumpCount <= jumpLimit, callers.count < Self.depthLimit else {
                throw error(.endlessJumps, place, TraceError.tooManyJumps(jumpCount, jumpLimit, Self.depthLimit))
            }
            note(place, verdict.text, element, &branch)
            let jump = branch.path
            var back = try walk(next, branch, &way)
            for index in back.indices where back[index].path === jump { back[index].path = jump?.earlier }
            if case .jump = verdict { return back }
            way.returned += back
            return []
        }
    }

    mutating func rewrite(
        _ target: Target, _ place: RulePlace, _ element: NftElement?, _ branch: TraceBranch, _ way: inout Way
    ) {
        var branch = branch
        note(place, nil, element, &branch)
        branch.rewrite(target, way.hook, family)
        way.accepted.append(branch)
    }

    func end(
        _ branch: TraceBranch, _ verdict: TraceOutcome.Verdict, _ place: RulePlace, _ element: NftElement?,
        _ way: inout Way
    ) {
        var branch = branch
        note(place, nil, element, &branch)
        way.ended.append(EndedBranch(branch: branch, verdict: verdict, hook: way.hook))
    }

    /// What is not followed lets the packet go on unchanged, or its fate is unknown.
    mutating func leaveOpen(
        _ place: RulePlace, _ what: String, _ branch: TraceBranch, _ way: inout Way, isAccepted: Bool = false
    ) throws(TraceError) -> [TraceBranch] {
        eventCount += 1
        let condition = TraceCondition.event("\(what) lets the packet go on unchanged", eventCount)
        try countSplit(condition, place)
        end(branch.assuming(condition, false), .unknown, place, nil, &way)
        let goesOn = branch.assuming(condition, true)
        guard isAccepted else { return [goesOn] }
        way.accepted.append(goesOn)
        return []
    }

    // MARK: What cannot be followed

    mutating func countSplit(_ condition: TraceCondition, _ place: RulePlace) throws(TraceError) {
        if let message = splits.add(condition) { throw error(.tooManyBranches, place, message) }
    }

    func error(_ code: TraceError.Code, _ place: RulePlace, _ message: String) -> TraceError {
        let table = tables.tables[place.chain.table]
        return TraceError(
            code: code, line: 0,
            description:
                "table \(table.name), chain \(tables.chain(place.chain).name), rule \(place.index + 1): \(message)")
    }

    // MARK: The path

    /// Adds the rule to the path, unless an earlier statement of it has.
    func noteOnce(_ place: RulePlace, _ branch: inout TraceBranch, _ start: TraceBranch) {
        if branch.path === start.path { note(place, nil, nil, &branch) }
    }

    func note(
        _ place: RulePlace, _ target: String?, _ element: NftElement?, _ branch: inout TraceBranch
    ) {
        let rule = tables.chain(place.chain).rules[place.index]
        let step = TraceStep(
            table: tables.tables[place.chain.table].name, chain: tables.chain(place.chain).name,
            number: place.index + 1, text: rule.line, target: target ?? rule.text, element: element?.line)
        // A rule that has marked the packet is there already.
        let isThere = branch.path.map { $0.step.isSameRule(as: step) } ?? false
        branch.path = PathList(step, after: isThere ? branch.path?.earlier : branch.path)
    }

    func note(
        _ place: TracedTables.ChainPlace, _ number: Int, _ text: String, _ element: NftElement?,
        _ branch: inout TraceBranch
    ) {
        let step = TraceStep(
            table: tables.tables[place.table].name, chain: tables.chain(place).name, number: number, text: text,
            target: text, element: nil)
        branch.path = PathList(step, after: branch.path)
    }
}
