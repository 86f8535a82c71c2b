extension TraceBranch {
    /// So many ways may be open side by side. Most packets have fewer than ten.
    package static let fewWays = 64

    /// How many branches a chain may have before they are gathered.
    package struct Bound {
        private var count = TraceBranch.fewWays

        package init() {}

        /// Gathers branches if they are too many; from then on, when they are twice as many as are left, so that all of it takes no
        /// longer than following them.
        package mutating func gather(_ branches: inout [TraceBranch]) {
            guard branches.count > count else { return }
            branches = TraceBranch.gathered(branches, few: count)
            count = max(8, 2 * branches.count)
        }
    }

    /// Of many branches, makes those one that all later rules treat alike, wherever they stand.
    ///
    /// First those that only chance separates. If too many are left, those that assumptions alone separate, too: what stays known is
    /// what was assumed on all of their ways, as ``PacketTrace/mergedOutcomes`` shows them. n rules that set one mark under n
    /// conditions would otherwise leave n ways, which each of the rules is asked for. Where many clients are followed together
    /// each way has clients of its own, and the assumptions say whose it is.
    package static func gathered(_ branches: [TraceBranch], few: Int = fewWays) -> [TraceBranch] {
        guard branches.count > few else { return branches }
        let exact = merged(branches, by: WayKey.init, { $0.joined(with: $1) ?? $0 })
        guard exact.count > few, exact[0].clients == nil else { return exact }
        // Ways that chance has halved can be met at once, so that their chances would have to add up for some answers only.
        return merged(exact, by: { $0.probability > 1 - 1e-9 ? WayState($0) : nil }, { $0.gathered(with: $1) })
    }

    private func gathered(with other: TraceBranch) -> TraceBranch {
        var both = withShorterPath(other)
        both.assumptions = AssumptionList.common(assumptions, other.assumptions)
        both.gathering = Gathering(gathering, other.gathering)
        return both
    }

    /// Merges branches of the same key; those without one stay.
    private static func merged<Key: Hashable>(
        _ branches: [TraceBranch], by key: (TraceBranch) -> Key?, _ merge: (TraceBranch, TraceBranch) -> TraceBranch
    ) -> [TraceBranch] {
        var result: [TraceBranch] = []
        var positions: [Key: Int] = [:]
        for branch in branches {
            let key = key(branch)
            if let key, let position = positions[key] {
                result[position] = merge(result[position], branch)
            } else {
                if let key { positions[key] = result.count }
                result.append(branch)
            }
        }
        return result
    }

    /// All that later rules look at, but for what was assumed.
    private struct WayState: Hashable {
        let packet: TracedPacket
        let connection: TracedConnection
        let routedTo: TracedAddress
        let flags: [Bool]
        let refusal: RejectKind?
        let changes: ChangedState
        let recent: [RecentEntry: Bool]
        let clients: ObjectIdentifier?

        init(_ branch: TraceBranch) {
            packet = branch.packet
            connection = branch.connection
            routedTo = branch.routedTo
            flags = [branch.isOnLoopback, branch.isAnswer, branch.isFromHost, branch.isRewrittenHere]
            refusal = branch.refusal
            changes = branch.changes
            recent = branch.recent
            clients = branch.clients.map(ObjectIdentifier.init)
        }
    }

    private struct WayKey: Hashable {
        let state: WayState
        let assumptions: ObjectIdentifier?
        let gathering: ObjectIdentifier?

        init(_ branch: TraceBranch) {
            state = WayState(branch)
            assumptions = branch.assumptions.map(ObjectIdentifier.init)
            gathering = branch.gathering.map(ObjectIdentifier.init)
        }
    }
}

/// Ways that go on as one. Their chances are not to be added to those of ways that are not of them: what each assumes is partly
/// forgotten, and what looks as if it could be met at once cannot.
final class Gathering: Sendable {
    let wayCount: Int

    init(_ one: Gathering?, _ other: Gathering?) {
        wayCount = MergedOutcome.waySum(one.wayCount, other.wayCount)
    }
}

extension Gathering? {
    /// How many ways there are.
    var wayCount: Int { self?.wayCount ?? 1 }
}

extension EndedBranch {
    /// The same for ways that ended. Those that were dropped are left as they are, since nothing follows from them; a refusal goes
    /// back through rules, and before a target that is not modelled each way has met all those before.
    static func gathered(_ ended: [EndedBranch]) -> [EndedBranch] {
        var result: [EndedBranch] = []
        var groups: [(verdict: TraceOutcome.Verdict, hook: Hook, branches: [TraceBranch])] = []
        for end in ended {
            if end.verdict == .drop || ended.count <= TraceBranch.fewWays {
                result.append(end)
            } else if let index = groups.firstIndex(where: { $0.verdict == end.verdict && $0.hook == end.hook }) {
                groups[index].branches.append(end.branch)
            } else {
                groups.append((end.verdict, end.hook, [end.branch]))
            }
        }
        for (verdict, hook, branches) in groups {
            result += TraceBranch.gathered(branches).map { EndedBranch(branch: $0, verdict: verdict, hook: hook) }
        }
        return result
    }
}
