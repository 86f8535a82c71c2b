extension PacketWalker {
    /// Takes packets through all that is asked at a hook.
    mutating func pass(_ branches: [TraceBranch], _ hook: Hook) throws(TraceError) -> [TraceBranch] {
        guard !branches.isEmpty else { return [] }
        let stages =
            other.map { HookStage.groups(hook, tables: hook.tables(of: rules.tables), $0.chains(at: hook)) }
            ?? rules.stages[hook] ?? []
        var branches = branches
        for group in stages where !branches.isEmpty { branches = try pass(branches, group, hook) }
        return branches
    }

    /// Takes packets through stages of the same priority. The kernel asks the one first that was registered last, which the rules
    /// do not say: if it makes a difference, each order is assumed.
    private mutating func pass(
        _ branches: [TraceBranch], _ group: [HookStage], _ hook: Hook
    ) throws(TraceError) -> [TraceBranch] {
        guard let first = group.first, let last = group.last, group.count > 1 else {
            return try passInOrder(branches, group, hook)
        }
        var result: [TraceBranch] = []
        let reversed = Array(group.reversed())
        for branch in branches {
            let condition = TraceCondition.order(first.name(at: hook), last.name(at: hook))
            if let known = branch.answer(to: condition) {
                result += try passInOrder([branch], known ? group : reversed, hook)
                continue
            }
            let start = ended.count
            let one = try passInOrder([branch], group, hook)
            let endedInOne = Array(ended[start...])
            ended.removeSubrange(start...)
            let other = try passInOrder([branch], reversed, hook)
            if HookResult(one, endedInOne) == HookResult(other, ended[start...]) {
                result += other
                continue
            }
            ended.removeSubrange(start...)
            result += try passInOrder([branch.assuming(condition, true)], group, hook)
            result += try passInOrder([branch.assuming(condition, false)], reversed, hook)
        }
        return result
    }

    private mutating func passInOrder(
        _ branches: [TraceBranch], _ stages: [HookStage], _ hook: Hook
    ) throws(TraceError) -> [TraceBranch] {
        var branches = branches
        for stage in stages where !branches.isEmpty { branches = try pass(branches, stage, hook) }
        return branches
    }

    private mutating func pass(
        _ branches: [TraceBranch], _ stage: HookStage, _ hook: Hook
    ) throws(TraceError) -> [TraceBranch] {
        switch stage {
        case .table(let name):
            guard let table = rules.tables[name] else { return branches }
            return try pass(branches, Place(table: table, hook: hook))
        case .other(let chain):
            var others: [EndedBranch] = []
            let passed = try other?.pass(branches, chain, hook, &others) ?? branches
            ended += others
            return passed
        case .tracking:
            var branches = branches
            for index in branches.indices { branches[index].connection.isSeen = true }
            return branches
        case .translation(let groups): return try translate(branches, groups, hook)
        case .unlessRewritten(let stage):
            let rewritten = branches.filter { $0.isRewrittenHere }
            if rewritten.isEmpty { return try pass(branches, stage, hook) }
            return rewritten + (try pass(branches.filter { !$0.isRewrittenHere }, stage, hook))
        }
    }

    /// Chains that rewrite are asked for the first packet of a connection, until one has rewritten it; other packets are
    /// rewritten as that one was.
    private mutating func translate(
        _ branches: [TraceBranch], _ groups: [[HookStage]], _ hook: Hook
    ) throws(TraceError) -> [TraceBranch] {
        var result: [TraceBranch] = []
        for var branch in branches {
            let state = branch.connection.state
            guard !branch.isOnLoopback, branch.connection.exists, branch.refusal == nil else {
                // What comes in by loopback was rewritten before it left. Of a refusal the kernel rewrites what it quotes.
                result.append(branch)
                continue
            }
            guard state == .new || state == .related else {
                branch.rewriteAsBefore(hook)
                result.append(branch)
                continue
            }
            branch.isRewrittenHere = false
            var asked = [branch]
            for group in groups { asked = try pass(asked, group, hook) }
            result += asked
        }
        return result
    }
}

/// What becomes of a packet, but for the rules that it met.
private struct HookResult: Equatable {
    private struct End: Hashable {
        let packet: TracedPacket
        let connection: TracedConnection
        let verdict: TraceOutcome.Verdict?
        let assumptions: [String]

        init(_ branch: TraceBranch, _ verdict: TraceOutcome.Verdict?) {
            packet = branch.packet
            connection = branch.connection
            self.verdict = verdict
            var texts: [String] = []
            var list = branch.assumptions
            while let node = list {
                texts.append("\(node.isAssumed) \(node.condition.text)")
                list = node.earlier
            }
            assumptions = texts.sorted()
        }
    }

    private var ends: [End: Double] = [:]

    init(_ passed: [TraceBranch], _ ended: some Sequence<EndedBranch>) {
        for branch in passed { ends[End(branch, nil), default: 0] += branch.probability }
        for end in ended { ends[End(end.branch, end.verdict), default: 0] += end.branch.probability }
    }

    static func == (left: HookResult, right: HookResult) -> Bool {
        left.ends.count == right.ends.count
            && left.ends.allSatisfy { end, chance in abs((right.ends[end] ?? -1) - chance) < 1e-9 }
    }
}
