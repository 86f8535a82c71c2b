internal import Iptables
internal import KubeChainsBytes
package import KubeProxy
internal import NetAddress

/// Programs this host in iptables mode: checks first, then writes, then cleans up.
package struct IptablesApply {
    /// What has to be written in one family.
    fileprivate struct Work {
        let iptables: IptablesPrograms
        let wanted: IptablesPlan
        let changes: HostChanges
        let text: String
        let summary: TextSummary
    }

    private let rules: [HostRules]
    private let works: [Work]

    /// - Parameters:
    ///   - rules: the host's rules, of each family.
    ///   - plans: what they should be, likewise.
    ///   - isIncremental: whether chains that are already right are left alone.
    package init(_ rules: [HostRules], _ plans: [IptablesPlan], isIncremental: Bool) {
        self.rules = rules
        works = zip(rules, plans).map { rules, plan in
            let changes = HostChanges(plan, rules.live, isIncremental: isIncremental)
            var bytes: [UInt8] = []
            let summary = plan.write(
                changes, to: unsafe TextWriter(chunkSize: 1 << 20) { unsafe bytes.append(contentsOf: $0) })
            return Work(
                iptables: rules.iptables, wanted: plan, changes: changes,
                text: String(decoding: bytes, as: UTF8.self), summary: summary)
        }
    }

    /// The steps, one for each family in which something changes.
    private var steps: [HostStep] {
        works.enumerated().filter { !$1.text.isEmpty }.map { index, work in
            HostStep(
                name: "rules of \(work.iptables.name)", summary: work.changed,
                work: .run(.iptablesRestore, HostStep.restoreArguments, input: work.text), family: index)
        }
    }

    /// The texts for iptables-restore; each after a comment that names the program it is for, if there are several.
    package func script(wait: Int) -> String {
        works.map { work in
            (works.count > 1 ? "# \(work.iptables.restoreCommand(wait: wait))\n" : "") + work.text
        }.joined()
    }

    /// Refuses what would do harm.
    package func refuseDangers(isForced: Bool) throws(HostError) {
        try Dangers.refuse(
            zip(works, rules).flatMap { work, rules in
                work.changes.blockingReferences(in: rules.live).map { (work.iptables.name, $0) }
            })
        guard !isForced else { return }
        try Dangers.refuse(
            .iptables, on: rules,
            zip(works, rules).map { work, rules in work.wanted.outageRisks(replacing: rules.live) })
    }

    /// Writes the rules, and what goes with them.
    ///
    /// - Parameter whileWaiting: called about once a second with the name of what is written and the seconds that have passed.
    /// - Returns: a report of what was done.
    package func run(
        wait: Int, makesCounters: Bool, whileWaiting: @escaping (String, Double) -> Void
    ) throws(HostError) -> [String] {
        let needsRouteLocalnet = works.contains { $0.wanted.plan.node.hasLocalhostNodePorts }
        if needsRouteLocalnet { try HostFacts.checkRouteLocalnet() }
        if makesCounters { try HostFacts.makeCounters() }
        let access = IptablesAccess(works.map(\.iptables), wait: wait) { iptables, seconds in
            whileWaiting("\(iptables.name): iptables-restore", seconds)
        }
        let before = IptablesHostState(parts: rules.map { .init(name: $0.iptables.name, rules: $0.live) })
        try access.carryOut(steps, orGoBackTo: before)
        var report = works.map { "\($0.iptables.name): " + ($0.text.isEmpty ? "nothing to change" : $0.changed) }
        if needsRouteLocalnet, let change = try HostFacts.enableRouteLocalnet() { report.append(change) }
        return report + ConnectionTracking.deleteStaleFlows(works.map(\.wanted.plan))
    }

    /// What differs from the plans after everything is written.
    package func differences() throws(HostError) -> [String] {
        var lines: [String] = []
        for work in works {
            let left = HostChanges(work.wanted, try work.iptables.save(), isIncremental: true)
            lines += left.names.map { "\(work.iptables.name): error: \($0) is not what was written" }
        }
        return lines
    }
}

extension IptablesApply.Work {
    /// Such as `139 chains and 389 rules written, 14 jumps added`.
    fileprivate var changed: String {
        var parts = ["\(counted(summary.chains, "chain")) and \(counted(summary.rules, "rule")) written"]
        if !changes.missingJumps.isEmpty { parts.append("\(counted(changes.missingJumps.count, "jump")) added") }
        if !changes.staleChains.isEmpty { parts.append("\(counted(changes.staleChains.count, "chain")) deleted") }
        return parts.joined(separator: ", ")
    }
}
